#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/why.h"
#include "master/store/db.h"
#include "master/store/delivery.h"
#include "master/store/edited.h"
#include "master/store/lane.h"
#include "master/store/store.h"
#include "tests/unit/master/store/spool.h"
#include "tests/unit/unit.h"

static bool
lane_is_odd(void *arg, int64_t id)
{
	return id % 2 == 1;
}

static int
lane_due(struct spool *spool, int64_t lane, struct store_lane_cursor *cursor, int64_t *ids,
	 int most)
{
	struct store_lane_due due = {.lane_id = lane, .now = 1000, .cursor = cursor};
	bool more;
	int n = store_lane_due(spool->store, &due, ids, most, &more, NULL);

	ck_assert_int_ge(n, 0);
	ck_assert(more == (n == most));
	return n;
}

START_TEST(test_due_order)
{
	struct spool spool;
	struct spool_message m[6];
	struct store_lane_cursor cursor = {0};
	struct store_lane_due due = {.now = 1000, .held = lane_is_odd, .cursor = &cursor};
	int64_t ids[10];
	int64_t at;
	bool more;

	spool_open(&spool);
	m[0] = spool_arrive(&spool, "x.example", 1, 900);
	m[1] = spool_arrive(&spool, "x.example", 1, 500);
	m[2] = spool_arrive(&spool, "x.example", 1, 900);
	m[3] = spool_arrive(&spool, "x.example", 1, 100);
	m[4] = spool_arrive(&spool, "x.example", 1, 1500);
	m[5] = spool_arrive(&spool, "x.example", 1, 700);
	spool_arrive(&spool, "y.example", 1, 1);
	spool_defer(&spool, m[3].delivery_id, 1, 200);
	spool_sql(spool.other, "UPDATE delivery SET state = 2 WHERE next_attempt_at = 700");
	ck_assert_int_eq(lane_due(&spool, m[0].lane_id, &cursor, ids, 10), 4);
	ck_assert_int_eq(ids[0], m[1].delivery_id);
	ck_assert_int_eq(ids[1], m[0].delivery_id);
	ck_assert_int_eq(ids[2], m[2].delivery_id);
	ck_assert_int_eq(ids[3], m[3].delivery_id);
	ck_assert_int_eq(lane_due(&spool, m[0].lane_id, &cursor, ids, 10), 0);
	cursor = (struct store_lane_cursor){0};
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(lane_due(&spool, m[0].lane_id, &cursor, &ids[i], 1), 1);
	ck_assert_int_eq(ids[3], m[3].delivery_id);
	cursor = (struct store_lane_cursor){0};
	due.lane_id = m[0].lane_id;
	for (int i = store_lane_due(spool.store, &due, ids, 10, &more, NULL); i-- > 0;)
		ck_assert_int_eq(ids[i] % 2, 0);
	ck_assert(store_lane_next_due(spool.store, m[0].lane_id, 1000, &at, NULL));
	ck_assert_int_eq(at, 1500);
	ck_assert(store_lane_next_due(spool.store, m[0].lane_id, 1500, &at, NULL));
	ck_assert_int_eq(at, 0);
	spool_close(&spool);
}
END_TEST

struct lane_seen {
	int count;
	struct store_lane last;
	char domain[64];
};

static void
lane_note(void *arg, const struct store_lane *lane)
{
	struct lane_seen *seen = arg;

	seen->count++;
	seen->last = *lane;
	snprintf(seen->domain, sizeof(seen->domain), "%s", lane->domain);
}

START_TEST(test_lanes_at_start)
{
	struct spool spool;
	struct lane_seen seen = {0};
	struct spool_message a;
	int64_t cursor = 0;

	spool_open(&spool);
	a = spool_arrive(&spool, "a.example", 1, 100);
	for (int i = 0; i < 10; i++) {
		char domain[32];

		snprintf(domain, sizeof(domain), "d%d.example", i);
		spool_arrive(&spool, domain, 1, 200 + i);
	}
	spool_defer(&spool, a.delivery_id, 1, 700);
	spool_arrive(&spool, "a.example", 1, 150);
	spool_sql(spool.other, "UPDATE delivery SET state = 2 WHERE next_attempt_at = 205");
	spool_sql(spool.other, "UPDATE domain SET suspended_until = 99 WHERE name = 'a.example'");
	while (cursor >= 0)
		ck_assert(store_lane_each(spool.store, &cursor, 3, lane_note, &seen, NULL));
	ck_assert_int_eq(seen.count, 10);
	ck_assert(store_lane_read(spool.store, a.lane_id, lane_note, &seen, NULL));
	ck_assert_str_eq(seen.domain, "a.example");
	ck_assert_int_eq(seen.last.earliest_first, 150);
	ck_assert_int_eq(seen.last.earliest_retry, 700);
	ck_assert_int_eq(seen.last.suspended_until, 99);
	ck_assert_uint_eq(seen.last.queued, 1);
	ck_assert_uint_eq(seen.last.deferred, 1);
	ck_assert(store_lane_read(spool.store, 999999, lane_note, &seen, NULL));
	ck_assert_int_eq(seen.count, 11);
	spool_close(&spool);
}
END_TEST

START_TEST(test_wakes)
{
	struct spool spool;
	struct store_delivery_cursor cursor = {0};
	struct store_delivery_wake wakes[10];
	struct spool_message a;
	struct spool_message b;
	int64_t at;

	spool_open(&spool);
	ck_assert(store_delivery_next_wake(spool.store, &at, NULL));
	ck_assert_int_eq(at, 0);
	a = spool_arrive(&spool, "a.example", 1, 100);
	b = spool_arrive(&spool, "a.example", 1, 50);
	spool_arrive(&spool, "a.example", 1, 70);
	spool_sql(spool.other, "UPDATE delivery SET state = 2 WHERE next_attempt_at = 70");
	spool_sql(spool.other,
		  "UPDATE delivery SET next_notify_at = NULL WHERE next_attempt_at = 50");
	ck_assert(store_delivery_next_wake(spool.store, &at, NULL));
	ck_assert_int_eq(at, 86500);
	ck_assert_int_eq(store_delivery_wakes(spool.store, 86499, &cursor, wakes, 10, NULL), 0);
	ck_assert_int_eq(store_delivery_wakes(spool.store, 432050, &cursor, wakes, 1, NULL), 1);
	ck_assert_int_eq(wakes[0].id, a.delivery_id);
	ck_assert_int_eq(wakes[0].next_notify_at, 86500);
	ck_assert_int_eq(store_delivery_wakes(spool.store, 432050, &cursor, wakes, 10, NULL), 1);
	ck_assert_int_eq(wakes[0].id, b.delivery_id);
	ck_assert_int_eq(wakes[0].next_notify_at, 0);
	ck_assert_int_eq(wakes[0].expires_at, 432050);
	ck_assert_int_eq(store_delivery_wakes(spool.store, 432050, &cursor, wakes, 10, NULL), 0);
	spool_close(&spool);
}
END_TEST

/* Whatever the shell does is listed; what the daemon does is not. */
START_TEST(test_edits_of_others_are_listed)
{
	static const char *const edits[] = {
	    "UPDATE delivery SET next_attempt_at = 5",
	    "UPDATE delivery SET state = 2",
	    "DELETE FROM message WHERE id = (SELECT min(id) FROM message)",
	    "DELETE FROM delivery WHERE id = (SELECT min(id) FROM delivery)",
	    "DELETE FROM recipient WHERE id = (SELECT min(id) FROM recipient)",
	    "UPDATE domain SET suspended_until = 5",
	};
	struct spool spool;
	int64_t lanes[4];
	struct store_edited_clear clear = {.ids = lanes, .count = 1};

	spool_open(&spool);
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		struct spool_message m = spool_arrive(&spool, "a.example", 2, 100);

		spool_arrive(&spool, "a.example", 2, 100);
		spool_defer(&spool, m.delivery_id, 1, 200);
		ck_assert(!store_edited_others_wrote(spool.store));
		ck_assert_int_eq(store_edited_lanes(spool.store, lanes, 4, NULL), 0);
		spool_sql(spool.other, edits[i]);
		ck_assert(store_edited_others_wrote(spool.store));
		ck_assert(!store_edited_others_wrote(spool.store));
		ck_assert_msg(store_edited_lanes(spool.store, lanes, 4, NULL) == 1, "%s", edits[i]);
		ck_assert_int_eq(lanes[0], m.lane_id);
		store_edited_clear_init(&clear, NULL, NULL);
		store_turn_add(spool.store, &clear.op);
		spool_turns(&spool);
		ck_assert_int_eq(store_edited_lanes(spool.store, lanes, 4, NULL), 0);
		spool_assert_consistent(&spool);
	}
	spool_close(&spool);
}
END_TEST

START_TEST(test_last_recipient_takes_the_delivery)
{
	struct spool spool;

	spool_open(&spool);
	spool_arrive(&spool, "a.example", 2, 100);
	spool_sql(spool.other, "DELETE FROM recipient WHERE address LIKE 'user0%'");
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM delivery"), 1);
	spool_sql(spool.other, "DELETE FROM recipient WHERE address LIKE 'user1%'");
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM message"), 0);
	spool_assert_consistent(&spool);
	spool_close(&spool);
}
END_TEST

START_TEST(test_suspend_and_clean)
{
	struct spool spool;
	struct store_edited_suspend suspend = {
	    .domain = "a.example", .until = STORE_EDITED_FOREVER, .reason = "asked"};
	struct store_edited_clean clean = {0};
	struct spool_message a;
	struct spool_message again;

	spool_open(&spool);
	a = spool_arrive(&spool, "a.example", 1, 100);
	spool_arrive(&spool, "b.example", 1, 100);
	spool_finish(&spool, spool_arrive(&spool, "c.example", 1, 100).delivery_id);
	store_edited_suspend_init(&suspend, NULL, NULL);
	store_turn_add(spool.store, &suspend.op);
	spool_turns(&spool);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM v_domain WHERE"
						   " suspended_until = '9999-12-31 23:59:59'"),
			 1);
	spool_finish(&spool, a.delivery_id);
	ck_assert_int_eq(sqlite3_exec(spool.other, "DELETE FROM lane", NULL, NULL, NULL),
			 SQLITE_CONSTRAINT);
	store_edited_clean_init(&clean, NULL, NULL);
	store_turn_add(spool.store, &clean.op);
	spool_turns(&spool);
	ck_assert_uint_eq(clean.removed, 2);
	ck_assert_int_eq(clean.next, 0);
	/* The suspended one is kept. */
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM domain"), 2);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM lane"), 1);
	again = spool_arrive(&spool, "a.example", 1, 100);
	ck_assert_int_gt(again.lane_id, a.lane_id);
	spool_assert_consistent(&spool);
	spool_close(&spool);
}
END_TEST

/* The statements really used, as the connection keeps them: none of them reads a table through. */
START_TEST(test_plans)
{
	static const struct {
		const char *part; /* of the statement */
		const char *plan; /* must be in its plan */
	} wanted[] = {
	    {"FROM delivery WHERE lane_id = ?1 AND (retry_num > 0) = ?2 AND state = 0 AND"
	     " next_attempt_at <=",
	     "USING INDEX delivery_due (lane_id=? AND <expr>=? AND next_attempt_at>?"},
	    {"next_attempt_at > ?3 ORDER BY next_attempt_at LIMIT 1", "INDEX delivery_due"},
	    {"WHERE l.id > ?1 AND (l.queued", "SEARCH l USING INTEGER PRIMARY KEY (rowid>?)"},
	    {"WHERE l.id = ?1", "INDEX delivery_due (lane_id=? AND <expr>=?)"},
	    {"(wake_at, id) > (?2, ?3)", "INDEX delivery_wake (wake_at>?"},
	    {"wake_at IS NOT NULL", "INDEX delivery_wake"},
	    {"FROM recipient WHERE delivery_id", "INDEX recipient_delivery (delivery_id=?)"},
	    {"LEFT JOIN message", "SEARCH m USING INTEGER PRIMARY KEY"},
	    {"DELETE FROM delivery WHERE id", "SEARCH delivery USING INTEGER PRIMARY KEY"},
	    {"UPDATE OR FAIL delivery SET rev = rev + 1, retry_num", "USING INTEGER PRIMARY KEY"},
	    {"SELECT id FROM domain", "USING COVERING INDEX sqlite_autoindex_domain_1"},
	};
	struct spool spool;
	struct spool_message m;
	struct lane_seen seen = {0};
	struct store_lane_cursor cursor = {0};
	struct store_delivery_cursor wake = {0};
	struct store_delivery_wake wakes[1];
	struct arena *arena = arena_new();
	int64_t ids[1];
	int64_t at = 0;

	spool_open(&spool);
	m = spool_arrive(&spool, "a.example", 1, 100);
	spool_defer(&spool, m.delivery_id, 1, 100);
	lane_due(&spool, m.lane_id, &cursor, ids, 1);
	store_lane_next_due(spool.store, m.lane_id, 0, &at, NULL);
	store_lane_read(spool.store, m.lane_id, lane_note, &seen, NULL);
	store_delivery_wakes(spool.store, 0, &wake, wakes, 1, NULL);
	store_delivery_next_wake(spool.store, &at, NULL);
	store_delivery_load(spool.store, m.delivery_id, arena, NULL);
	arena_free(&arena);
	spool_finish(&spool, m.delivery_id);
	at = 0;
	store_lane_each(spool.store, &at, 1, lane_note, &seen, NULL);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		sqlite3_stmt *stmt = NULL;
		const char *plan = NULL;

		while ((stmt = sqlite3_next_stmt(spool.store->db, stmt)) != NULL)
			if (strstr(sqlite3_sql(stmt), wanted[i].part) != NULL) {
				plan = spool_plan(spool.store->db, sqlite3_sql(stmt));
				break;
			}
		ck_assert_msg(plan != NULL, "no statement has %s", wanted[i].part);
		ck_assert_msg(strstr(plan, wanted[i].plan) != NULL, "%s: %s", wanted[i].part, plan);
		ck_assert_msg(strstr(plan, "SCAN") == NULL, "%s: %s", wanted[i].part, plan);
		ck_assert_msg(strstr(plan, "TEMP B-TREE") == NULL, "%s: %s", wanted[i].part, plan);
	}
	spool_close(&spool);
}
END_TEST

static Suite *
lane_suite(void)
{
	Suite *suite = suite_create("lane");
	TCase *tcase = tcase_create("lane");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_due_order);
	tcase_add_test(tcase, test_lanes_at_start);
	tcase_add_test(tcase, test_wakes);
	tcase_add_test(tcase, test_edits_of_others_are_listed);
	tcase_add_test(tcase, test_last_recipient_takes_the_delivery);
	tcase_add_test(tcase, test_suspend_and_clean);
	tcase_add_test(tcase, test_plans);
	return suite;
}

UNIT_MAIN(lane_suite)
