#pragma once

#include <stdbool.h>

#include "common/str.h"

/*
 * What an attempt made of a delivery: recipients that are delivered or given up at once, each by
 * its own RESULT, and what follows for the rest when the job is DONE: finished, again later, or
 * again at once because nothing was tried. The only place that decides it.
 */
struct outcome;
struct pool_worker;
struct proto_done;
struct proto_result;
struct sched;
struct sched_delivery;
struct sched_job;

/* False when the worker says something impossible: its channel is to be closed. */
bool sched_settle_result(struct sched *sched, struct sched_job *job,
			 const struct proto_result *result);
bool sched_settle_done(struct sched *sched, struct sched_job *job, const struct proto_done *done);
/* The job's worker is dead. */
void sched_settle_lost(struct sched *sched, struct sched_job *job);
/* next-hop names no relay: a fault of our own, and never the mail hosts instead. */
void sched_settle_unroutable(struct sched *sched, struct sched_delivery *delivery,
			     struct slice relay);
/* The delivery cannot even be given to a worker: a fault of our own. It must be in no list. */
void sched_settle_unsendable(struct sched *sched, struct sched_delivery *delivery,
			     const char *reason);
/* Makes operations of all results that are in none yet. Before the turn's commit. */
void sched_settle_flush(struct sched *sched);
