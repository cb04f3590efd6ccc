#include "master/store/arrive.h"

#include <assert.h>
#include <sqlite3.h>

#include "common/why.h"
#include "master/store/db.h"
#include "master/store/delivery.h"
#include "master/store/lane.h"
#include "master/store/store.h"

/* OR FAIL: as in settle.c. */

static bool
arrive_message(struct store *store, const struct store_arrive *arrive, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(
	    store,
	    "INSERT OR FAIL INTO message (id, sender, created_at, size, segment_id, offset, crc32c,"
	    " eight_bit, needs_stuffing, longest_line, smtputf8, requiretls, priority, envid, ret,"
	    " origin, tag, arrived_from)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
	    " ?18)",
	    why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, arrive->message_id);
	store_db_text(stmt, 2, arrive->sender);
	store_db_int(stmt, 3, arrive->created_at);
	store_db_int(stmt, 4, arrive->size);
	store_db_int(stmt, 5, arrive->segment_id);
	store_db_int(stmt, 6, arrive->offset);
	store_db_int(stmt, 7, arrive->crc32c);
	store_db_int(stmt, 8, arrive->eight_bit);
	store_db_int(stmt, 9, arrive->needs_stuffing);
	store_db_int(stmt, 10, arrive->longest_line);
	store_db_int(stmt, 11, arrive->smtputf8);
	store_db_int(stmt, 12, arrive->requiretls);
	store_db_int(stmt, 13, arrive->priority);
	store_db_text(stmt, 14, arrive->envid);
	store_db_int(stmt, 15, arrive->ret);
	store_db_text(stmt, 16, arrive->origin);
	store_db_text(stmt, 17, arrive->tag);
	store_db_text(stmt, 18, arrive->arrived_from);
	return store_db_run(store, stmt, why);
}

static bool
arrive_recipient(struct store *store, int64_t delivery_id,
		 const struct store_arrive_recipient *rcpt, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(
	    store,
	    "INSERT OR FAIL INTO recipient (id, delivery_id, address, orcpt, notify)"
	    " VALUES (?1, ?2, ?3, ?4, ?5)",
	    why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, rcpt->id);
	store_db_int(stmt, 2, delivery_id);
	store_db_text(stmt, 3, rcpt->address);
	store_db_text(stmt, 4, rcpt->orcpt);
	store_db_int(stmt, 5, rcpt->notify);
	return store_db_run(store, stmt, why);
}

static bool
arrive_delivery(struct store *store, int64_t message_id, struct store_arrive_delivery *delivery,
		struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(
	    store,
	    "INSERT OR FAIL INTO delivery (id, message_id, lane_id, state, next_attempt_at,"
	    " next_notify_at, expires_at, rev) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1)",
	    why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, delivery->id);
	store_db_int(stmt, 2, message_id);
	store_db_int(stmt, 3, delivery->lane_id);
	store_db_int(stmt, 4, delivery->held ? STORE_DELIVERY_HELD : STORE_DELIVERY_ACTIVE);
	store_db_int(stmt, 5, delivery->next_attempt_at);
	store_db_time(stmt, 6, delivery->next_notify_at);
	store_db_time(stmt, 7, delivery->expires_at);
	if (!store_db_run(store, stmt, why))
		return false;
	for (size_t i = 0; i < delivery->recipients_count; i++)
		if (!arrive_recipient(store, delivery->id, &delivery->recipients[i], why))
			return false;
	return true;
}

bool
store_arrive_apply(struct store *store, struct store_op *op, struct why *why)
{
	struct store_arrive *arrive = (struct store_arrive *)op;
	const char *tag = arrive->tag != NULL ? arrive->tag : "";
	int64_t class_id;

	assert(arrive->deliveries_count > 0);
	class_id = store_lane_class(store, arrive->sender_domain, tag, arrive->band, why);
	if (class_id == 0 || !arrive_message(store, arrive, why))
		return false;
	for (size_t i = 0; i < arrive->deliveries_count; i++) {
		struct store_arrive_delivery *delivery = &arrive->deliveries[i];

		assert(delivery->recipients_count > 0);
		delivery->class_id = class_id;
		delivery->domain_id = store_lane_domain(store, delivery->domain, why);
		if (delivery->domain_id == 0)
			return false;
		delivery->lane_id = store_lane_find(store, delivery->domain_id, class_id, why);
		if (delivery->lane_id == 0 ||
		    !arrive_delivery(store, arrive->message_id, delivery, why))
			return false;
	}
	return true;
}

void
store_arrive_init(struct store_arrive *arrive, store_op_done_fn done, void *arg)
{
	store_turn_op_init(&arrive->op, store_arrive_apply, done, arg);
}
