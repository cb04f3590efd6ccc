#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct store_selector;
struct why;

/*
 * The reading side of the control commands: rows are given to a callback as named columns, so that
 * the control socket can send them on. Every call does a bounded amount of work and can be
 * continued. Column names are those of the views; times are integers here, seconds since the epoch.
 */
enum store_view_type { STORE_VIEW_NULL, STORE_VIEW_INTEGER, STORE_VIEW_TEXT };

struct store_view_column {
	const char *name;
	enum store_view_type type;
	int64_t integer;
	const char *text; /* len bytes; valid during the call */
	size_t len;
};

/* False ends the listing: no further row, the function returns true. */
typedef bool (*store_view_row_fn)(void *arg, const struct store_view_column *columns, size_t n);

struct store_view_out {
	store_view_row_fn row;
	void *arg;
};

/*
 * Deliveries of a selector by id after *cursor (0: from the first), at most `limit`, columns of
 * v_queue. *cursor moves on, to -1 behind the last; less than limit may come before that.
 */
bool store_view_list(struct store *store, const struct store_selector *selector, int64_t *cursor,
		     unsigned limit, struct store_view_out out, struct why *why);

enum store_view_part {
	STORE_VIEW_MESSAGE,    /* one row, or none when there is no such message */
	STORE_VIEW_DELIVERIES, /* with next attempt, last_*, suspension of the domain */
	STORE_VIEW_RECIPIENTS,
	STORE_VIEW_ATTEMPTS
};
/* Part of one message, at most 1,000 rows with an id after *cursor, which moves on as above. */
bool store_view_message(struct store *store, int64_t message_id, enum store_view_part part,
			int64_t *cursor, struct store_view_out out, struct why *why);

struct store_view_counts {
	uint64_t messages; /* in segments: what bodies are kept for */
	uint64_t queued;
	uint64_t deferred;
	uint64_t held;
};
/* From the counters. */
bool store_view_counts(struct store *store, struct store_view_counts *counts, struct why *why);
/* Domains by id after *cursor, at most 1,000: name, counters, suspension. */
bool store_view_domains(struct store *store, int64_t *cursor, struct store_view_out out,
			struct why *why);
