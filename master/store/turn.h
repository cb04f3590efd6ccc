#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/list.h"

struct store;
struct store_op;
struct why;

/*
 * Writes are operations collected in memory and applied together at the end of a turn of the event
 * loop, in one transaction, so that one sync serves all of them and nothing is lost while
 * somebody else holds the lock. Answers that need durability leave in done().
 *
 * An operation is the first member of a struct of its owner, who keeps it (and all it points to)
 * alive until done() and frees it there. Operations are applied in the order they were added.
 * apply() runs inside the transaction and may run again when the commit failed or another operation
 * spoilt the transaction: it must only write results into its struct that a second run overwrites.
 * When it returns false the operation is taken out, the others are run again without it, and done()
 * says false. done() is called exactly once, from store_turn_run() or store_turn_drop(), after the
 * outcome is certain, in the order of adding; it may add new operations, which wait for the next
 * run.
 *
 * Reads outside of a turn see what is committed. Who keeps a row's fate in a pending operation must
 * remember until done() that it has it.
 */
typedef bool (*store_op_apply_fn)(struct store *store, struct store_op *op, struct why *why);
typedef void (*store_op_done_fn)(struct store_op *op, bool committed, void *arg);

struct store_op {
	store_op_apply_fn apply;
	store_op_done_fn done; /* may be NULL */
	void *arg;
	struct list link; /* the store's, while the operation is pending */
	bool failed;      /* the store's: taken out, done(false) is due */
};

/* For the inits of those whose first member it is; done may be NULL. */
void store_turn_op_init(struct store_op *op, store_op_apply_fn apply, store_op_done_fn done,
			void *arg);

enum store_turn_result {
	STORE_TURN_IDLE,      /* nothing to do */
	STORE_TURN_COMMITTED, /* up to STORE_TURN_MOST are done; more may be pending */
	STORE_TURN_BUSY,      /* somebody else writes: try again in 10 ms, nothing is lost */
	STORE_TURN_FULL,      /* disk full and the reserve is used up: later; no new JOB */
	STORE_TURN_FAILED     /* I/O error: later; no new JOB */
};

enum { STORE_TURN_MOST = 500 };

void store_turn_add(struct store *store, struct store_op *op);
/*
 * BEGIN IMMEDIATE, at most STORE_TURN_MOST operations, COMMIT, then their done(). why is filled for
 * BUSY, FULL and FAILED. Must not be called from apply() or done().
 */
enum store_turn_result store_turn_run(struct store *store, struct why *why);
/* Operations not yet done. */
size_t store_turn_pending(const struct store *store);
/* True when the last try did not fail for want of disk: new jobs may leave. */
bool store_turn_is_healthy(const struct store *store);
/* Gives every pending operation up: done(false). For the end of the process. */
void store_turn_drop(struct store *store);
