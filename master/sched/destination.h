#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"
#include "master/sched/state.h"

/*
 * Destinations: whether one may send now, and over which worker. Counts of connections are kept
 * here from what workers report; a permit is a connection that may be opened.
 */
struct pool_worker;

/* Found or made. */
struct sched_destination *sched_destination_get(struct sched *sched, struct slice name);
/* Frees it when nothing refers to it any more. */
void sched_destination_drop(struct sched *sched, struct sched_destination *destination);
/* Something changed that may let it send: it gets its turn. */
void sched_destination_poke(struct sched *sched, struct sched_destination *destination);
/* The destination that a relay is. It lives as long as the scheduler. */
struct sched_destination *sched_destination_relay(struct sched *sched, struct slice id);
/* Its next delivery goes through the relay, which can take none now. */
void sched_destination_wait(struct sched_destination *destination, struct sched_destination *relay);
/* Its turn: serve() sends at most one job and says whether it did. May free the destination. */
typedef bool (*sched_destination_serve_fn)(struct sched *sched,
					   struct sched_destination *destination);
bool sched_destination_serve(struct sched *sched, struct sched_destination *destination,
			     sched_destination_serve_fn serve);
/* It waits for what others have: sched_destination_unblock() says when there is some. */
void sched_destination_block(struct sched *sched, struct sched_destination *destination,
			     enum sched_block block);
/* Once a turn: those that wait for room at a worker look again. */
void sched_destination_unblock_room(struct sched *sched);
/* One that waits for a permit gets its turn if there is a permit; false: none does. */
bool sched_destination_unblock(struct sched *sched);
/* Every destination with something to send gets its turn: a worker came, or settings changed. */
void sched_destination_poke_all(struct sched *sched);
/* Nothing leaves before that time (seconds); 0: it may send. */
void sched_destination_suspend(struct sched *sched, struct sched_destination *destination,
			       int64_t until);
bool sched_destination_is_suspended(const struct sched_destination *destination);
/* Suspensions that are over end. */
void sched_destination_wake(struct sched *sched, int64_t now);

/*
 * The worker for the next job, NULL when none may have one now. *open says whether the job may
 * open a connection; otherwise the worker has one that is idle.
 */
struct pool_worker *sched_destination_choose(struct sched *sched,
					     struct sched_destination *destination, bool *open);

/* The same for a delivery that must have a worker to itself; the caller lets it wait. */
struct pool_worker *sched_destination_choose_alone(struct sched *sched,
						   struct sched_destination *destination,
						   bool *open);

/* The worker for a delivery whom no idle connection suits: it has to open one. */
struct pool_worker *sched_destination_choose_new(struct sched *sched,
						 const struct sched_destination *destination);

/* The permit to open a connection that a job carries until it is used or returned. */
enum sched_permit { SCHED_PERMIT_NONE, SCHED_PERMIT_OPEN, SCHED_PERMIT_FAILING };

/* Takes a permit for a job that is about to leave. */
enum sched_permit sched_destination_permit(struct sched *sched,
					   struct sched_destination *destination);
/* The permit is used up, or was not needed. */
void sched_destination_return(struct sched *sched, struct sched_destination *destination,
			      enum sched_permit *permit);
/* A job left for the worker, or came back. */
void sched_destination_job_out(struct sched_destination *destination, struct pool_worker *worker);
void sched_destination_job_back(struct sched *sched, struct sched_destination *destination,
				struct pool_worker *worker);
/* A connection exists; the caller returns the permit of the job that opened it. */
void sched_destination_opened(struct sched *sched, struct sched_destination *destination,
			      struct pool_worker *worker);
/* A job with a permit ended, and no connection had come about. */
void sched_destination_failed(struct sched_destination *destination);
void sched_destination_closed(struct sched *sched, struct sched_destination *destination,
			      struct pool_worker *worker);
/* The worker is dead: its connections are gone. */
void sched_destination_worker_gone(struct sched *sched, struct pool_worker *worker);
/* The settings changed. */
void sched_destination_reload(struct sched *sched);
