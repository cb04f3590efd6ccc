#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/store/turn.h"

/*
 * What people do to the queue beside us: edits in the sqlite3 shell, noticed by a counter of
 * SQLite's and listed by triggers as lanes to read again; and the few things about domains and
 * lanes that are no delivery's: suspension, and removal of what nothing waits in.
 */

/*
 * Whether somebody else wrote to the database since the last call (PRAGMA data_version). Forgets
 * the numbers of lanes remembered then.
 */
bool store_edited_others_wrote(struct store *store);
/* Lanes others touched, at most `most`, by id; -1: failed. They stay listed until cleared. */
int store_edited_lanes(struct store *store, int64_t *ids, int most, struct why *why);

/*
 * Takes lanes from that list. Read the list, add this, and read the lanes again after done(): what
 * others commit before this commits is then seen, what they commit later is listed again.
 */
struct store_edited_clear {
	struct store_op op;
	const int64_t *ids;
	size_t count; /* <= 1000 */
};
void store_edited_clear_init(struct store_edited_clear *clear,
			     void (*done)(struct store_op *op, bool committed, void *arg),
			     void *arg);

/* 9999-12-31 23:59:59, so that the views show a date. */
#define STORE_EDITED_FOREVER INT64_C(253402300799)

/* Suspends a domain (until > 0) or resumes it (0); the row is made when it is missing. */
struct store_edited_suspend {
	struct store_op op;
	const char *domain;
	int64_t until; /* STORE_EDITED_FOREVER: until resumed */
	const char *reason;
	int64_t domain_id; /* known once apply() ran */
};
void store_edited_suspend_init(struct store_edited_suspend *suspend,
			       void (*done)(struct store_op *op, bool committed, void *arg),
			       void *arg);

/*
 * Looks at up to 1,000 lanes after `from` and removes those that nothing is in, with their domain
 * and class when these are empty then and not suspended. The scheduler must not keep a number of
 * such a lane; a new arrival makes a new one.
 */
struct store_edited_clean {
	struct store_op op;
	int64_t from;
	/* Known once apply() ran. */
	int64_t next; /* for the following call; 0: that was the last lane */
	size_t removed;
};
void store_edited_clean_init(struct store_edited_clean *clean,
			     void (*done)(struct store_op *op, bool committed, void *arg),
			     void *arg);
