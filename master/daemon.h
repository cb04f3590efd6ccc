#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/privilege.h"

/*
 * What makes a program a daemon: its folders, its account, its lock, its word to systemd. Used in
 * the order of these functions.
 */
struct settings;
struct why;

struct daemon_accounts {
	bool switching; /* started as root with other uids to change to */
	struct privilege_account master;
	struct privilege_account worker;
};

/* The folder of sockets: $RUNTIME_DIRECTORY (systemd sets it), else the compiled-in one. */
const char *daemon_run_dir(void);
/* The workers' empty root directory below it, made when it is missing and we are root; or NULL. */
const char *daemon_empty_dir(void);
/* Looks the accounts up; false: they are missing, and why says what to do. */
bool daemon_find_accounts(const struct settings *settings, struct daemon_accounts *accounts,
			  struct why *why);
/* Makes what is missing of spool and run directory; owns only what it made. */
bool daemon_make_dirs(const struct settings *settings, const struct daemon_accounts *accounts,
		      struct why *why);
/* Becomes server.user. */
bool daemon_become(const struct daemon_accounts *accounts, struct why *why);
/*
 * The lock of the spool: its descriptor, held until the process and the spawner end. -1 with
 * *locked set when another master has it.
 */
int daemon_lock(const char *spool, bool *locked, struct why *why);
/* "READY=1", "STOPPING=1" …; without NOTIFY_SOCKET nothing. */
void daemon_notify(const char *state);
