#include "master/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"
#include "common/settings/settings.h"
#include "common/why.h"

enum { DAEMON_SPOOL_MODE = 0750, DAEMON_RUN_MODE = 0755, DAEMON_LOCK_MODE = 0640 };

static const char daemon_reader_group[] = "postrider-read";

const char *
daemon_run_dir(void)
{
	const char *dir = getenv("RUNTIME_DIRECTORY");

	/* systemd separates several with colons; then none of them is ours for sure. */
	if (dir != NULL && dir[0] == '/' && strchr(dir, ':') == NULL)
		return dir;
	return RUNSTATEDIR "/postrider";
}

const char *
daemon_empty_dir(void)
{
	static char path[PATH_MAX];

	if (geteuid() != 0)
		return NULL;
	snprintf(path, sizeof(path), "%s/empty", daemon_run_dir());
	if (mkdir(daemon_run_dir(), DAEMON_RUN_MODE) != 0 && errno != EEXIST)
		return NULL;
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		return NULL;
	return path;
}

bool
daemon_find_accounts(const struct settings *settings, struct daemon_accounts *accounts,
		     struct why *why)
{
	*accounts = (struct daemon_accounts){.switching = privilege_can_switch()};
	accounts->worker.uid = PRIVILEGE_KEEP;
	accounts->worker.gid = PRIVILEGE_KEEP;
	if (!accounts->switching)
		return true;
	if (privilege_find(settings_text(settings, SETTING_SERVER_USER), &accounts->master, why) &&
	    privilege_find(settings_text(settings, SETTING_SERVER_WORKER_USER), &accounts->worker,
			   why)) {
		if (accounts->master.uid != accounts->worker.uid)
			return true;
		why_set(why,
			"server.worker-user %s has the uid of server.user %s: workers must "
			"not be able to touch the master; name an account of its own",
			settings_text(settings, SETTING_SERVER_WORKER_USER),
			settings_text(settings, SETTING_SERVER_USER));
		return false;
	}
	if (why != NULL) {
		struct why first = *why;

		why_set(why, "%.400s; make the accounts with: systemd-sysusers", first.text);
	}
	return false;
}

/* Group of people who may read the queue, when there is one. */
static gid_t
daemon_spool_group(const struct daemon_accounts *accounts)
{
	const struct group *group = getgrnam(daemon_reader_group);

	return group ? group->gr_gid : accounts->master.gid;
}

static bool
daemon_make_dir(const char *path, mode_t mode, const struct daemon_accounts *accounts, gid_t gid,
		struct why *why)
{
	if (mkdir(path, mode) != 0) {
		if (errno == EEXIST)
			return true;
		why_errno(why, "cannot make the folder %s", path);
		return false;
	}
	if (accounts->switching &&
	    (chown(path, accounts->master.uid, gid) != 0 || chmod(path, mode) != 0)) {
		why_errno(why, "cannot give the folder %s to its user", path);
		return false;
	}
	return true;
}

bool
daemon_make_dirs(const struct settings *settings, const struct daemon_accounts *accounts,
		 struct why *why)
{
	const char *run = daemon_run_dir();

	if (!daemon_make_dir(settings_text(settings, SETTING_SPOOL_PATH), DAEMON_SPOOL_MODE,
			     accounts, daemon_spool_group(accounts), why))
		return false;
	/* Without root the run directory may be somebody else's; what is bound there will tell. */
	if (geteuid() != 0)
		return true;
	if (!daemon_make_dir(run, DAEMON_RUN_MODE, accounts, accounts->master.gid, why))
		return false;
	if (accounts->switching && chown(run, accounts->master.uid, accounts->master.gid) != 0) {
		why_errno(why, "cannot give the folder %s to its user", run);
		return false;
	}
	return true;
}

bool
daemon_become(const struct daemon_accounts *accounts, struct why *why)
{
	struct privilege_plan plan = {
	    .uid = PRIVILEGE_KEEP, .gid = PRIVILEGE_KEEP, .may_fork = true, .may_dump_core = true};
	unsigned on = 0;

	if (accounts->switching) {
		plan.uid = accounts->master.uid;
		plan.gid = accounts->master.gid;
		plan.groups = accounts->master.groups;
		plan.group_count = accounts->master.group_count;
	}
	return privilege_drop(&plan, &on, why);
}

int
daemon_lock(const char *spool, bool *locked, struct why *why)
{
	char path[PATH_MAX];
	int fd;

	*locked = false;
	snprintf(path, sizeof(path), "%s/lock", spool);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, DAEMON_LOCK_MODE);
	if (fd < 0) {
		why_errno(why, "cannot open %s", path);
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	*locked = errno == EWOULDBLOCK;
	if (*locked)
		why_set(why, "the spool %s belongs to another postriderd that is running", spool);
	else
		why_errno(why, "cannot lock %s", path);
	close(fd);
	return -1;
}

void
daemon_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len == 0 || len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, len);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		log_warn("systemd could not be told %s: %s", state, strerror(errno));
	close(fd);
}
