#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"
#include "master/store/delivery.h"

/*
 * Decisions of settle.c as operations on the queue. Each call takes the delivery out of memory, or
 * leaves it where it is, as said; the row changes when the turn commits.
 */
struct proto_result_facts;
struct sched;
struct sched_delivery;

/* Remembers where this attempt got to, for the row of the delivery. */
void sched_write_facts(struct sched_delivery *delivery, const struct proto_result_facts *facts);
/* What is remembered; NULL: nothing. Valid until the delivery is written. */
const struct proto_result_facts *sched_write_known(const struct sched_delivery *delivery);
/* The hosts tried and how each ended. */
void sched_write_hosts(struct sched_delivery *delivery, struct slice hosts);

/* Forgets both. */
void sched_write_forget(struct sched_delivery *delivery);

/* Writes recipients whose results are final; the delivery stays out. */
void sched_write_partial(struct sched *sched, struct sched_delivery *delivery);
/* The delivery leaves the queue; recipients without a final result end in state. */
void sched_write_finish(struct sched *sched, struct sched_delivery *delivery,
			enum store_recipient_state state);
/* It is tried again at next (seconds); counts says whether this was an attempt. */
void sched_write_stay(struct sched *sched, struct sched_delivery *delivery, int64_t next,
		      bool counts);
/* It is held until somebody releases it. */
void sched_write_hold(struct sched *sched, struct sched_delivery *delivery);
