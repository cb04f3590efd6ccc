#include "master/store/settle.h"

#include <sqlite3.h>

#include "common/why.h"
#include "master/store/db.h"
#include "master/store/store.h"

/*
 * OR FAIL: a statement that fails midway ends the whole turn or its savepoint, so the library need
 * not keep the pages before each statement to undo that one alone.
 */

/* Sets *removed when there is no such row. */
static bool
settle_run(struct store *store, sqlite3_stmt *stmt, bool *removed, struct why *why)
{
	if (!store_db_run(store, stmt, why))
		return false;
	*removed = sqlite3_changes(store->db) == 0;
	return true;
}

static bool
settle_finish(struct store *store, struct store_settle *settle, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(store, "DELETE FROM delivery WHERE id = ?1", why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, settle->delivery_id);
	return settle_run(store, stmt, &settle->removed_meanwhile, why);
}

static bool
settle_touch(struct store *store, struct store_settle *settle, struct why *why)
{
	sqlite3_stmt *stmt =
	    store_db_prepare(store, "UPDATE OR FAIL delivery SET rev = rev + 1 WHERE id = ?1", why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, settle->delivery_id);
	return settle_run(store, stmt, &settle->removed_meanwhile, why);
}

static bool
settle_postpone(struct store *store, struct store_settle *settle, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(
	    store,
	    "UPDATE OR FAIL delivery SET rev = rev + 1, retry_num = ?2, next_attempt_at = ?3,"
	    " last_attempt_at = coalesce(?4, last_attempt_at) WHERE id = ?1",
	    why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, settle->delivery_id);
	store_db_int(stmt, 2, settle->retry_num);
	store_db_int(stmt, 3, settle->next_attempt_at);
	store_db_time(stmt, 4, settle->last_attempt_at);
	return settle_run(store, stmt, &settle->removed_meanwhile, why);
}

static void
settle_bind_last(sqlite3_stmt *stmt, int place, const struct store_last *last)
{
	store_db_text(stmt, place, last->class);
	store_db_text(stmt, place + 1, last->step);
	store_db_time(stmt, place + 2, last->code);
	store_db_text(stmt, place + 3, last->enhanced);
	store_db_text(stmt, place + 4, last->reply);
}

static bool
settle_retry(struct store *store, struct store_settle *settle, struct why *why)
{
	const struct store_last *last = settle->last;
	sqlite3_stmt *stmt = store_db_prepare(
	    store,
	    "UPDATE OR FAIL delivery SET rev = rev + 1, retry_num = ?2, next_attempt_at = ?3,"
	    " last_attempt_at = coalesce(?4, last_attempt_at), last_class = ?5, last_step = ?6,"
	    " last_code = ?7, last_enhanced = ?8, last_reply = ?9, last_host = ?10, last_ip = ?11,"
	    " last_tls_error = ?12 WHERE id = ?1",
	    why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, settle->delivery_id);
	store_db_int(stmt, 2, settle->retry_num);
	store_db_int(stmt, 3, settle->next_attempt_at);
	store_db_time(stmt, 4, settle->last_attempt_at);
	settle_bind_last(stmt, 5, last);
	store_db_text(stmt, 10, last->host);
	store_db_text(stmt, 11, last->ip);
	store_db_text(stmt, 12, last->tls_error);
	return settle_run(store, stmt, &settle->removed_meanwhile, why);
}

/* The first attempt and the last nine are kept. */
static bool
settle_prune(struct store *store, int64_t delivery_id, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(
	    store,
	    "DELETE FROM attempt WHERE id ="
	    " (SELECT id FROM attempt WHERE delivery_id = ?1 ORDER BY id LIMIT 1 OFFSET 1)"
	    " AND (SELECT count(*) FROM attempt WHERE delivery_id = ?1) > 10",
	    why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, delivery_id);
	return store_db_run(store, stmt, why);
}

static bool
settle_attempt(struct store *store, const struct store_settle *settle, struct why *why)
{
	static const struct store_last none;
	sqlite3_stmt *stmt = store_db_prepare(
	    store,
	    "INSERT INTO attempt (delivery_id, retry_num, at, text, class, step, code, enhanced,"
	    " reply) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	    why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, settle->delivery_id);
	store_db_int(stmt, 2, settle->attempt->retry_num);
	store_db_int(stmt, 3, settle->attempt->at);
	store_db_text(stmt, 4, settle->attempt->text);
	settle_bind_last(stmt, 5, settle->last != NULL ? settle->last : &none);
	return store_db_run(store, stmt, why) && settle_prune(store, settle->delivery_id, why);
}

static bool
settle_recipient(struct store *store, int64_t delivery_id,
		 const struct store_settle_recipient *recipient, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(
	    store,
	    "UPDATE OR FAIL recipient SET state = ?3, code = ?4, enhanced = ?5, reply = ?6"
	    " WHERE id = ?1 AND +delivery_id = ?2",
	    why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, recipient->id);
	store_db_int(stmt, 2, delivery_id);
	store_db_int(stmt, 3, recipient->state);
	store_db_time(stmt, 4, recipient->code);
	store_db_text(stmt, 5, recipient->enhanced);
	store_db_text(stmt, 6, recipient->reply);
	return store_db_run(store, stmt, why);
}

static bool
settle_delivery(struct store *store, struct store_settle *settle, struct why *why)
{
	switch (settle->end) {
	case STORE_SETTLE_FINISHED:
		return settle_finish(store, settle, why);
	case STORE_SETTLE_STAYS:
		return settle->last != NULL ? settle_retry(store, settle, why)
					    : settle_postpone(store, settle, why);
	case STORE_SETTLE_GOES_ON:
		return settle_touch(store, settle, why);
	}
	return false;
}

bool
store_settle_apply(struct store *store, struct store_op *op, struct why *why)
{
	struct store_settle *settle = (struct store_settle *)op;

	settle->removed_meanwhile = false;
	if (!settle_delivery(store, settle, why))
		return false;
	/* The recipients' rows went with the delivery's. */
	if (settle->removed_meanwhile || settle->end == STORE_SETTLE_FINISHED)
		return true;
	for (size_t i = 0; i < settle->recipients_count; i++)
		if (!settle_recipient(store, settle->delivery_id, &settle->recipients[i], why))
			return false;
	return settle->end != STORE_SETTLE_STAYS || settle->attempt == NULL ||
	       settle_attempt(store, settle, why);
}

void
store_settle_init(struct store_settle *settle, store_op_done_fn done, void *arg)
{
	store_turn_op_init(&settle->op, store_settle_apply, done, arg);
}
