#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/proto/job.h"
#include "master/sched/destination.h"

/*
 * Jobs: deliveries, or parts of one, that are with a worker. A job is with its worker until DONE or
 * until the worker is known to be dead.
 */
struct pool_worker;
struct sched;
struct sched_delivery;

struct sched_job {
	uint64_t id;                     /* never used again */
	struct sched_delivery *delivery; /* the first, or the only one */
	struct sched_destination *via;   /* whose connections it uses */
	struct pool_worker *worker;
	enum sched_permit permit; /* to open a connection, until it is used */
	bool opened;              /* its permit was used: a further connection replaces the first */
	bool dot;                 /* the end of the message may have been written */
	bool alone;               /* the worker gets no other job meanwhile */
	int64_t sent_ms;          /* monotonic */
	int64_t deadline_ms;      /* monotonic: DONE is overdue then */
};

/* Why a delivery did not leave. */
enum sched_job_sent {
	SCHED_JOB_SENT,
	SCHED_JOB_UNREADABLE, /* its bytes cannot be read from the spool */
	SCHED_JOB_NO_CHANNEL  /* the worker is just dying */
};

/* May another delivery of the same message, which waits, go in the same job? */
typedef bool (*sched_job_joins_fn)(struct sched *sched, const struct sched_delivery *delivery,
				   struct sched_delivery *other);

struct sched_job_order {
	struct sched_delivery *delivery; /* taken out of its lane's list, via set */
	struct pool_worker *worker;
	bool open;                /* it may open a connection */
	sched_job_joins_fn joins; /* NULL: it goes by itself */
};

/*
 * Sends the delivery's next recipients to the worker. Whatever it returns, the job is known by its
 * id, and its deliveries point to it; unless it was SENT the caller ends it. why says what cannot
 * be read.
 */
struct why;
enum sched_job_sent sched_job_send(struct sched *sched, const struct sched_job_order *order,
				   struct why *why);
/* Its deliveries: NULL for the first; NULL after the last. */
struct sched_delivery *sched_job_next(const struct sched_job *job,
				      const struct sched_delivery *after);
/* NULL when it is not with this worker: the worker does not tell the truth. */
struct sched_job *sched_job_find(struct sched *sched, struct pool_worker *worker, uint64_t id);
/*
 * The job is over: permits return, its deliveries are on their own again. They are put into the
 * list; returns how many.
 */
size_t sched_job_end(struct sched *sched, struct sched_job **job,
		     struct sched_delivery *deliveries[PROTO_JOB_DELIVERIES]);
/* True while the job's bytes are needed: pins a segment. */
bool sched_job_pins(struct sched *sched, int64_t segment);
