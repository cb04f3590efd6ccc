#include "common/privilege.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/str.h"
#include "common/why.h"

static const struct {
	unsigned bit;
	const char *words;
} privilege_words[] = {
    {PRIVILEGE_UID, "another uid"},
    {PRIVILEGE_CHROOT, "empty root directory"},
    {PRIVILEGE_NO_CAPS, "no capabilities"},
    {PRIVILEGE_NO_NEW_PRIVS, "no new privileges"},
    {PRIVILEGE_LIMITS, "resource limits"},
    {PRIVILEGE_SECCOMP, "seccomp"},
    {PRIVILEGE_LANDLOCK_FILES, "Landlock for files"},
    {PRIVILEGE_LANDLOCK_TCP, "Landlock for TCP"},
    {PRIVILEGE_LANDLOCK_SCOPE, "Landlock for signals"},
};

bool
privilege_find(const char *name, struct privilege_account *account, struct why *why)
{
	const struct passwd *entry;
	int count = PRIVILEGE_GROUPS;

	errno = 0;
	entry = getpwnam(name);
	if (entry == NULL) {
		if (errno != 0 && errno != ENOENT && errno != ESRCH)
			why_errno(why, "cannot look up the account %s", name);
		else
			why_set(why, "there is no account %s", name);
		return false;
	}
	if (entry->pw_uid == 0 || entry->pw_gid == 0) {
		why_set(why, "the account %s is root's", name);
		return false;
	}
	account->uid = entry->pw_uid;
	account->gid = entry->pw_gid;
	if (getgrouplist(name, entry->pw_gid, account->groups, &count) < 0) {
		why_set(why, "the account %s is in more than %d groups", name, PRIVILEGE_GROUPS);
		return false;
	}
	account->group_count = (size_t)count;
	return true;
}

/*
 * setfsuid() is the one way to ask whether a uid exists in this user namespace, and may be taken,
 * without taking it: nothing but file access changes, and that comes back.
 */
static bool
privilege_has_uid(uid_t uid)
{
	uid_t before = (uid_t)setfsuid(uid);
	bool has = (uid_t)setfsuid((uid_t)-1) == uid;

	setfsuid(before);
	return has;
}

bool
privilege_can_switch(void)
{
	return geteuid() == 0 && (privilege_has_uid(1) || privilege_has_uid(65534));
}

static bool
privilege_is_empty(int fd, struct why *why)
{
	const struct dirent *entry;
	bool empty = true;
	DIR *dir;

	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		why_errno(why, "cannot read the root directory");
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (empty && (entry = readdir(dir)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(dir);
	if (!empty)
		why_set(why, "the root directory of the workers is not empty");
	return empty;
}

static bool
privilege_check_root(int fd, const char *root, struct why *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		why_errno(why, "cannot look at %s", root);
		return false;
	}
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		why_set(why, "%s is not root's, or others may write there", root);
		return false;
	}
	return privilege_is_empty(fd, why);
}

static bool
privilege_chroot(const char *root, bool must, unsigned *on, struct why *why)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool done = false;

	if (fd < 0) {
		why_errno(why, "cannot open the directory %s", root);
		return false;
	}
	if (!privilege_check_root(fd, root, why)) {
		close(fd);
		return false;
	}
	if (fchdir(fd) == 0 && chroot(".") == 0 && chdir("/") == 0)
		done = true;
	else
		why_errno(why, "cannot make %s the root directory", root);
	close(fd);
	if (done)
		*on |= PRIVILEGE_CHROOT;
	return done || !must;
}

/* The proof: every way back has to be closed, not only the one a bug would take first. */
static bool
privilege_is_final(const struct privilege_plan *plan)
{
	uid_t uid[3];
	gid_t gid[3];

	if (setuid(0) == 0 || setresuid(0, 0, 0) == 0 || seteuid(0) == 0 || setgid(0) == 0 ||
	    setresgid(0, 0, 0) == 0 || setegid(0) == 0 || setgroups(0, NULL) == 0)
		return false;
	if (getresuid(&uid[0], &uid[1], &uid[2]) < 0 || getresgid(&gid[0], &gid[1], &gid[2]) < 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (uid[i] != plan->uid || gid[i] != plan->gid)
			return false;
	return true;
}

static bool
privilege_switch(const struct privilege_plan *plan, unsigned *on, struct why *why)
{
	if (plan->uid == 0 || plan->gid == 0 || plan->gid == PRIVILEGE_KEEP) {
		why_set(why, "refusing to run as root");
		return false;
	}
	if (setgroups(plan->group_count, plan->groups) < 0 ||
	    setresgid(plan->gid, plan->gid, plan->gid) < 0 ||
	    setresuid(plan->uid, plan->uid, plan->uid) < 0) {
		why_errno(why, "cannot become uid %u, gid %u", plan->uid, plan->gid);
		return false;
	}
	if (!privilege_is_final(plan)) {
		why_set(why, "uid %u is not final", plan->uid);
		return false;
	}
	*on |= PRIVILEGE_UID;
	return true;
}

/*
 * The bounding set goes too, where we may empty it: with no_new_privs nothing could be had through
 * it any more, but it would look as if. Before the change of uid, which takes CAP_SETPCAP away.
 */
static void
privilege_drop_bounds(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

static bool
privilege_drop_caps(unsigned *on, struct why *why)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capset, &header, data) < 0) {
		why_errno(why, "cannot drop capabilities");
		return false;
	}
	*on |= PRIVILEGE_NO_CAPS;
	return true;
}

/* After the change of uid, which clears the signal of the parent's death. */
static bool
privilege_bind_life(pid_t parent, struct why *why)
{
	if (parent == 0)
		return true;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
		why_errno(why, "cannot ask for the signal of the parent's death");
		return false;
	}
	if (getppid() != parent) {
		why_set(why, "the parent is gone");
		return false;
	}
	return true;
}

static bool
privilege_limit(const struct privilege_plan *plan, unsigned *on, struct why *why)
{
	const struct rlimit none = {0, 0};

	if (!plan->may_dump_core &&
	    (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)) {
		why_errno(why, "cannot switch core dumps off");
		return false;
	}
	if (plan->files != 0)
		privilege_limit_files(plan->files);
#ifndef SANITIZERS
	if (!plan->may_fork && setrlimit(RLIMIT_NPROC, &none) < 0) {
		why_errno(why, "cannot limit processes");
		return false;
	}
	if (plan->memory != 0 &&
	    setrlimit(RLIMIT_AS, &(struct rlimit){plan->memory, plan->memory}) < 0) {
		why_errno(why, "cannot limit memory");
		return false;
	}
	*on |= PRIVILEGE_LIMITS;
#endif
	return true;
}

bool
privilege_drop(const struct privilege_plan *plan, unsigned *on, struct why *why)
{
	bool root = geteuid() == 0;
	bool can_switch = privilege_can_switch();

	if (root)
		privilege_drop_bounds();
	if (root && plan->root != NULL && !privilege_chroot(plan->root, can_switch, on, why))
		return false;
	if (can_switch && plan->uid != PRIVILEGE_KEEP && !privilege_switch(plan, on, why))
		return false;
	if (!privilege_drop_caps(on, why) || !privilege_bind_life(plan->parent, why) ||
	    !privilege_limit(plan, on, why))
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		why_errno(why, "cannot renounce new privileges");
		return false;
	}
	*on |= PRIVILEGE_NO_NEW_PRIVS;
	return true;
}

rlim_t
privilege_limit_files(rlim_t files)
{
	struct rlimit now;

	if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){files, files}) == 0)
		return files;
	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		return 0;
	if (files > now.rlim_max)
		files = now.rlim_max;
	now.rlim_cur = files;
	return setrlimit(RLIMIT_NOFILE, &now) == 0 ? files : 0;
}

static void
privilege_describe_part(unsigned bits, const char *title, struct str *text)
{
	bool first = true;

	for (size_t i = 0; i < sizeof(privilege_words) / sizeof(privilege_words[0]); i++) {
		if ((bits & privilege_words[i].bit) == 0)
			continue;
		str_text(text, first ? title : ", ");
		str_text(text, privilege_words[i].words);
		first = false;
	}
	if (first) {
		str_text(text, title);
		str_text(text, "nothing");
	}
}

void
privilege_describe(unsigned on, struct str *text)
{
	privilege_describe_part(on, "on: ", text);
	privilege_describe_part(~on, "; off: ", text);
#ifdef SANITIZERS
	str_text(text, " (sanitizers)");
#endif
}
