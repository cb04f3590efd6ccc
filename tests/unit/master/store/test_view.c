#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "common/why.h"
#include "master/store/db.h"
#include "master/store/selector.h"
#include "master/store/store.h"
#include "master/store/view.h"
#include "tests/unit/master/store/spool.h"
#include "tests/unit/unit.h"

START_TEST(test_columns_are_the_contract)
{
	static const struct {
		const char *view;
		const char *columns;
	} views[] = {
	    {"v_queue", "delivery_id message_id sender domain recipients size state retry_num"
			" created_at next_attempt_at expires_at last_attempt_at last_host last_code"
			" last_reply "},
	    {"v_recipient", "recipient_id delivery_id message_id sender address domain state code"
			    " enhanced reply orcpt notify "},
	    {"v_attempt", "attempt_id delivery_id message_id domain retry_num at step code enhanced"
			  " reply hosts "},
	    {"v_domain", "domain_id domain deliveries queued deferred held suspended_until"
			 " suspended_why "},
	    {"v_state", "state deliveries "},
	    {"v_message", "message_id sender created_at size deliveries recipients priority tag"
			  " envid ret eight_bit smtputf8 requiretls origin arrived_from segment_id"
			  " offset "},
	};
	struct spool spool;

	spool_open(&spool);
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		char sql[64];
		struct str names = {0};
		sqlite3_stmt *stmt = NULL;

		snprintf(sql, sizeof(sql), "SELECT * FROM %s", views[i].view);
		ck_assert_int_eq(sqlite3_prepare_v2(spool.other, sql, -1, &stmt, NULL), SQLITE_OK);
		for (int k = 0; k < sqlite3_column_count(stmt); k++)
			str_printf(&names, "%s ", sqlite3_column_name(stmt, k));
		ck_assert_str_eq(names.data, views[i].columns);
		sqlite3_finalize(stmt);
		str_free(&names);
	}
	spool_close(&spool);
}
END_TEST

START_TEST(test_views_show)
{
	static const char *const one[] = {
	    "SELECT count(*) FROM v_queue WHERE state = 'deferred' AND domain = 'a.example'"
	    " AND recipients = 2 AND size = 1000 AND sender = 'sender@s.example'"
	    " AND created_at = '1970-01-01 00:01:40' AND next_attempt_at = '2026-11-21 17:00:00'"
	    " AND last_code = 450 AND expires_at = '1970-01-06 00:01:40'",
	    "SELECT count(*) FROM v_queue WHERE state = 'held'",
	    "SELECT count(*) FROM v_queue WHERE state = 'queued'",
	    "SELECT count(*) FROM v_attempt WHERE domain = 'a.example' AND code = 450"
	    " AND hosts LIKE 'mx %'",
	    "SELECT count(*) FROM v_domain WHERE domain = 'b.example' AND deliveries = 2"
	    " AND held = 1 AND queued = 1 AND deferred = 0",
	    "SELECT count(*) FROM v_state WHERE state = 'deferred' AND deliveries = 1",
	    "SELECT count(*) FROM v_message WHERE recipients = 2 AND deliveries = 1",
	    "SELECT count(*) FROM v_recipient WHERE address = 'user1@a.example'"
	    " AND state = 'pending'",
	};
	struct spool spool;
	struct spool_message m;

	spool_open(&spool);
	m = spool_arrive(&spool, "a.example", 2, 100);
	spool_defer(&spool, m.delivery_id, 1, 1795280400);
	spool_arrive(&spool, "b.example", 1, 100);
	spool_arrive(&spool, "b.example", 1, 101);
	spool_sql(spool.other, "UPDATE delivery SET state = 2 WHERE next_attempt_at = 101");
	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++)
		ck_assert_msg(spool_number(spool.other, one[i]) == 1, "%s", one[i]);
	spool_close(&spool);
}
END_TEST

START_TEST(test_counting_needs_no_delivery)
{
	static const char *const queries[] = {
	    "SELECT * FROM v_domain",
	    "SELECT * FROM v_state",
	    "SELECT sum(deliveries) FROM v_domain",
	};
	struct spool spool;

	spool_open(&spool);
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		ck_assert_ptr_null(strstr(spool_plan(spool.other, queries[i]), "delivery"));
	ck_assert_ptr_nonnull(
	    strstr(spool_plan(spool.other, "SELECT count(*) FROM v_queue"), "COVERING INDEX"));
	ck_assert_ptr_nonnull(
	    strstr(spool_plan(spool.other, "SELECT * FROM v_domain WHERE domain = 'a'"),
		   "sqlite_autoindex_domain_1 (name=?)"));
	ck_assert_ptr_nonnull(
	    strstr(spool_plan(spool.other, "SELECT * FROM v_recipient WHERE message_id = 1"),
		   "delivery_message"));
	spool_close(&spool);
}
END_TEST

struct view_text {
	struct str str;
	int rows;
	int most; /* rows wanted; 0: all */
};

static bool
view_note(void *arg, const struct store_view_column *columns, size_t n)
{
	struct view_text *text = arg;

	for (size_t i = 0; i < n; i++) {
		str_printf(&text->str, "%s=", columns[i].name);
		if (columns[i].type == STORE_VIEW_TEXT)
			str_bytes(&text->str, columns[i].text, columns[i].len);
		else if (columns[i].type == STORE_VIEW_INTEGER)
			str_printf(&text->str, "%lld", (long long)columns[i].integer);
		str_char(&text->str, i + 1 < n ? ' ' : '\n');
	}
	return ++text->rows != text->most;
}

START_TEST(test_list)
{
	struct spool spool;
	struct view_text text = {0};
	struct store_view_out out = {view_note, &text};
	struct store_selector all = {.all = true};
	struct store_selector held = {.state = STORE_SELECTOR_HELD};
	int64_t cursor = 0;

	spool_open(&spool);
	for (int i = 0; i < 25; i++)
		spool_arrive(&spool, "a.example", 1, 100 + i);
	spool_sql(spool.other, "UPDATE delivery SET state = 2 WHERE next_attempt_at = 107");
	while (cursor >= 0)
		ck_assert(store_view_list(spool.store, &all, &cursor, 10, out, NULL));
	ck_assert_int_eq(text.rows, 25);
	ck_assert_ptr_nonnull(strstr(str_c(&text.str), "domain=a.example recipients=1 size=1000"
						       " state=held retry_num=0 created_at=107"));
	text.rows = 0;
	cursor = 0;
	ck_assert(store_view_list(spool.store, &held, &cursor, 10, out, NULL));
	ck_assert_int_eq(text.rows, 1);
	ck_assert_int_eq(cursor, -1);
	text = (struct view_text){.str = text.str, .most = 3};
	cursor = 0;
	ck_assert(store_view_list(spool.store, &all, &cursor, 10, out, NULL));
	ck_assert_int_eq(text.rows, 3);
	ck_assert_int_gt(cursor, 0);
	str_free(&text.str);
	spool_close(&spool);
}
END_TEST

START_TEST(test_message_and_counts)
{
	static const struct {
		enum store_view_part part;
		int rows;
		const char *text;
	} parts[] = {
	    {STORE_VIEW_MESSAGE, 1, "sender=sender@s.example created_at=100 size=1000"},
	    {STORE_VIEW_DELIVERIES, 1, "domain=a.example state=deferred"},
	    {STORE_VIEW_RECIPIENTS, 3, "address=user2@a.example"},
	    {STORE_VIEW_ATTEMPTS, 1, "hosts=mx [192.0.2.1] 450"},
	};
	struct spool spool;
	struct spool_message m;
	struct view_text text = {0};
	struct store_view_out out = {view_note, &text};
	struct store_view_counts counts;
	int64_t cursor;

	spool_open(&spool);
	m = spool_arrive(&spool, "a.example", 3, 100);
	spool_arrive(&spool, "b.example", 3, 100);
	spool_defer(&spool, m.delivery_id, 1, 900);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		cursor = 0;
		text.rows = 0;
		str_clear(&text.str);
		ck_assert(store_view_message(spool.store, m.message_id, parts[i].part, &cursor, out,
					     NULL));
		ck_assert_int_eq(cursor, -1);
		ck_assert_int_eq(text.rows, parts[i].rows);
		ck_assert_msg(strstr(str_c(&text.str), parts[i].text) != NULL, "%s",
			      str_c(&text.str));
	}
	cursor = 0;
	str_clear(&text.str);
	ck_assert(store_view_domains(spool.store, &cursor, out, NULL));
	ck_assert_ptr_nonnull(strstr(str_c(&text.str), "domain=b.example deliveries=1 queued=1"));
	ck_assert(store_view_counts(spool.store, &counts, NULL));
	ck_assert_uint_eq(counts.messages, 2);
	ck_assert_uint_eq(counts.queued, 1);
	ck_assert_uint_eq(counts.deferred, 1);
	ck_assert_uint_eq(counts.held, 0);
	str_free(&text.str);
	spool_close(&spool);
}
END_TEST

static Suite *
view_suite(void)
{
	Suite *suite = suite_create("view");
	TCase *tcase = tcase_create("view");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_columns_are_the_contract);
	tcase_add_test(tcase, test_views_show);
	tcase_add_test(tcase, test_counting_needs_no_delivery);
	tcase_add_test(tcase, test_list);
	tcase_add_test(tcase, test_message_and_counts);
	return suite;
}

UNIT_MAIN(view_suite)
