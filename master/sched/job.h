#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/sched/destination.h"

/*
 * Jobs: deliveries, or parts of one, that are with a worker. A job is with its worker until DONE or
 * until the worker is known to be dead.
 */
struct pool_worker;
struct sched;
struct sched_delivery;

struct sched_job {
	uint64_t id; /* never used again */
	struct sched_delivery *delivery;
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

/*
 * Sends the delivery's next recipients to the worker. On SENT the job is known by its id and the
 * delivery points to it. why says what cannot be read.
 */
struct why;
enum sched_job_sent sched_job_send(struct sched *sched, struct sched_delivery *delivery,
				   struct pool_worker *worker, bool open, struct why *why);
/* NULL when it is not with this worker: the worker does not tell the truth. */
struct sched_job *sched_job_find(struct sched *sched, struct pool_worker *worker, uint64_t id);
/* The job is over: permits return, the delivery is on its own again. */
void sched_job_end(struct sched *sched, struct sched_job **job);
/* True while the job's bytes are needed: pins a segment. */
bool sched_job_pins(struct sched *sched, int64_t segment);
