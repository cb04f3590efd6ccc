#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/why.h"
#include "master/store/arrive.h"
#include "master/store/db.h"
#include "master/store/edited.h"
#include "master/store/mass.h"
#include "master/store/settle.h"
#include "master/store/store.h"
#include "tests/unit/master/store/spool.h"
#include "tests/unit/unit.h"

START_TEST(test_everything_comes_back)
{
	struct spool spool;
	struct arena *arena = arena_new();
	struct store_arrive_recipient rcpts[2] = {
	    {.address = "a@x.example", .orcpt = "rfc822;b@y.example", .notify = STORE_NOTIFY_DELAY},
	    {.address = "c'\";--@x.example"}};
	struct store_arrive_delivery delivery = {.domain = "x.example",
						 .next_attempt_at = 100,
						 .next_notify_at = 200,
						 .expires_at = 300,
						 .recipients = rcpts,
						 .recipients_count = 2};
	struct store_arrive arrive = {.sender = "s@s.example",
				      .created_at = 90,
				      .size = 12345678901,
				      .offset = 5000000000,
				      .crc32c = 0xfedcba98,
				      .eight_bit = true,
				      .longest_line = 998,
				      .requiretls = true,
				      .priority = -3,
				      .envid = "QQ314159",
				      .ret = STORE_RET_HDRS,
				      .origin = "submit 127.0.0.1",
				      .tag = "campaign",
				      .arrived_from = "client.example",
				      .sender_domain = "s.example",
				      .band = 2,
				      .deliveries = &delivery,
				      .deliveries_count = 1};
	struct store_delivery *read;
	struct why why = {0};

	spool_open(&spool);
	store_arrive_init(&arrive, NULL, NULL);
	arrive.segment_id = spool.segment;
	arrive.message_id = store_id_next(spool.store, STORE_ID_MESSAGE);
	delivery.id = store_id_next(spool.store, STORE_ID_DELIVERY);
	rcpts[0].id = store_id_next(spool.store, STORE_ID_RECIPIENT);
	rcpts[1].id = store_id_next(spool.store, STORE_ID_RECIPIENT);
	store_turn_add(spool.store, &arrive.op);
	spool_turns(&spool);
	read = store_delivery_load(spool.store, delivery.id, arena, &why);
	ck_assert_msg(read != NULL, "%s", why.text);
	ck_assert_int_eq(read->lane_id, delivery.lane_id);
	ck_assert_int_eq(read->state, STORE_DELIVERY_ACTIVE);
	ck_assert_int_eq(read->next_attempt_at, 100);
	ck_assert_int_eq(read->next_notify_at, 200);
	ck_assert_int_eq(read->expires_at, 300);
	ck_assert_str_eq(read->domain, "x.example");
	ck_assert_str_eq(read->sender, "s@s.example");
	ck_assert_int_eq(read->size, 12345678901);
	ck_assert_int_eq(read->offset, 5000000000);
	ck_assert_uint_eq(read->crc32c, 0xfedcba98);
	ck_assert(read->eight_bit && !read->needs_stuffing && read->requiretls && !read->smtputf8);
	ck_assert_uint_eq(read->longest_line, 998);
	ck_assert_int_eq(read->priority, -3);
	ck_assert_str_eq(read->envid, "QQ314159");
	ck_assert_int_eq(read->ret, STORE_RET_HDRS);
	ck_assert_str_eq(read->tag, "campaign");
	ck_assert_str_eq(read->last.reply, "");
	ck_assert_uint_eq(read->recipients_count, 2);
	ck_assert_str_eq(read->recipients[0].orcpt, "rfc822;b@y.example");
	ck_assert_uint_eq(read->recipients[0].notify, STORE_NOTIFY_DELAY);
	ck_assert_str_eq(read->recipients[1].address, "c'\";--@x.example");
	ck_assert_ptr_null(store_delivery_load(spool.store, 999999, arena, &why));
	ck_assert_str_eq(why.text, "");
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM edited"), 0);
	arena_free(&arena);
	spool_close(&spool);
}
END_TEST

START_TEST(test_stays_then_finishes)
{
	struct spool spool;
	struct arena *arena = arena_new();
	struct spool_message message;
	struct store_settle_recipient gone = {
	    .state = STORE_RECIPIENT_FAILED, .code = 550, .enhanced = "5.1.1", .reply = "no"};
	struct store_settle settle = {
	    .end = STORE_SETTLE_GOES_ON, .recipients = &gone, .recipients_count = 1};
	struct store_delivery *read;
	enum store_delivery_state state;
	int64_t rev;
	int64_t before;

	spool_open(&spool);
	message = spool_arrive(&spool, "x.example", 3, 1000);
	ck_assert_int_eq(
	    store_delivery_check(spool.store, message.delivery_id, &state, &before, NULL),
	    STORE_DELIVERY_THERE);
	settle.delivery_id = message.delivery_id;
	gone.id = message.recipient_ids[1];
	store_settle_init(&settle, NULL, NULL);
	store_turn_add(spool.store, &settle.op);
	spool_turns(&spool);
	spool_defer(&spool, message.delivery_id, 1, 5000);
	read = store_delivery_load(spool.store, message.delivery_id, arena, NULL);
	ck_assert_ptr_nonnull(read);
	ck_assert_uint_eq(read->recipients_count, 2);
	ck_assert_uint_eq(read->retry_num, 1);
	ck_assert_int_eq(read->next_attempt_at, 5000);
	ck_assert_int_eq(read->last.code, 450);
	ck_assert_str_eq(read->last.step, "rcpt-to");
	store_delivery_check(spool.store, message.delivery_id, &state, &rev, NULL);
	ck_assert_int_gt(rev, before);
	spool_assert_consistent(&spool);
	for (unsigned n = 2; n <= 25; n++)
		spool_defer(&spool, message.delivery_id, n, 5000 + n);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM attempt"), 10);
	ck_assert_int_eq(spool_number(spool.other, "SELECT min(retry_num) FROM attempt"), 0);
	ck_assert_int_eq(spool_number(spool.other, "SELECT sum(retry_num) FROM attempt"),
			 16 + 17 + 18 + 19 + 20 + 21 + 22 + 23 + 24);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM edited"), 0);
	spool_finish(&spool, message.delivery_id);
	ck_assert_int_eq(store_delivery_check(spool.store, message.delivery_id, &state, &rev, NULL),
			 STORE_DELIVERY_GONE);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM message"), 0);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM recipient"), 0);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM attempt"), 0);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM edited"), 0);
	spool_assert_consistent(&spool);
	arena_free(&arena);
	spool_close(&spool);
}
END_TEST

START_TEST(test_removed_meanwhile)
{
	static const enum store_settle_end ends[] = {STORE_SETTLE_GOES_ON, STORE_SETTLE_STAYS,
						     STORE_SETTLE_FINISHED};
	struct spool spool;

	spool_open(&spool);
	for (size_t i = 0; i < 3; i++) {
		struct store_last last = {.code = 450};
		struct store_settle_attempt attempt = {.at = 1, .text = "x"};
		struct store_settle_recipient gone = {.state = STORE_RECIPIENT_FAILED};
		struct spool_message message = spool_arrive(&spool, "x.example", 2, 1000);
		struct store_settle settle = {.delivery_id = message.delivery_id,
					      .end = ends[i],
					      .recipients = &gone,
					      .recipients_count = 1,
					      .last = &last,
					      .attempt = &attempt};

		gone.id = message.recipient_ids[0];
		spool_sql(spool.other, "DELETE FROM message");
		store_settle_init(&settle, NULL, NULL);
		store_turn_add(spool.store, &settle.op);
		spool_turns(&spool);
		ck_assert(!settle.op.failed);
		ck_assert(settle.removed_meanwhile);
		ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM attempt"), 0);
		ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM recipient"), 0);
		ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM delivery"), 0);
		spool_assert_consistent(&spool);
	}
	spool_close(&spool);
}
END_TEST

START_TEST(test_change)
{
	struct spool spool;
	struct store_delivery_change change = {.fields = STORE_DELIVERY_STATE |
							 STORE_DELIVERY_NEXT_NOTIFY,
					       .state = STORE_DELIVERY_HELD,
					       .notify_num = 1};
	struct spool_message message;

	spool_open(&spool);
	message = spool_arrive(&spool, "x.example", 1, 1000);
	change.delivery_id = message.delivery_id;
	store_delivery_change_init(&change, NULL, NULL);
	store_turn_add(spool.store, &change.op);
	spool_turns(&spool);
	ck_assert(!change.removed_meanwhile);
	ck_assert_int_eq(spool_number(spool.other,
				      "SELECT count(*) FROM delivery WHERE state = 2 AND notify_num"
				      " = 1 AND next_notify_at IS NULL AND next_attempt_at = 1000"),
			 1);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM edited"), 0);
	spool_assert_consistent(&spool);
	change.delivery_id = 999999;
	store_delivery_change_init(&change, NULL, NULL);
	store_turn_add(spool.store, &change.op);
	spool_turns(&spool);
	ck_assert(change.removed_meanwhile);
	spool_close(&spool);
}
END_TEST

/* A fixed sequence of numbers, so that a failure can be seen again. */
static uint32_t
history_random(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(*seed >> 33) % below;
}

static void
history_shell(struct spool *spool, uint64_t *seed)
{
	static const char *const edits[] = {
	    "DELETE FROM message WHERE id % 7 = ?1",
	    "DELETE FROM delivery WHERE id % 11 = ?1",
	    "DELETE FROM recipient WHERE id % 13 = ?1",
	    "UPDATE delivery SET next_attempt_at = ?1 WHERE id % 3 = 0",
	    "UPDATE delivery SET state = 2 WHERE id % 5 = ?1",
	    "UPDATE delivery SET state = 0 WHERE id % 4 = ?1",
	    "UPDATE delivery SET retry_num = ?1 WHERE id % 9 = 1",
	    "UPDATE domain SET suspended_until = ?1",
	    "UPDATE delivery SET expires_at = NULL WHERE id % 5 = ?1",
	    "UPDATE recipient SET address = 'other@x.example' WHERE id % 17 = ?1",
	};
	size_t which = history_random(seed, sizeof(edits) / sizeof(edits[0]));
	sqlite3_stmt *stmt = NULL;

	spool_sql(spool->other, "PRAGMA foreign_keys = OFF");
	ck_assert_int_eq(sqlite3_prepare_v2(spool->other, edits[which], -1, &stmt, NULL),
			 SQLITE_OK);
	sqlite3_bind_int64(stmt, 1, history_random(seed, 5));
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_DONE);
	sqlite3_finalize(stmt);
}

/* The master's own steps, on a delivery chosen blindly: it may be gone. */
static void
history_master(struct spool *spool, uint64_t *seed, int64_t last_delivery)
{
	int64_t id = 1 + history_random(seed, (uint32_t)last_delivery);
	struct store_mass mass = {.selector = {.domain = "d3.example"}, .now = 77};
	struct store_edited_clean clean = {0};

	switch (history_random(seed, 6)) {
	case 0:
	case 1:
		spool_finish(spool, id);
		break;
	case 2:
	case 3:
		spool_defer(spool, id, 1 + history_random(seed, 20), 2000);
		break;
	case 4:
		mass.action = (enum store_mass_action)history_random(seed, 3);
		store_mass_init(&mass, NULL, NULL);
		store_turn_add(spool->store, &mass.op);
		break;
	case 5:
		store_edited_clean_init(&clean, NULL, NULL);
		store_turn_add(spool->store, &clean.op);
		break;
	}
	spool_turns(spool);
	store_edited_others_wrote(spool->store);
}

START_TEST(test_long_random_history)
{
	uint64_t seed = 42 + (uint64_t)_i;
	struct spool spool;
	int64_t last = 1;

	spool_open(&spool);
	for (int turn = 0; turn < 600; turn++) {
		char domain[32];

		snprintf(domain, sizeof(domain), "d%u.example", history_random(&seed, 6));
		switch (history_random(&seed, 8)) {
		case 0:
			history_shell(&spool, &seed);
			break;
		case 1:
		case 2:
		case 3:
			history_master(&spool, &seed, last);
			break;
		case 4:
			if (history_random(&seed, 10) == 0)
				spool_reopen(&spool);
			break;
		default:
			last = spool_arrive(&spool, domain, 1 + (int)history_random(&seed, 4), 1000)
				   .delivery_id;
		}
		if (turn % 10 == 0)
			spool_assert_consistent(&spool);
	}
	spool_assert_consistent(&spool);
	spool_sql(spool.other, "DELETE FROM message");
	spool_assert_consistent(&spool);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM recipient"), 0);
	spool_close(&spool);
}
END_TEST

static Suite *
settle_suite(void)
{
	Suite *suite = suite_create("settle");
	TCase *tcase = tcase_create("settle");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, test_everything_comes_back);
	tcase_add_test(tcase, test_stays_then_finishes);
	tcase_add_test(tcase, test_removed_meanwhile);
	tcase_add_test(tcase, test_change);
	tcase_add_loop_test(tcase, test_long_random_history, 0, 3);
	return suite;
}

UNIT_MAIN(settle_suite)
