#include "master/store/view.h"

#include <assert.h>
#include <sqlite3.h>
#include <string.h>

#include "common/str.h"
#include "common/why.h"
#include "master/store/db.h"
#include "master/store/scan.h"
#include "master/store/selector.h"
#include "master/store/store.h"

enum { VIEW_COLUMNS = 32, VIEW_SCAN = 10000, VIEW_ROWS = 1000 };

/* Gives the current row; false when no further one is wanted. */
static bool
view_give(sqlite3_stmt *stmt, struct store_view_out out)
{
	struct store_view_column columns[VIEW_COLUMNS];
	int n = sqlite3_column_count(stmt);

	assert(n <= VIEW_COLUMNS);
	for (int i = 0; i < n; i++) {
		struct store_view_column *column = &columns[i];

		*column = (struct store_view_column){.name = sqlite3_column_name(stmt, i)};
		switch (sqlite3_column_type(stmt, i)) {
		case SQLITE_NULL:
			column->type = STORE_VIEW_NULL;
			break;
		case SQLITE_INTEGER:
			column->type = STORE_VIEW_INTEGER;
			column->integer = sqlite3_column_int64(stmt, i);
			break;
		default:
			column->type = STORE_VIEW_TEXT;
			column->text = (const char *)sqlite3_column_text(stmt, i);
			column->len = (size_t)sqlite3_column_bytes(stmt, i);
		}
	}
	return out.row(out.arg, columns, (size_t)n);
}

static const char view_delivery_sql[] =
    "SELECT d.id AS delivery_id, d.message_id, m.sender, o.name AS domain,"
    " (SELECT count(*) FROM recipient AS r WHERE r.delivery_id = d.id AND r.state = 0)"
    " AS recipients, m.size,"
    " CASE WHEN d.state <> 0 THEN 'held' WHEN d.retry_num > 0 THEN 'deferred' ELSE 'queued' END"
    " AS state, d.retry_num, m.created_at, d.next_attempt_at, d.expires_at, d.last_attempt_at,"
    " d.last_host, d.last_code, d.last_reply"
    " FROM delivery AS d LEFT JOIN message AS m ON m.id = d.message_id"
    " LEFT JOIN lane AS l ON l.id = d.lane_id LEFT JOIN domain AS o ON o.id = l.domain_id"
    " WHERE d.id = ?1";

/* 1: given, 0: enough, -1: failed. */
static int
view_delivery(struct store *store, int64_t id, struct store_view_out out, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(store, view_delivery_sql, why);
	int step;

	if (stmt == NULL)
		return -1;
	store_db_int(stmt, 1, id);
	step = store_db_step(store, stmt, why);
	if (step < 0)
		return -1;
	if (step == 1)
		step = view_give(stmt, out);
	else
		step = 1;
	sqlite3_reset(stmt);
	return step;
}

bool
store_view_list(struct store *store, const struct store_selector *selector, int64_t *cursor,
		unsigned limit, struct store_view_out out, struct why *why)
{
	sqlite3_stmt *stmt;
	unsigned given = 0;
	int scanned = 0;
	int step = 1;
	int more = 1;

	if (limit > VIEW_ROWS)
		limit = VIEW_ROWS;
	if (!store_selector_check(selector, why) ||
	    (stmt = store_scan(store, selector, "1", *cursor, INT64_MAX, why)) == NULL)
		return false;
	while (more == 1 && given < limit && scanned++ < VIEW_SCAN &&
	       (step = store_db_step(store, stmt, why)) == 1) {
		*cursor = sqlite3_column_int64(stmt, STORE_SCAN_ID);
		if (sqlite3_column_int(stmt, STORE_SCAN_CHOSEN) == 0)
			continue;
		more = view_delivery(store, *cursor, out, why);
		given++;
	}
	sqlite3_finalize(stmt);
	if (step == 0)
		*cursor = -1;
	return step >= 0 && more >= 0;
}

/* The first column is the cursor's; ?1 the message, ?2 the cursor, ?3 how many. */
static const char *const view_parts[] = {
    [STORE_VIEW_MESSAGE] =
	"SELECT id AS message_id, sender, created_at, size, segment_id, offset, crc32c, eight_bit,"
	" needs_stuffing, longest_line, smtputf8, requiretls, priority, envid, ret, origin, tag,"
	" arrived_from FROM message WHERE id = ?1 AND id > ?2 LIMIT ?3",
    [STORE_VIEW_DELIVERIES] =
	"SELECT d.id AS delivery_id, o.name AS domain,"
	" CASE WHEN d.state <> 0 THEN 'held' WHEN d.retry_num > 0 THEN 'deferred'"
	" ELSE 'queued' END AS state, d.rev, d.retry_num, d.notify_num, d.next_attempt_at,"
	" d.next_notify_at, d.expires_at, d.last_attempt_at, d.last_class, d.last_step,"
	" d.last_code, d.last_enhanced, d.last_reply, d.last_host, d.last_ip, d.last_tls_error,"
	" o.suspended_until, o.suspended_why, d.lane_id"
	" FROM delivery AS d LEFT JOIN lane AS l ON l.id = d.lane_id"
	" LEFT JOIN domain AS o ON o.id = l.domain_id"
	" WHERE d.message_id = ?1 AND d.id > ?2 ORDER BY d.id LIMIT ?3",
    [STORE_VIEW_RECIPIENTS] =
	"SELECT r.id AS recipient_id, r.delivery_id, r.address, r.orcpt, r.notify,"
	" CASE r.state WHEN 0 THEN 'pending' WHEN 1 THEN 'delivered' WHEN 2 THEN 'failed'"
	" WHEN 3 THEN 'expired' ELSE 'removed' END AS state, r.code, r.enhanced, r.reply"
	" FROM delivery AS d CROSS JOIN recipient AS r ON r.delivery_id = d.id"
	" WHERE d.message_id = ?1 AND r.id > ?2 ORDER BY r.id LIMIT ?3",
    [STORE_VIEW_ATTEMPTS] =
	"SELECT a.id AS attempt_id, a.delivery_id, a.retry_num, a.at, a.class, a.step, a.code,"
	" a.enhanced, a.reply, a.text AS hosts"
	" FROM delivery AS d CROSS JOIN attempt AS a ON a.delivery_id = d.id"
	" WHERE d.message_id = ?1 AND a.id > ?2 ORDER BY a.id LIMIT ?3",
};

/* Steps a bound statement of at most VIEW_ROWS rows whose first column is the cursor's. */
static bool
view_rows(struct store *store, sqlite3_stmt *stmt, int64_t *cursor, struct store_view_out out,
	  struct why *why)
{
	int count = 0;
	int step;

	while ((step = store_db_step(store, stmt, why)) == 1) {
		*cursor = sqlite3_column_int64(stmt, 0);
		count++;
		if (!view_give(stmt, out))
			break;
	}
	sqlite3_reset(stmt);
	if (step == 0 && count < VIEW_ROWS)
		*cursor = -1;
	return step >= 0;
}

bool
store_view_message(struct store *store, int64_t message_id, enum store_view_part part,
		   int64_t *cursor, struct store_view_out out, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(store, view_parts[part], why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, message_id);
	store_db_int(stmt, 2, *cursor);
	store_db_int(stmt, 3, VIEW_ROWS);
	return view_rows(store, stmt, cursor, out, why);
}

bool
store_view_counts(struct store *store, struct store_view_counts *counts, struct why *why)
{
	sqlite3_stmt *stmt =
	    store_db_prepare(store,
			     "SELECT total(queued), total(deferred), total(held),"
			     " (SELECT total(live_messages) FROM segment) FROM lane",
			     why);

	memset(counts, 0, sizeof(*counts));
	if (stmt == NULL || store_db_step(store, stmt, why) != 1)
		return false;
	counts->queued = (uint64_t)sqlite3_column_int64(stmt, 0);
	counts->deferred = (uint64_t)sqlite3_column_int64(stmt, 1);
	counts->held = (uint64_t)sqlite3_column_int64(stmt, 2);
	counts->messages = (uint64_t)sqlite3_column_int64(stmt, 3);
	sqlite3_reset(stmt);
	return true;
}

bool
store_view_domains(struct store *store, int64_t *cursor, struct store_view_out out, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(
	    store,
	    "SELECT o.id AS domain_id, o.name AS domain,"
	    " coalesce(sum(l.queued + l.deferred + l.held), 0) AS deliveries,"
	    " coalesce(sum(l.queued), 0) AS queued, coalesce(sum(l.deferred), 0) AS deferred,"
	    " coalesce(sum(l.held), 0) AS held, o.suspended_until, o.suspended_why"
	    " FROM domain AS o LEFT JOIN lane AS l ON l.domain_id = o.id"
	    " WHERE o.id > ?1 GROUP BY o.id ORDER BY o.id LIMIT ?2",
	    why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, *cursor);
	store_db_int(stmt, 2, VIEW_ROWS);
	return view_rows(store, stmt, cursor, out, why);
}
