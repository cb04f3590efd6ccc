#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * The scheduler: which delivery leaves when, over which worker, and what follows. It holds a
 * bounded window of the queue in memory; the queue itself is in master/store.
 *
 * Turns go over destinations, inside one over its lanes, inside a lane first attempts go before
 * retries. Nothing is in flight on disk: after a crash what was out is due again.
 */
struct event_base;
struct pool;
struct record;
struct sched;
struct sched_figures;
struct settings;
struct store;
struct store_delivery;
struct why;

struct sched_options {
	struct event_base *base;
	struct store *store;
	struct pool *pool;
	struct record *record;
	const struct settings *settings;
};

/* All stay the caller's. NULL: the queue cannot be read. */
struct sched *sched_new(const struct sched_options *options, struct why *why);
void sched_free(struct sched **sched);
void sched_set_settings(struct sched *sched, const struct settings *settings);
/* No job leaves any more. */
void sched_stop(struct sched *sched);

/*
 * Sends what may leave now, a bounded number of jobs. Returns milliseconds until it wants to be
 * called again if nothing else happens: 0 at once, -1 never.
 */
int64_t sched_turn(struct sched *sched);
/* Results that came since become operations: before the turn's commit. */
void sched_before_commit(struct sched *sched);
/* Once a second: edits of others, answers that are overdue. */
void sched_tick(struct sched *sched);

/* A delivery was just committed; what fits is taken over without reading it again. */
void sched_arrived(struct sched *sched, const struct store_delivery *row);
/* Rows of this lane were changed by a command: read it again. */
void sched_lane_changed(struct sched *sched, int64_t lane_id);

const struct sched_figures *sched_figures(const struct sched *sched);
/* Deliveries with workers now. */
uint64_t sched_in_flight(const struct sched *sched);
/* Where a delivery in memory is: "waiting", "out", "settling"; NULL when it is not in memory. */
const char *sched_where(const struct sched *sched, uint64_t delivery_id);
/* A job that is out reads from this segment. */
bool sched_pins(struct sched *sched, int64_t segment);
/* Connections and jobs of a domain now; false when it is not known here. */
bool sched_destination_counts(const struct sched *sched, const char *domain, unsigned *open,
			      unsigned *out);
