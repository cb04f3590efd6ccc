#include "master/store/delivery.h"

#include <sqlite3.h>
#include <string.h>

#include "common/arena.h"
#include "common/why.h"
#include "master/store/db.h"
#include "master/store/store.h"

static const char delivery_sql[] =
    "SELECT d.id, d.lane_id, d.rev, d.state, d.retry_num, d.notify_num, d.next_attempt_at,"
    " d.next_notify_at, d.expires_at, d.last_attempt_at, d.last_class, d.last_step, d.last_code,"
    " d.last_enhanced, d.last_reply, d.last_host, d.last_ip, d.last_tls_error, o.name,"
    " m.id, m.sender, m.created_at, m.size, m.segment_id, m.offset, m.crc32c, m.eight_bit,"
    " m.needs_stuffing, m.longest_line, m.smtputf8, m.requiretls, m.priority, m.envid, m.ret,"
    " m.origin, m.tag, m.arrived_from"
    " FROM delivery AS d LEFT JOIN message AS m ON m.id = d.message_id"
    " LEFT JOIN lane AS l ON l.id = d.lane_id LEFT JOIN domain AS o ON o.id = l.domain_id"
    " WHERE d.id = ?1";

static void
delivery_get(struct store_delivery *delivery, sqlite3_stmt *stmt, struct arena *arena)
{
	delivery->id = sqlite3_column_int64(stmt, 0);
	delivery->lane_id = sqlite3_column_int64(stmt, 1);
	delivery->rev = sqlite3_column_int64(stmt, 2);
	delivery->state = (enum store_delivery_state)sqlite3_column_int(stmt, 3);
	delivery->retry_num = (unsigned)sqlite3_column_int(stmt, 4);
	delivery->notify_num = (unsigned)sqlite3_column_int(stmt, 5);
	delivery->next_attempt_at = sqlite3_column_int64(stmt, 6);
	delivery->next_notify_at = sqlite3_column_int64(stmt, 7);
	delivery->expires_at = sqlite3_column_int64(stmt, 8);
	delivery->last_attempt_at = sqlite3_column_int64(stmt, 9);
	delivery->last.class = store_db_column(stmt, 10, arena);
	delivery->last.step = store_db_column(stmt, 11, arena);
	delivery->last.code = sqlite3_column_int(stmt, 12);
	delivery->last.enhanced = store_db_column(stmt, 13, arena);
	delivery->last.reply = store_db_column(stmt, 14, arena);
	delivery->last.host = store_db_column(stmt, 15, arena);
	delivery->last.ip = store_db_column(stmt, 16, arena);
	delivery->last.tls_error = store_db_column(stmt, 17, arena);
	delivery->domain = store_db_column(stmt, 18, arena);
}

static void
delivery_get_message(struct store_delivery *delivery, sqlite3_stmt *stmt, struct arena *arena)
{
	delivery->message_id = sqlite3_column_int64(stmt, 19);
	delivery->sender = store_db_column(stmt, 20, arena);
	delivery->created_at = sqlite3_column_int64(stmt, 21);
	delivery->size = sqlite3_column_int64(stmt, 22);
	delivery->segment_id = sqlite3_column_int64(stmt, 23);
	delivery->offset = sqlite3_column_int64(stmt, 24);
	delivery->crc32c = (uint32_t)sqlite3_column_int64(stmt, 25);
	delivery->eight_bit = sqlite3_column_int(stmt, 26) != 0;
	delivery->needs_stuffing = sqlite3_column_int(stmt, 27) != 0;
	delivery->longest_line = (unsigned)sqlite3_column_int64(stmt, 28);
	delivery->smtputf8 = sqlite3_column_int(stmt, 29) != 0;
	delivery->requiretls = sqlite3_column_int(stmt, 30) != 0;
	delivery->priority = sqlite3_column_int(stmt, 31);
	delivery->envid = store_db_column(stmt, 32, arena);
	delivery->ret = sqlite3_column_int(stmt, 33);
	delivery->origin = store_db_column(stmt, 34, arena);
	delivery->tag = store_db_column(stmt, 35, arena);
	delivery->arrived_from = store_db_column(stmt, 36, arena);
}

static bool
delivery_get_recipients(struct store *store, struct store_delivery *delivery, struct arena *arena,
			struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(store,
					      "SELECT id, address, orcpt, notify FROM recipient"
					      " WHERE delivery_id = ?1 AND state = 0 ORDER BY id",
					      why);
	size_t room = 0;
	int step;

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, delivery->id);
	while ((step = store_db_step(store, stmt, why)) == 1) {
		struct store_recipient *recipient;

		if (delivery->recipients_count == room) {
			struct store_recipient *old = delivery->recipients;

			room = room == 0 ? 4 : room * 4;
			delivery->recipients =
			    arena_alloc(arena, room * sizeof(*delivery->recipients));
			if (old != NULL)
				memcpy(delivery->recipients, old,
				       delivery->recipients_count * sizeof(*old));
		}
		recipient = &delivery->recipients[delivery->recipients_count++];
		recipient->id = sqlite3_column_int64(stmt, 0);
		recipient->address = store_db_column(stmt, 1, arena);
		recipient->orcpt = store_db_column(stmt, 2, arena);
		recipient->notify = (unsigned)sqlite3_column_int(stmt, 3);
	}
	return step == 0;
}

struct store_delivery *
store_delivery_load(struct store *store, int64_t id, struct arena *arena, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(store, delivery_sql, why);
	struct store_delivery *delivery;
	int step;

	if (stmt == NULL)
		return NULL;
	store_db_int(stmt, 1, id);
	step = store_db_step(store, stmt, why);
	if (step == 0)
		why_set(why, "%s", "");
	if (step != 1)
		return NULL;
	delivery = arena_zero(arena, struct store_delivery);
	delivery_get(delivery, stmt, arena);
	delivery_get_message(delivery, stmt, arena);
	sqlite3_reset(stmt);
	if (delivery->message_id == 0 || delivery->domain[0] == '\0') {
		why_set(why, "delivery %lld has no message or no domain", (long long)id);
		return NULL;
	}
	return delivery_get_recipients(store, delivery, arena, why) ? delivery : NULL;
}

enum store_delivery_check
store_delivery_check(struct store *store, int64_t id, enum store_delivery_state *state,
		     int64_t *rev, struct why *why)
{
	sqlite3_stmt *stmt =
	    store_db_prepare(store, "SELECT state, rev FROM delivery WHERE id = ?1", why);
	int step;

	if (stmt == NULL)
		return STORE_DELIVERY_UNREADABLE;
	store_db_int(stmt, 1, id);
	step = store_db_step(store, stmt, why);
	if (step != 1)
		return step == 0 ? STORE_DELIVERY_GONE : STORE_DELIVERY_UNREADABLE;
	*state = (enum store_delivery_state)sqlite3_column_int(stmt, 0);
	*rev = sqlite3_column_int64(stmt, 1);
	sqlite3_reset(stmt);
	return STORE_DELIVERY_THERE;
}

int
store_delivery_wakes(struct store *store, int64_t now, struct store_delivery_cursor *cursor,
		     struct store_delivery_wake *wakes, int most, struct why *why)
{
	sqlite3_stmt *stmt =
	    store_db_prepare(store,
			     "SELECT id, lane_id, next_notify_at, expires_at, wake_at FROM delivery"
			     " WHERE state = 0 AND wake_at <= ?1 AND (wake_at, id) > (?2, ?3)"
			     " ORDER BY wake_at, id LIMIT ?4",
			     why);
	int count = 0;
	int step;

	if (stmt == NULL)
		return -1;
	store_db_int(stmt, 1, now);
	store_db_int(stmt, 2, cursor->id == 0 ? INT64_MIN : cursor->at);
	store_db_int(stmt, 3, cursor->id);
	store_db_int(stmt, 4, most);
	while ((step = store_db_step(store, stmt, why)) == 1) {
		struct store_delivery_wake *wake = &wakes[count++];

		wake->id = sqlite3_column_int64(stmt, 0);
		wake->lane_id = sqlite3_column_int64(stmt, 1);
		wake->next_notify_at = sqlite3_column_int64(stmt, 2);
		wake->expires_at = sqlite3_column_int64(stmt, 3);
		cursor->at = sqlite3_column_int64(stmt, 4);
		cursor->id = wake->id;
	}
	return step == 0 ? count : -1;
}

bool
store_delivery_next_wake(struct store *store, int64_t *at, struct why *why)
{
	sqlite3_stmt *stmt =
	    store_db_prepare(store,
			     "SELECT wake_at FROM delivery WHERE state = 0 AND wake_at IS NOT NULL"
			     " ORDER BY wake_at LIMIT 1",
			     why);
	int step;

	*at = 0;
	if (stmt == NULL)
		return false;
	step = store_db_step(store, stmt, why);
	if (step == 1) {
		*at = sqlite3_column_int64(stmt, 0);
		sqlite3_reset(stmt);
	}
	return step >= 0;
}

/* A column not to be written is given its own value: one statement for all. */
static const char delivery_change_sql[] =
    "UPDATE delivery SET rev = rev + 1,"
    " next_attempt_at = CASE WHEN ?2 & 1 THEN ?3 ELSE next_attempt_at END,"
    " next_notify_at = CASE WHEN ?2 & 2 THEN ?4 ELSE next_notify_at END,"
    " notify_num = CASE WHEN ?2 & 2 THEN ?5 ELSE notify_num END,"
    " state = CASE WHEN ?2 & 4 THEN ?6 ELSE state END WHERE id = ?1";

bool
store_delivery_change_apply(struct store *store, struct store_op *op, struct why *why)
{
	struct store_delivery_change *change = (struct store_delivery_change *)op;
	sqlite3_stmt *stmt = store_db_prepare(store, delivery_change_sql, why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, change->delivery_id);
	store_db_int(stmt, 2, change->fields);
	store_db_int(stmt, 3, change->next_attempt_at);
	store_db_time(stmt, 4, change->next_notify_at);
	store_db_int(stmt, 5, change->notify_num);
	store_db_int(stmt, 6, change->state);
	if (!store_db_run(store, stmt, why))
		return false;
	change->removed_meanwhile = sqlite3_changes(store->db) == 0;
	return true;
}

void
store_delivery_change_init(struct store_delivery_change *change, store_op_done_fn done, void *arg)
{
	store_turn_op_init(&change->op, store_delivery_change_apply, done, arg);
}
