#pragma once

/*
 * Deliveries of one message that are in memory, so that those that go through the same relay can
 * travel in one job and in one transaction.
 */
struct sched;
struct sched_delivery;
struct sched_job;

/* In memory from now on, and not any more. */
void sched_company_join(struct sched *sched, struct sched_delivery *delivery);
void sched_company_leave(struct sched *sched, struct sched_delivery *delivery);
/* The next delivery of the same message, round and round; the delivery itself when it is alone. */
struct sched_delivery *sched_company_next(const struct sched_delivery *delivery);
