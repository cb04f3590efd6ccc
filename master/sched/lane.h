#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Lanes in memory: a bounded window on what waits in the queue for one domain from one class of
 * mail. A lane is here while it has something in the queue that is not held; the rest of it stays
 * in the database behind the lane's index.
 */
struct sched;
struct sched_delivery;
struct sched_lane;
struct store_lane;

/* Found or made; domain names the destination. */
struct sched_lane *sched_lane_get(struct sched *sched, uint64_t id, const char *domain);
/* NULL when it is not in memory. */
struct sched_lane *sched_lane_find(struct sched *sched, uint64_t id);
/* Takes over what was read about it: when something is due, whether its domain is suspended. */
void sched_lane_learn(struct sched *sched, const struct store_lane *row);
/* The queue may have due deliveries of it that are not in memory. */
void sched_lane_more(struct sched *sched, struct sched_lane *lane);
/* Something of it becomes due at that time (seconds). */
void sched_lane_due(struct sched *sched, struct sched_lane *lane, int64_t at);
/* Lanes whose time has come may send. */
void sched_lane_wake(struct sched *sched, int64_t now);

/* A due delivery joins the lane. It must be in sched->deliveries. */
void sched_lane_add(struct sched *sched, struct sched_lane *lane, struct sched_delivery *delivery);
/*
 * Room for an arrival, which was not read from the database; a retry may have to go back there for
 * it. False when it would overtake first attempts that are not in memory.
 */
bool sched_lane_make_room(struct sched *sched, struct sched_lane *lane);
/* Takes the first out of the list, which must not be empty. */
struct sched_delivery *sched_lane_take(struct sched_lane *lane);
/* Takes this one, which waits, out of its lane's list. */
void sched_lane_pull(struct sched_delivery *delivery);
/* A delivery that was taken waits again. */
void sched_lane_return(struct sched *sched, struct sched_delivery *delivery);
/* A delivery that was taken is done with: it is not in memory any more. */
void sched_lane_forget(struct sched *sched, struct sched_delivery **delivery);
/* Drops what waits in memory, to be read again: somebody else edited it. */
void sched_lane_reread(struct sched *sched, struct sched_lane *lane);
/* Frees the lane when nothing is in it, here or in the queue. */
void sched_lane_settle(struct sched *sched, struct sched_lane *lane);
