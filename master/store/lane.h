#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/store/turn.h"

struct arena;

/*
 * A lane is what waits for one domain from one class of mail (sender domain, tag, priority band);
 * here they are found, created and read for the scheduler. Numbers found are remembered
 * (bounded), so that a message to a known lane costs no look-up.
 */
struct store_lane {
	int64_t id;
	int64_t domain_id;
	const char *domain;
	int64_t class_id;
	const char *sender_domain;
	const char *tag; /* "": none */
	int band;
	int64_t suspended_until; /* of the domain; 0: not suspended; may be past */
	uint64_t queued;         /* counters: never tried */
	uint64_t deferred;
	uint64_t held;
	int64_t earliest_first; /* next_attempt_at of the earliest first attempt; 0: none */
	int64_t earliest_retry; /* the same among retries */
};

typedef void (*store_lane_fn)(void *arg, const struct store_lane *lane);

/*
 * Lanes with something not held, by id after *cursor (0: from the first), at most `most`; the
 * lane and its texts live during the call of fn only. *cursor moves on, to -1 behind the last.
 */
bool store_lane_each(struct store *store, int64_t *cursor, int most, store_lane_fn fn, void *arg,
		     struct why *why);
/* The same for one lane, whatever is in it; not found is true without a call of fn. */
bool store_lane_read(struct store *store, int64_t id, store_lane_fn fn, void *arg, struct why *why);

/* A keyset cursor over a lane's due order; zeroed it stands before the first. */
struct store_lane_cursor {
	bool retries; /* first attempts are passed */
	int64_t at;
	int64_t id;
};

/* True when the caller has this delivery already (waiting, with a worker, or in an operation). */
typedef bool (*store_lane_held_fn)(void *arg, int64_t delivery_id);

/*
 * Deliveries of a lane that are due: first attempts before retries, each by next_attempt_at and id,
 * after the cursor, which moves on; those for which held says true are passed over (held may be
 * NULL). Returns how many of at most `most` ids were written; fewer: there are no more. -1: failed.
 * At most `most` + 1,000 index entries are looked at in one call; *more says that it stopped there.
 */
struct store_lane_due {
	int64_t lane_id;
	int64_t now;
	struct store_lane_cursor *cursor;
	store_lane_held_fn held;
	void *arg;
};
int store_lane_due(struct store *store, const struct store_lane_due *due, int64_t *ids, int most,
		   bool *more, struct why *why);
/* The earliest next_attempt_at later than now in a lane; 0: none. */
bool store_lane_next_due(struct store *store, int64_t id, int64_t now, int64_t *at,
			 struct why *why);

/* For arrivals, inside a turn: finds or creates. Keys are not NULL. */
int64_t store_lane_domain(struct store *store, const char *name, struct why *why);
int64_t store_lane_class(struct store *store, const char *sender_domain, const char *tag, int band,
			 struct why *why);
int64_t store_lane_find(struct store *store, int64_t domain_id, int64_t class_id, struct why *why);
/* After a turn that was rolled back: numbers found in it may not exist. */
void store_lane_forget(struct store *store);
