#pragma once

#include <stdbool.h>

/*
 * How many jobs each deliver worker has and may have, and how many connections may be waiting for
 * an answer at once: slots cannot be eaten by hosts that are dead.
 */
struct map;
struct pool_worker;
struct sched;

struct sched_load {
	unsigned out;         /* jobs with the worker */
	unsigned most;        /* jobs it may have: worker.max-sessions of its generation */
	bool alone;           /* one job is with it that must not have company */
	struct map *sessions; /* number -> sched_destination of its open connections */
};

/* Attached to the worker when it is ready, detached when it is gone. */
void sched_load_attach(struct sched *sched, struct pool_worker *worker);
void sched_load_detach(struct pool_worker *worker);
struct sched_load *sched_load_of(struct pool_worker *worker);
/* Another job may be given to it. */
bool sched_load_has_room(struct pool_worker *worker);
/* The worker with the fewest jobs that has room; NULL when none has. */
struct pool_worker *sched_load_least(struct sched *sched);
/* A worker without any job; NULL when there is none. */
struct pool_worker *sched_load_empty(struct sched *sched);
/*
 * A further connection may be attempted: at most half of all sessions wait for a connection or a
 * greeting, a quarter for destinations where the last one was not established (failing).
 */
bool sched_load_may_open(struct sched *sched, bool failing);
