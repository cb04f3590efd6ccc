#pragma once

#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "common/launch.h"

/*
 * The spawner: the one process that keeps root. It is forked before anything is parsed, starts and
 * kills workers, binds sockets, holds the spool lock, and understands nothing but struct
 * pool_spawner_request, each field of which is checked; anything malformed ends it, and with it all
 * workers. The master talks to it through master/pool/spawn.h.
 *
 * Accounts: when there are other uids, a worker runs under a uid and a gid that are not 0, without
 * supplementary groups, and the first START decides which: no later one may name others, so that a
 * master taken over later cannot choose. Otherwise workers run under the spawner's own uid.
 *
 * End: when the master is gone it kills its workers, waits for them, and only then ends, so that
 * the spool lock it shares is not free while a worker may still be sending.
 */
struct why;

enum pool_spawner_kind {
	POOL_SPAWNER_START = 1, /* descriptors: bundle, then the listening ones -> the channel */
	POOL_SPAWNER_KILL,      /* error ESRCH: not a living child of the spawner's */
	POOL_SPAWNER_BIND,      /* -> the listening descriptor */
	POOL_SPAWNER_HOLD,      /* descriptor: kept open until the spawner ends */
	POOL_SPAWNER_EXITED     /* unasked */
};

enum {
	POOL_SPAWNER_CHILDREN = 512,
	POOL_SPAWNER_HELD = 4,
	POOL_SPAWNER_FDS = 1 + LAUNCH_LISTENERS,
	POOL_SPAWNER_FILES_MAX = 1 << 20,
	POOL_SPAWNER_BACKLOG = 1024
};

struct pool_spawner_start {
	uint32_t role;   /* enum proto_role */
	uint32_t number; /* 1 and up */
	uint32_t uid;    /* PRIVILEGE_KEEP when uids cannot be changed */
	uint32_t gid;
	uint32_t files;      /* RLIMIT_NOFILE, 64 and up */
	uint32_t unix_relay; /* 0 or 1 */
	uint32_t port_count;
	uint16_t ports[SANDBOX_PORTS];
};

struct pool_spawner_bind {
	struct sockaddr_storage address; /* AF_INET, AF_INET6, AF_UNIX */
	uint32_t len;
	uint32_t mode; /* of the socket file */
};

/* The master always sends the whole struct, zeroed where a kind has no use for a field. */
struct pool_spawner_request {
	uint32_t kind;
	uint32_t fd_count; /* descriptors in this packet */
	uint64_t serial;   /* returned in the answer */
	int32_t pid;       /* KILL */
	uint32_t zero;
	struct pool_spawner_start start;
	struct pool_spawner_bind bind;
};

struct pool_spawner_answer {
	uint32_t kind;
	int32_t error;   /* an errno; 0: done */
	uint64_t serial; /* 0 for EXITED */
	int32_t pid;     /* START, EXITED */
	int32_t status;  /* EXITED: as from waitpid() */
};

struct pool_spawner_options {
	int worker;       /* the worker's binary, opened once */
	const char *root; /* the workers' empty root directory, absolute; NULL: no chroot */
	const char *run;  /* the only directory of unix sockets, absolute; NULL: none */
};

/*
 * Forks the spawner. Returns the master's end of the socket and sets *pid; -1 on failure. The
 * worker's binary may be closed by the caller afterwards.
 */
int pool_spawner_fork(const struct pool_spawner_options *options, pid_t *pid, struct why *why);
