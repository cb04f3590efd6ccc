#pragma once

#include <stdint.h>

/*
 * What is remembered of a delivery's misfortunes that are no attempts while it waits in the queue:
 * workers lost with it, faults of our own in a row. Bounded, and forgotten with the process.
 */
struct sched;
struct sched_delivery;

enum { SCHED_PAST_MOST = 100000 };

/* A delivery that was just read again learns of its past. */
void sched_past_recall(const struct sched *sched, struct sched_delivery *delivery);
/* Its numbers have changed. */
void sched_past_note(struct sched *sched, const struct sched_delivery *delivery);
/* It had an attempt of its own, or leaves: all is forgotten. */
void sched_past_forget(struct sched *sched, struct sched_delivery *delivery);
