#include "master/store/turn.h"

#include <assert.h>
#include <sqlite3.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/why.h"
#include "master/store/db.h"
#include "master/store/id.h"
#include "master/store/lane.h"
#include "master/store/reserve.h"
#include "master/store/store.h"

/* One try of a transaction. */
struct turn_try {
	size_t count;  /* operations it took, failed ones included */
	bool careful;  /* an operation failed before: each gets a savepoint */
	bool spoilt;   /* an operation failed without one: try again, carefully */
	int64_t begun; /* monotonic us */
};

void
store_turn_op_init(struct store_op *op, store_op_apply_fn apply, store_op_done_fn done, void *arg)
{
	*op = (struct store_op){.apply = apply, .done = done, .arg = arg};
}

void
store_turn_add(struct store *store, struct store_op *op)
{
	op->failed = false;
	list_append(&store->pending, &op->link);
	store->pending_count++;
}

size_t
store_turn_pending(const struct store *store)
{
	return store->pending_count;
}

bool
store_turn_is_healthy(const struct store *store)
{
	return !store->stats.failing;
}

/* Troubles of the transaction or the disk, in contrast to those of one operation's own rows. */
static bool
turn_is_trouble(const struct store *store)
{
	if (sqlite3_get_autocommit(store->db))
		return true;
	switch (store->last_rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PROTOCOL:
	case SQLITE_NOTADB:
	case SQLITE_INTERRUPT:
		return true;
	case SQLITE_NOMEM:
		log_die("queue database: out of memory");
	default:
		return false;
	}
}

static enum store_turn_result
turn_trouble(struct store *store)
{
	bool full = store_db_is_full(store);
	int rc = store->last_rc & 0xff;

	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	store_lane_forget(store);
	store_id_settled(store, false);
	if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
		store->stats.turns_busy++;
		return STORE_TURN_BUSY;
	}
	store->stats.turns_failed++;
	return full ? STORE_TURN_FULL : STORE_TURN_FAILED;
}

/* Whose statement it is that a trigger runs under: see table daemon. */
static bool
turn_set_writing(struct store *store, int writing, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(store, "UPDATE daemon SET writing = ?1", why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, writing);
	return store_db_run(store, stmt, why);
}

static bool
turn_kept(struct store *store, const char *sql, struct why *why)
{
	return store_db_run(store, store_db_prepare(store, sql, why), why);
}

/* False: the transaction cannot go on; try->spoilt says whether this operation alone is to blame.
 */
static bool
turn_apply(struct store *store, struct store_op *op, struct turn_try *try, struct why *why)
{
	store->last_rc = SQLITE_OK;
	if (try->careful && !turn_kept(store, "SAVEPOINT op", why))
		return false;
	why_set(why, "no reason given");
	if (op->apply(store, op, why))
		return !try->careful || turn_kept(store, "RELEASE op", why);
	if (turn_is_trouble(store))
		return false;
	op->failed = true;
	store->stats.operations_failed++;
	log_error("a change to the queue is given up: %s", why->text);
	store_lane_forget(store);
	try->spoilt = !try->careful;
	return try->careful && turn_kept(store, "ROLLBACK TO op", why) &&
	       turn_kept(store, "RELEASE op", why);
}

static bool
turn_fill(struct store *store, struct turn_try *try, struct why *why)
{
	struct store_op *op;

	try->count = 0;
	if (!turn_kept(store, "BEGIN IMMEDIATE", why) || !turn_set_writing(store, 1, why))
		return false;
	list_each (op, &store->pending, link) {
		if (try->count == STORE_TURN_MOST)
			break;
		if (!op->failed && !turn_apply(store, op, try, why))
			return false;
		try->count++;
	}
	if (store_id_wants_raise(store) && !store_id_raise(store, why))
		return false;
	return turn_set_writing(store, 0, why);
}

static bool
turn_commit(struct store *store, const struct turn_try *try, struct why *why)
{
	int64_t start = clock_mono_us();
	int64_t took;

	if (!turn_kept(store, "COMMIT", why))
		return false;
	took = clock_mono_us() - start;
	store_id_settled(store, true);
	store->stats.commits++;
	store->stats.commit_us += took;
	store->stats.commit_last_us = took;
	if (took > store->stats.commit_max_us)
		store->stats.commit_max_us = took;
	store->stats.turn_us += start + took - try->begun;
	return true;
}

static enum store_turn_result
turn_attempt(struct store *store, struct turn_try *try, struct why *why)
{
	for (;;) {
		try->spoilt = false;
		try->begun = clock_mono_us();
		if (turn_fill(store, try, why) && turn_commit(store, try, why))
			return STORE_TURN_COMMITTED;
		if (!try->spoilt)
			return turn_trouble(store);
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
		store_lane_forget(store);
		store_id_settled(store, false);
		try->careful = true;
	}
}

static void
turn_answer(struct store *store, size_t count)
{
	while (count-- > 0) {
		struct store_op *op = list_first(&store->pending, struct store_op, link);

		list_remove(&op->link);
		store->pending_count--;
		store->stats.operations += !op->failed;
		if (op->done != NULL)
			op->done(op, !op->failed, op->arg);
	}
}

enum store_turn_result
store_turn_run(struct store *store, struct why *why)
{
	struct turn_try try = {0};
	struct why own;
	enum store_turn_result result;

	assert(!store->turn_running);
	if (list_is_empty(&store->pending) && !store_id_wants_raise(store))
		return STORE_TURN_IDLE;
	if (why == NULL)
		why = &own;
	store->turn_running = true;
	result = turn_attempt(store, &try, why);
	if (result == STORE_TURN_FULL && store_reserve_release(store)) {
		log_error("disk full: the reserve is released");
		result = turn_attempt(store, &try, why);
	}
	if (result == STORE_TURN_FULL || result == STORE_TURN_FAILED) {
		store->stats.failing = true;
	} else if (result == STORE_TURN_COMMITTED && store->stats.failing) {
		store->stats.failing = false;
		store->stats.healthy_since = clock_mono_us();
	}
	if (result == STORE_TURN_COMMITTED)
		turn_answer(store, try.count);
	store->turn_running = false;
	return result;
}

void
store_turn_drop(struct store *store)
{
	while (!list_is_empty(&store->pending)) {
		struct store_op *op = list_first(&store->pending, struct store_op, link);

		list_remove(&op->link);
		store->pending_count--;
		if (op->done != NULL)
			op->done(op, false, op->arg);
	}
}
