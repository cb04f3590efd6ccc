#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/log.h"
#include "common/settings/complaint.h"
#include "common/settings/machine.h"
#include "common/settings/settings.h"
#include "common/str.h"
#include "common/why.h"
#include "master/core.h"
#include "master/daemon.h"
#include "master/generation.h"
#include "master/pool/spawner.h"

/*
 * postriderd: the spawner is forked first, while nothing has been parsed; then this process reads
 * its configuration, makes its folders, gives up root, locks the spool and runs.
 */
struct main_options {
	const char *config;
	const char *worker;
};

static int
main_usage(void)
{
	fputs("usage: postriderd [-c FILE] [-w WORKER]\n", stderr);
	return EX_USAGE;
}

static bool
main_parse(int argc, char **argv, struct main_options *options)
{
	int c;

	options->config = getenv("POSTRIDER_CONFIG");
	options->worker = LIBEXECDIR "/postrider-worker";
	if (options->config == NULL)
		options->config = SYSCONFDIR "/postrider/postrider.toml";
	while ((c = getopt(argc, argv, "c:w:")) != -1) {
		if (c == 'c')
			options->config = optarg;
		else if (c == 'w')
			options->worker = optarg;
		else
			return false;
	}
	return optind == argc;
}

/* All complaints, each on a line of its own; the machine's are added. */
static struct generation *
main_load(const char *path, bool quiet, struct why *why)
{
	struct settings_complaints *complaints = settings_complaint_new(path);
	struct generation *generation = generation_load(path, 1, complaints, why);
	struct str text = {0};

	if (generation != NULL)
		settings_machine_check(generation->settings, complaints);
	settings_complaint_print(complaints, &text);
	if (!quiet)
		fputs(str_c(&text), stderr);
	str_free(&text);
	settings_complaint_free(&complaints);
	return generation;
}

static int
main_fork_spawner(const struct main_options *options, struct why *why)
{
	struct pool_spawner_options spawner = {.root = daemon_empty_dir(), .run = daemon_run_dir()};
	pid_t pid;
	int socket;

	spawner.worker = open(options->worker, O_RDONLY | O_CLOEXEC);
	if (spawner.worker < 0) {
		why_errno(why, "cannot open the worker %s", options->worker);
		return -1;
	}
	socket = pool_spawner_fork(&spawner, &pid, why);
	close(spawner.worker);
	return socket;
}

static int
main_fail(int status, const char *text)
{
	log_error("%s", text);
	return status;
}

/*
 * Root reads the configuration once to learn who to become; then it is read again as that user, so
 * that a reload cannot be the first to find it unreadable.
 */
static bool
main_become(const struct main_options *options, struct generation **generation,
	    struct daemon_accounts *accounts, int *status, struct why *why)
{
	char *user;

	*status = EX_CONFIG;
	*generation = main_load(options->config, false, why);
	if (*generation == NULL || !daemon_find_accounts((*generation)->settings, accounts, why))
		return false;
	*status = EX_OSERR;
	if (!daemon_make_dirs((*generation)->settings, accounts, why) ||
	    !daemon_become(accounts, why))
		return false;
	if (!accounts->switching)
		return true;
	*status = EX_CONFIG;
	user = alloc_str(settings_text((*generation)->settings, SETTING_SERVER_USER));
	generation_free(generation);
	*generation = main_load(options->config, true, why);
	if (*generation == NULL)
		log_error("%s must be readable for the account %s, not only for root: "
			  "chown root:%s, chmod 0640",
			  options->config, user, user);
	free(user);
	return *generation != NULL;
}

/* All that comes before the core: who we are, what is to be logged where, whose spool it is. */
static bool
main_prepare(const struct main_options *options, struct core_options *core_options, int *status,
	     struct why *why)
{
	struct daemon_accounts accounts;
	const struct settings *settings;
	bool locked;

	if (!main_become(options, &core_options->generation, &accounts, status, why))
		return false;
	*status = EX_OSERR;
	settings = core_options->generation->settings;
	log_set_level((enum log_level)settings_choice(settings, SETTING_LOG_LEVEL));
	if (!log_open(settings_text(settings, SETTING_LOG_TARGET), why))
		return false;
	core_options->lock = daemon_lock(settings_text(settings, SETTING_SPOOL_PATH), &locked, why);
	core_options->worker_uid = accounts.worker.uid;
	core_options->worker_gid = accounts.worker.gid;
	if (core_options->lock < 0 && locked)
		*status = EX_TEMPFAIL;
	return core_options->lock >= 0;
}

static int
main_serve(const struct main_options *options, int spawner)
{
	struct core_options core_options = {.config = options->config, .spawner = spawner};
	struct why why = {0};
	struct core core;
	int status;

	if (!main_prepare(options, &core_options, &status, &why)) {
		generation_free(&core_options.generation);
		return main_fail(status, why.text);
	}
	if (!core_start(&core, &core_options, &status, &why)) {
		core_free(&core);
		return main_fail(status, why.text);
	}
	status = core_run(&core);
	log_info("stopped");
	core_free(&core);
	return status;
}

int
main(int argc, char **argv)
{
	struct main_options options;
	struct why why = {0};
	int spawner;

	signal(SIGPIPE, SIG_IGN);
	log_set_name("postriderd");
	if (!main_parse(argc, argv, &options))
		return main_usage();
	spawner = main_fork_spawner(&options, &why);
	if (spawner < 0)
		return main_fail(EX_OSERR, why.text);
	return main_serve(&options, spawner);
}
