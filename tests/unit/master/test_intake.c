#include "master/intake.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/str.h"
#include "common/why.h"
#include "master/lend.h"
#include "master/pool/worker.h"
#include "master/sched/sched.h"
#include "master/store/store.h"
#include "master/store/turn.h"
#include "tests/unit/master/door.h"
#include "tests/unit/unit.h"

enum { TEST_SIZE = 100 };

/* A worker with a segment in which ten messages of TEST_SIZE lie. */
struct test {
	struct door door;
	struct pool_worker *worker;
	struct proto_submit submit; /* the next of them */
};

static void
test_open(struct test *test)
{
	door_open(&test->door, NULL);
	test->submit = (struct proto_submit){
	    .ticket = 1, .sender = slice_of("a@S.example"), .size = TEST_SIZE};
	test->worker = door_worker_with(&test->door, &test->submit.segment);
	door_append(&test->door, test->submit.segment, 10 * TEST_SIZE);
}

static void
test_next(struct test *test)
{
	test->submit.ticket++;
	test->submit.offset += TEST_SIZE;
	test->submit.more = false;
}

static bool
test_submit(struct test *test, const char *addresses)
{
	return door_submit_to(&test->door, test->worker, &test->submit, addresses);
}

static int64_t
test_count(struct test *test, const char *table)
{
	return field_number(&test->door.field, "SELECT count(*) FROM %s", table);
}

START_TEST(test_one_packet)
{
	struct test test;
	uint64_t id;

	test_open(&test);
	ck_assert(test_submit(&test, "b@x.example"));
	door_expect_silence(&test.door);
	ck_assert_uint_eq(intake_accepted(test.door.intake), 0);
	ck_assert_int_eq(test_count(&test, "message"), 0);
	door_commit(&test.door);
	id = door_take_accept(&test.door, test.worker, 1);
	ck_assert_uint_eq(intake_accepted(test.door.intake), 1);
	ck_assert_int_eq(field_number(&test.door.field,
				      "SELECT count(*) FROM message WHERE id = %llu AND sender ="
				      " 'a@S.example' AND size = 100 AND offset = 0 AND"
				      " segment_id = %llu AND origin = '192.0.2.7' AND tag IS NULL"
				      " AND envid IS NULL AND arrived_from IS NULL",
				      (unsigned long long)id,
				      (unsigned long long)test.submit.segment),
			 1);
	door_expect_silence(&test.door);
	door_close(&test.door);
}
END_TEST

/* Every field arrives in its column. */
START_TEST(test_fields)
{
	static const struct proto_recipient recipients[] = {
	    {.address = {"b@x.example", 11}, .orcpt = {"rfc822;b+2Bc@x", 14}, .notify = 6},
	    {.address = {"c@x.example", 11}, .notify = 1},
	};
	struct test test;

	test_open(&test);
	test.submit.envid = slice_of("id+20x");
	test.submit.ret = PROTO_RET_HDRS;
	test.submit.priority = -4;
	test.submit.smtputf8 = test.submit.requiretls = true;
	test.submit.eight_bit = test.submit.needs_stuffing = true;
	test.submit.tag = slice_of("spring");
	test.submit.client = slice_of("uid 1000");
	test.submit.client_name = slice_of("client.example");
	test.submit.crc32c = 0xfedcba98;
	test.submit.longest_line = 998;
	test.submit.recipients = recipients;
	test.submit.recipient_count = 2;
	ck_assert(door_submit(&test.door, test.worker, &test.submit));
	door_commit(&test.door);
	door_take_accept(&test.door, test.worker, 1);
	ck_assert_int_eq(
	    field_number(&test.door.field,
			 "SELECT count(*) FROM message WHERE envid = 'id+20x' AND ret = 2 AND"
			 " priority = -4 AND smtputf8 AND requiretls AND eight_bit AND"
			 " needs_stuffing AND tag = 'spring' AND origin = 'uid 1000' AND"
			 " arrived_from = 'client.example' AND crc32c = 4275878552 AND"
			 " longest_line = 998"),
	    1);
	ck_assert_int_eq(
	    field_number(&test.door.field,
			 "SELECT sum((address = 'b@x.example' AND orcpt = 'rfc822;b+2Bc@x' AND"
			 " notify = 6) + (address = 'c@x.example' AND orcpt IS NULL AND"
			 " notify = 1)) FROM recipient"),
	    2);
	ck_assert_int_eq(
	    field_number(&test.door.field, "SELECT expires_at - next_attempt_at FROM delivery"),
	    432000);
	ck_assert_int_eq(
	    field_number(&test.door.field, "SELECT next_notify_at - next_attempt_at FROM delivery"),
	    86400);
	door_close(&test.door);
}
END_TEST

/* Two messages whose packets come in turns: the first packet of each says what it is. */
START_TEST(test_many_packets)
{
	struct proto_submit first;
	struct test test;
	char address[64];

	test_open(&test);
	test.submit.more = true;
	first = test.submit;
	for (int i = 0; i < 250; i++) {
		snprintf(address, sizeof(address), "a%d@x.example", i);
		first.more = i < 249;
		/* Later packets repeat or leave out the rest: it does not count. */
		if (i > 0)
			first.sender = slice_of("other@s.example");
		ck_assert(door_submit_to(&test.door, test.worker, &first, address));
		if (i == 0)
			test_next(&test);
		test.submit.more = i < 200;
		if (i <= 200)
			ck_assert(test_submit(&test, address));
		door_expect_silence(&test.door);
	}
	door_commit(&test.door);
	ck_assert_uint_lt(door_take_accept(&test.door, test.worker, 2),
			  door_take_accept(&test.door, test.worker, 1));
	door_expect_silence(&test.door);
	ck_assert_int_eq(test_count(&test, "delivery"), 2);
	ck_assert_int_eq(test_count(&test, "recipient"), 451);
	ck_assert_int_eq(test_count(&test, "message WHERE sender = 'a@S.example'"), 2);
	ck_assert_int_eq(field_number(&test.door.field,
				      "SELECT count(*) FROM v_queue WHERE recipients = 250 AND"
				      " sender = 'a@S.example'"),
			 1);
	door_close(&test.door);
}
END_TEST

/* One delivery for each domain, whatever the case and the order; few and many. */
START_TEST(test_domains)
{
	int domains = _i;
	struct test test;
	struct str addresses = {0};

	test_open(&test);
	for (int i = 0; i < 3 * domains; i++)
		str_printf(&addresses, "u%d@%s%d.Example%s ", i, i % 2 ? "d" : "D", i % domains,
			   i % 5 ? "" : ".");
	str_printf(&addresses, "\"odd@d0\"@d0.example");
	ck_assert(test_submit(&test, str_c(&addresses)));
	door_commit(&test.door);
	door_take_accept(&test.door, test.worker, 1);
	ck_assert_int_eq(test_count(&test, "message"), 1);
	ck_assert_int_eq(test_count(&test, "delivery"), domains);
	ck_assert_int_eq(test_count(&test, "recipient"), 3 * domains + 1);
	ck_assert_int_eq(test_count(&test, "v_queue WHERE recipients = 3"), domains - 1);
	for (int i = 0; i < domains; i++)
		ck_assert_int_eq(field_number(&test.door.field,
					      "SELECT recipients FROM v_queue WHERE domain ="
					      " 'd%d.example'",
					      i),
				 i == 0 ? 4 : 3);
	str_free(&addresses);
	door_close(&test.door);
}
END_TEST

/* Kept as they were said: to drop what is named twice is the submit worker's. */
START_TEST(test_twice)
{
	struct test test;

	test_open(&test);
	ck_assert(test_submit(&test, "b@x.example b@x.example B@X.example"));
	door_commit(&test.door);
	door_take_accept(&test.door, test.worker, 1);
	ck_assert_int_eq(test_count(&test, "delivery"), 1);
	ck_assert_int_eq(test_count(&test, "recipient"), 3);
	door_close(&test.door);
}
END_TEST

START_TEST(test_postmaster)
{
	struct test test;

	test_open(&test);
	test.submit.sender = slice_of("");
	ck_assert(test_submit(&test, "postmaster b@x.example Postmaster"));
	door_commit(&test.door);
	door_take_accept(&test.door, test.worker, 1);
	ck_assert_int_eq(test_count(&test, "v_queue WHERE domain = '' AND recipients = 2"), 1);
	ck_assert_int_eq(test_count(&test, "v_queue WHERE domain = 'x.example'"), 1);
	ck_assert_int_eq(test_count(&test, "message WHERE sender = ''"), 1);
	door_close(&test.door);
}
END_TEST

/* What a worker cannot say: nothing of it gets into the queue. */
START_TEST(test_lies)
{
	static const struct {
		int64_t segment, offset, size;
	} lies[] = {{1, 0, 0},    {0, 0, -TEST_SIZE}, {0, 0, 10 * TEST_SIZE},
		    {0, 1000, 0}, {0, -1, 0},         {0, 950, 0}};
	char domain[300];
	struct test test;

	test_open(&test);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct proto_submit lie = test.submit;

		lie.segment += (uint64_t)lies[i].segment;
		lie.offset += (uint64_t)lies[i].offset;
		lie.size += (uint64_t)lies[i].size;
		ck_assert(!door_submit_to(&test.door, test.worker, &lie, "b@x.example"));
	}
	memset(domain, 'd', sizeof(domain));
	memcpy(domain, "b@", 2);
	domain[sizeof(domain) - 1] = '\0';
	ck_assert(!test_submit(&test, domain));
	door_kill(&test.door, test.worker);
	door_commit(&test.door);
	door_expect_silence(&test.door);
	ck_assert_int_eq(test_count(&test, "message"), 0);
	door_close(&test.door);
}
END_TEST

/* The place of the first message is taken: what overlaps it is a lie, what follows is not. */
START_TEST(test_places)
{
	struct test test;

	test_open(&test);
	ck_assert(test_submit(&test, "b@x.example"));
	ck_assert(!test_submit(&test, "b@x.example"));
	test.submit.offset = TEST_SIZE - 1;
	ck_assert(!test_submit(&test, "b@x.example"));
	test.submit.offset = 3 * TEST_SIZE;
	test.submit.ticket = 2;
	ck_assert(test_submit(&test, "b@x.example"));
	test.submit.offset = 2 * TEST_SIZE;
	ck_assert(!test_submit(&test, "b@x.example"));
	door_commit(&test.door);
	door_take_accept(&test.door, test.worker, 1);
	door_take_accept(&test.door, test.worker, 2);
	door_expect_silence(&test.door);
	ck_assert_int_eq(test_count(&test, "message"), 2);
	door_close(&test.door);
}
END_TEST

/* Every shorter packet, and a longer one. */
START_TEST(test_garbage)
{
	static const struct proto_recipient recipient = {.address = {"b@x.example", 11}};
	struct wire_writer writer;
	struct frame frame;
	char packet[1024];
	struct test test;

	test_open(&test);
	test.submit.recipients = &recipient;
	test.submit.recipient_count = 1;
	frame_begin(&writer, packet, sizeof(packet) - 1, FRAME_SUBMIT);
	proto_submit_put(&writer, &test.submit);
	ck_assert(!writer.failed);
	packet[writer.len] = 0;
	for (size_t len = 2; len <= writer.len + 1; len++) {
		if (len == writer.len)
			continue;
		ck_assert(frame_parse(&frame, packet, len, -1));
		ck_assert(!intake_submit(test.door.intake, test.worker, &frame));
	}
	door_commit(&test.door);
	door_expect_silence(&test.door);
	ck_assert_int_eq(test_count(&test, "message"), 0);
	door_close(&test.door);
}
END_TEST

/* Full, or not to be written: refused with its last packet. Later it goes on. */
START_TEST(test_refused)
{
	struct store *store;
	struct test test;

	test_open(&test);
	store = test.door.field.spool.store;
	intake_set_full(test.door.intake, true);
	test.submit.more = true;
	ck_assert(test_submit(&test, "b@x.example"));
	door_expect_silence(&test.door);
	test.submit.more = false;
	ck_assert(test_submit(&test, "c@x.example"));
	door_take_refuse(&test.door, test.worker, 1);
	intake_set_full(test.door.intake, false);
	store->stats.failing = true;
	test_next(&test);
	ck_assert(test_submit(&test, "b@x.example"));
	door_take_refuse(&test.door, test.worker, 2);
	store->stats.failing = false;
	test_next(&test);
	ck_assert(test_submit(&test, "b@x.example"));
	door_commit(&test.door);
	door_take_accept(&test.door, test.worker, 3);
	door_expect_silence(&test.door);
	ck_assert_int_eq(test_count(&test, "message"), 1);
	ck_assert_uint_eq(intake_accepted(test.door.intake), 1);
	door_close(&test.door);
}
END_TEST

/* One message cannot be written: that one is refused. */
START_TEST(test_not_written)
{
	struct test test;

	test_open(&test);
	field_sql(&test.door.field, "CREATE TRIGGER bad BEFORE INSERT ON recipient WHEN"
				    " new.address = 'bad@x.example' BEGIN"
				    " SELECT raise(ABORT, 'bad'); END");
	ck_assert(test_submit(&test, "b@x.example"));
	test_next(&test);
	ck_assert(test_submit(&test, "b@x.example bad@x.example"));
	test_next(&test);
	ck_assert(test_submit(&test, "b@x.example"));
	door_commit(&test.door);
	door_take_accept(&test.door, test.worker, 1);
	door_take_refuse(&test.door, test.worker, 2);
	door_take_accept(&test.door, test.worker, 3);
	ck_assert_int_eq(test_count(&test, "message"), 2);
	ck_assert_uint_eq(intake_accepted(test.door.intake), 2);
	door_close(&test.door);
}
END_TEST

/* Somebody holds the lock: no answer before the commit. */
START_TEST(test_locked)
{
	struct why why = {0};
	struct test test;

	test_open(&test);
	field_sql(&test.door.field, "BEGIN IMMEDIATE");
	ck_assert(test_submit(&test, "b@x.example"));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(store_turn_run(test.door.field.spool.store, &why),
				 STORE_TURN_BUSY);
	door_expect_silence(&test.door);
	field_sql(&test.door.field, "COMMIT");
	door_commit(&test.door);
	door_take_accept(&test.door, test.worker, 1);
	door_close(&test.door);
}
END_TEST

/* Gone in the middle of a message: it never was. Gone while it is written: it stays. */
START_TEST(test_gone)
{
	struct test test;
	struct pool_worker *dead;

	test_open(&test);
	test.submit.more = true;
	ck_assert(test_submit(&test, "partial@x.example"));
	test_next(&test);
	ck_assert(test_submit(&test, "written@x.example"));
	dead = test.worker;
	/* Another one's ticket of the same number is another message. */
	test.worker = door_worker_with(&test.door, &test.submit.segment);
	door_take_accept(&test.door, dead, 2);
	test.submit.ticket = 3;
	door_append(&test.door, test.submit.segment, 1000);
	test.submit.more = true;
	ck_assert(test_submit(&test, "other@x.example"));
	door_kill(&test.door, dead);
	test.submit.more = false;
	ck_assert(test_submit(&test, "other2@x.example"));
	dead = test.worker;
	test.worker = NULL;
	door_kill(&test.door, dead);
	door_commit(&test.door);
	door_expect_silence(&test.door);
	ck_assert_int_eq(test_count(&test, "message"), 2);
	ck_assert_int_eq(test_count(&test, "recipient WHERE address LIKE 'other%%'"), 2);
	ck_assert_int_eq(test_count(&test, "recipient WHERE address LIKE 'partial%%'"), 0);
	ck_assert_uint_eq(intake_accepted(test.door.intake), 2);
	door_close(&test.door);
}
END_TEST

/* What was accepted leaves in the same turn, without being read again. */
START_TEST(test_leaves)
{
	struct test test;
	struct pool_worker *deliver;
	struct fake_pool_frame *frame;

	test_open(&test);
	deliver = field_worker(&test.door.field);
	ck_assert(test_submit(&test, "b@x.example c@y.example"));
	door_commit(&test.door);
	door_take_accept(&test.door, test.worker, 1);
	for (int i = 0; i < 2; i++) {
		frame = door_take(&test.door, deliver, FRAME_JOB);
		free(frame);
	}
	ck_assert_uint_eq(sched_in_flight(test.door.field.sched), 2);
	door_close(&test.door);
}
END_TEST

/* The daemon ends with messages in all states: no answer, no leak. */
START_TEST(test_end)
{
	struct test test;

	test_open(&test);
	test.submit.more = true;
	ck_assert(test_submit(&test, "b@x.example"));
	test_next(&test);
	ck_assert(test_submit(&test, "b@x.example"));
	door_close(&test.door);
}
END_TEST

static Suite *
test_suite(void)
{
	Suite *suite = suite_create("master/intake");
	TCase *tcase = tcase_create("intake");

	tcase_add_test(tcase, test_one_packet);
	tcase_add_test(tcase, test_fields);
	tcase_add_test(tcase, test_many_packets);
	tcase_add_loop_test(tcase, test_domains, 7, 30);
	tcase_add_test(tcase, test_twice);
	tcase_add_test(tcase, test_postmaster);
	tcase_add_test(tcase, test_lies);
	tcase_add_test(tcase, test_places);
	tcase_add_test(tcase, test_garbage);
	tcase_add_test(tcase, test_refused);
	tcase_add_test(tcase, test_not_written);
	tcase_add_test(tcase, test_locked);
	tcase_add_test(tcase, test_gone);
	tcase_add_test(tcase, test_leaves);
	tcase_add_test(tcase, test_end);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(test_suite)
