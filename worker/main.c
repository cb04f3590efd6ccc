#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/frame.h"
#include "common/launch.h"
#include "common/log.h"
#include "common/privilege.h"
#include "common/proto/hello.h"
#include "common/settings/bundle.h"
#include "common/settings/settings.h"
#include "common/str.h"
#include "common/why.h"
#include "worker/deliver/deliver.h"
#include "worker/link.h"
#include "worker/submit/submit.h"

/*
 * postrider-worker, started by the spawner and by nobody else: gives up every right, then reads
 * what it was born with, then serves its role until it is told to go or the master is gone.
 */
enum { MAIN_READ = 65536 };

struct worker {
	struct event_base *base;
	struct launch launch;
	struct settings_bundle *bundle;
	struct link *link;
	struct deliver *deliver; /* one of these two */
	struct submit *submit;
};

/* The master's log is where it is looked for; standard error may be nobody's. */
static void
main_die(const char *text)
{
	unsigned char packet[1024];
	struct proto_log log = {.level = LOG_LEVEL_ERROR, .text = slice_of(text)};
	struct wire_writer writer;

	frame_begin(&writer, packet, sizeof(packet), FRAME_LOG);
	proto_hello_put_log(&writer, &log);
	if (writer.failed ||
	    send(LAUNCH_CHANNEL, writer.data, writer.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		fprintf(stderr, "postrider-worker: %s\n", text);
	exit(EX_OSERR);
}

static struct settings_bundle *
main_read_bundle(struct why *why)
{
	struct settings_bundle *bundle;
	struct str text = {0};
	ssize_t n;

	while ((n = pread(LAUNCH_BUNDLE, str_reserve(&text, MAIN_READ), MAIN_READ,
			  (off_t)text.len)) > 0)
		text.len += (size_t)n;
	if (n < 0)
		why_errno(why, "cannot read the bundle");
	bundle = n < 0 ? NULL : settings_bundle_read((struct slice){text.data, text.len}, why);
	str_free(&text);
	close(LAUNCH_BUNDLE);
	return bundle;
}

static bool
main_frame(struct frame *frame, void *arg)
{
	struct worker *worker = arg;

	return worker->deliver ? deliver_frame(worker->deliver, frame)
			       : submit_frame(worker->submit, frame);
}

static void
main_drained(void *arg)
{
	struct worker *worker = arg;

	link_leave(worker->link);
}

static void
main_retire(void *arg)
{
	struct worker *worker = arg;

	if (worker->deliver)
		deliver_retire(worker->deliver, main_drained, worker);
	else
		submit_retire(worker->submit, main_drained, worker);
}

static void
main_stat(struct proto_stat *stat, void *arg)
{
	struct worker *worker = arg;

	if (worker->deliver)
		deliver_stat(worker->deliver, stat);
	else
		submit_stat(worker->submit, stat);
}

static struct submit *
main_new_submit(struct worker *worker)
{
	const struct settings *settings = worker->bundle->settings;
	int fds[LAUNCH_LISTENERS];
	struct submit_config config = {
	    .hostname = settings_hostname(settings),
	    .max_size = (uint64_t)settings_size(settings, SETTING_SUBMIT_MAX_SIZE),
	    .max_recipients = (uint32_t)settings_integer(settings, SETTING_SUBMIT_MAX_RECIPIENTS),
	    .max_connections = (uint32_t)settings_integer(settings, SETTING_SUBMIT_MAX_CONNECTIONS),
	    .timeout_ms = settings_duration_ms(settings, SETTING_SUBMIT_TIMEOUT),
	    .memory = (uint64_t)settings_size(settings, SETTING_SUBMIT_MEMORY),
	    .refuse_bare_newline =
		settings_choice(settings, SETTING_SUBMIT_BARE_NEWLINE) == SETTINGS_NEWLINE_REFUSE,
	};

	config.networks =
	    settings_prefixes(settings, SETTING_SUBMIT_NETWORKS, &config.network_count);
	for (unsigned i = 0; i < worker->launch.listener_count; i++)
		fds[i] = LAUNCH_LISTENER + (int)i;
	return submit_new(worker->base, &config, link_channel(worker->link), fds,
			  worker->launch.listener_count);
}

static bool
main_begin(struct worker *worker, unsigned on, struct why *why)
{
	struct link_role role = {
	    .frame = main_frame, .retire = main_retire, .stat = main_stat, .arg = worker};
	struct proto_hello hello = {.generation = worker->bundle->generation};
	struct str protection = {0};

	if (worker->launch.rules.role == PROTO_ROLE_DELIVER) {
		hello.role = PROTO_ROLE_DELIVER;
		worker->deliver =
		    deliver_new(worker->base, worker->bundle, link_channel(worker->link), why);
		if (worker->deliver == NULL)
			return false;
	} else {
		hello.role = PROTO_ROLE_SUBMIT;
		worker->submit = main_new_submit(worker);
	}
	privilege_describe(on, &protection);
	hello.protection = (struct slice){protection.data, protection.len};
	link_hello(worker->link, &role, &hello);
	str_free(&protection);
	return true;
}

int
main(int argc, char **argv)
{
	struct worker worker = {0};
	struct why why = {0};
	unsigned on = 0;

	signal(SIGPIPE, SIG_IGN);
	log_set_name("postrider-worker");
	if (!launch_read(argc, argv, &worker.launch, &why) ||
	    !launch_drop(&worker.launch, &on, &why))
		main_die(why.text);
	worker.bundle = main_read_bundle(&why);
	if (worker.bundle == NULL)
		main_die(why.text);
	log_set_level((enum log_level)settings_choice(worker.bundle->settings, SETTING_LOG_LEVEL));
	worker.base = event_base_new();
	if (worker.base == NULL)
		main_die("event_base_new failed");
	worker.link = link_new(worker.base, LAUNCH_CHANNEL);
	if (!main_begin(&worker, on, &why)) {
		log_error("%s", why.text);
		link_free(&worker.link);
		return EX_OSERR;
	}
	event_base_dispatch(worker.base);
	deliver_free(&worker.deliver);
	submit_free(&worker.submit);
	link_free(&worker.link);
	event_base_free(worker.base);
	settings_bundle_free(&worker.bundle);
	return EX_OK;
}
