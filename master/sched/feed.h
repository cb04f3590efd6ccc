#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sched;
struct sched_lane;

/*
 * Fills lanes from the queue in bounded batches.
 */

/*
 * Reads due deliveries until the lane is full or the queue has no more that are due. Afterwards
 * something waits in the lane, or it is out of its destination's list, and perhaps freed.
 */
void sched_feed_lane(struct sched *sched, struct sched_lane *lane);
/* At the start: every lane with work becomes known. False when it cannot be read. */
struct why;
bool sched_feed_all(struct sched *sched, struct why *why);
/* Once a second: what others did to the queue is noticed and obeyed. */
void sched_feed_edits(struct sched *sched);
/* One lane is read again from the queue. */
void sched_feed_reread(struct sched *sched, int64_t lane_id);
