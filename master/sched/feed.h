#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sched;
struct sched_delivery;
struct sched_lane;
struct why;

/*
 * Fills lanes from the queue in bounded batches.
 */

/*
 * Reads due deliveries until the lane is full or the queue has no more that are due. Afterwards
 * something waits in the lane, or it is out of its destination's list, and perhaps freed.
 */
void sched_feed_lane(struct sched *sched, struct sched_lane *lane);
/* At the start: every lane with work becomes known. False when it cannot be read. */
bool sched_feed_all(struct sched *sched, struct why *why);
/* Once a second: what others did to the queue is noticed and obeyed. */
void sched_feed_edits(struct sched *sched);
/*
 * Just before a delivery leaves: somebody else may have removed or held it since it was read. False
 * when it is not to leave; the caller forgets it.
 */
bool sched_feed_confirm(struct sched *sched, struct sched_delivery *delivery);
/* What the queue knows about a lane is learned: when something is due, whether it may be sent. */
void sched_feed_know(struct sched *sched, int64_t lane_id);
/* One lane is read again from the queue. */
void sched_feed_reread(struct sched *sched, int64_t lane_id);
