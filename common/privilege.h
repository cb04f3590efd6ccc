#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

/*
 * Giving up rights for good: another uid, an empty root directory, no capabilities, no new
 * privileges, limits. One function does it in the one order that works and proves that there is no
 * way back. What a process may still do afterwards is common/sandbox.h.
 *
 * Started without root, or as the mapped root of a user namespace that has no other uids, the steps
 * that need them are left out and the rest is done; the bits returned say which are on. When other
 * uids are to be had, a step that fails is an error: half a protection is never passed over.
 */
struct str;
struct why;

/* One bit for each protection that is on; sandbox_enter() adds its own. */
enum privilege_bit {
	PRIVILEGE_UID = 1 << 0,    /* runs under another uid, proven to be final */
	PRIVILEGE_CHROOT = 1 << 1, /* sees an empty root directory */
	PRIVILEGE_NO_CAPS = 1 << 2,
	PRIVILEGE_NO_NEW_PRIVS = 1 << 3,
	PRIVILEGE_LIMITS = 1 << 4,
	PRIVILEGE_SECCOMP = 1 << 5,
	PRIVILEGE_LANDLOCK_FILES = 1 << 6,
	PRIVILEGE_LANDLOCK_TCP = 1 << 7,
	PRIVILEGE_LANDLOCK_SCOPE = 1 << 8, /* no signals, no abstract sockets */
	PRIVILEGE_ALL = (1 << 9) - 1
};

enum { PRIVILEGE_GROUPS = 32 };

/* No change of uid or gid is asked for. */
#define PRIVILEGE_KEEP ((unsigned)-1)

struct privilege_account {
	uid_t uid;
	gid_t gid;
	gid_t groups[PRIVILEGE_GROUPS]; /* the account's groups, gid included */
	size_t group_count;
};

struct privilege_plan {
	uid_t uid; /* PRIVILEGE_KEEP: stay; else never 0 */
	gid_t gid;
	const gid_t *groups; /* supplementary groups, usually none */
	size_t group_count;
	const char *root;   /* an empty directory of root's; NULL: no chroot */
	pid_t parent;       /* die by SIGKILL with this parent; 0: outlive it */
	rlim_t files;       /* RLIMIT_NOFILE; 0: as inherited */
	rlim_t memory;      /* RLIMIT_AS, never set under sanitizers; 0: as inherited */
	bool may_fork;      /* false: RLIMIT_NPROC 0 */
	bool may_dump_core; /* false: RLIMIT_CORE 0 and not dumpable (so nobody may trace it) */
};

/*
 * Looks an account up by name; before chroot only. false: there is no such account, or it is root's
 * (uid or gid 0).
 */
bool privilege_find(const char *name, struct privilege_account *account, struct why *why);
/* True when this process is root and there are other uids to change to. */
bool privilege_can_switch(void);
/*
 * Carries the plan out and adds to *on what is on now. false: a step failed, and the process has to
 * end: it is in between. A root directory that is not empty, not root's or writable by others is
 * refused.
 */
bool privilege_drop(const struct privilege_plan *plan, unsigned *on, struct why *why);
/*
 * Raises or lowers RLIMIT_NOFILE, as far as the hard limit may be changed; returns what is the
 * limit now.
 */
rlim_t privilege_limit_files(rlim_t files);
/* "on: other uid, chroot; off: Landlock TCP": words for the log. */
void privilege_describe(unsigned on, struct str *text);
