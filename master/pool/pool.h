#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/proto/hello.h"
#include "common/sandbox.h"
#include "master/pool/worker.h"

/*
 * The workers: how many of each role there should be, births, deaths, generations. It knows nothing
 * of jobs; the handlers of a role do.
 *
 * A reload starts workers of the new generation and retires those of the old, which finish what
 * they have. A worker that dies is replaced at once, or after a pause that doubles while they die
 * young. All callbacks come from the event loop, never from inside a pool_*() call.
 */
struct event_base;
struct pool;
struct pool_spawn;

struct pool_options {
	struct event_base *base;
	int spawner; /* the socket of pool_spawner_fork(), taken over */
	uid_t uid;   /* the workers' account; PRIVILEGE_KEEP when uids cannot be changed */
	gid_t gid;
	const struct pool_times *times;             /* NULL: pool_default_times(); must stay */
	struct pool_handlers handlers[PROTO_ROLES]; /* copied */
	void (*spawner_gone)(void *arg);            /* the master has to stop, status 71 */
	void *arg;
};

/* What the workers of one role are born with. */
struct pool_birth {
	struct sandbox_rules rules; /* rules.role is set by the pool */
	unsigned files;             /* RLIMIT_NOFILE */
	int bundle;                 /* sealed memfd, copied */
	const int *listeners;       /* copied; LAUNCH_LISTENERS at most */
	size_t listener_count;
};

const struct pool_times *pool_default_times(void);
/* No workers yet: all counts are 0. */
struct pool *pool_new(const struct pool_options *options);
/* The end of the spawner, so of all workers; nothing is called any more. */
void pool_free(struct pool **pool);
/* For binding sockets and holding the lock. */
struct pool_spawn *pool_get_spawn(struct pool *pool);
/*
 * From now on workers are born with this; those of another generation retire. Each generation is a
 * number not used before. What births points to is copied.
 */
void pool_set_generation(struct pool *pool, uint64_t generation,
			 const struct pool_birth births[PROTO_ROLES]);
/* How many workers of a role there should be; those with the fewest sessions retire first. */
void pool_set_count(struct pool *pool, enum proto_role role, unsigned count);
unsigned pool_get_count(const struct pool *pool, enum proto_role role);
/* Ready workers of a role. */
unsigned pool_count_ready(const struct pool *pool, enum proto_role role);
/* All workers, whatever their state, in order of birth: NULL for the first; NULL after the last. */
struct pool_worker *pool_next(const struct pool *pool, const struct pool_worker *after);
/* Nothing is born any more, all retire; stopped() when the last is gone. Once only. */
void pool_stop(struct pool *pool, void (*stopped)(void *arg), void *arg);
