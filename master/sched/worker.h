#pragma once

#include <stdbool.h>

/*
 * What deliver workers say to the scheduler, frame by frame, and what their births and deaths mean
 * for it. A worker that says something impossible is lying or broken: false, and it is killed.
 */
struct frame;
struct pool_worker;
struct sched;

void sched_worker_ready(struct sched *sched, struct pool_worker *worker);
bool sched_worker_frame(struct sched *sched, struct pool_worker *worker, struct frame *frame);
/* It is dead and everything it said has been heard. */
void sched_worker_gone(struct sched *sched, struct pool_worker *worker);
/* Has a job whose message may be just through: it gets more time at the end. */
bool sched_worker_may_stay(struct sched *sched, struct pool_worker *worker);
