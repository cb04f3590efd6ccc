#include <stdio.h>
#include <string.h>

#include "common/map.h"
#include "common/why.h"
#include "master/record.h"
#include "master/sched/sched.h"
#include "master/sched/state.h"
#include "master/store/turn.h"
#include "tests/fake/pool.h"
#include "tests/unit/master/sched/field.h"
#include "tests/unit/unit.h"

/* Dead workers, faults of our own, edits by others, and a queue that cannot be written. */

static const char test_even[] = "[queue.schedule]\nretry = [\"2m\", \"5m\"]\njitter = 0\n";

START_TEST(test_local_faults)
{
	static const int minutes[] = {1, 2, 4, 8, 15, 15};
	struct outcome bind = {.class = OUTCOME_TEMPORARY,
			       .step = OUTCOME_STEP_BIND,
			       .error = OUTCOME_ERROR_IO,
			       .reply = slice_of("no such address"),
			       .local = true};
	struct field field;
	struct field_job job;

	field_open(&field, test_even);
	field_worker(&field);
	field_arrive_at(&field, "a.example");
	for (size_t i = 0; i < 6; i++) {
		field_turn(&field);
		job = field_must_take(&field);
		ck_assert_uint_eq(job.job.facts.retry_num, 0);
		ck_assert(field_result_outcome(&field, &job, job.job.recipients[0].id, &bind));
		ck_assert(field_done(&field, &job, PROTO_DONE_FINISHED));
		field_drop(&job);
		ck_assert_int_eq(field_turn(&field), minutes[i] * 60000);
		ck_assert_int_eq(field_number(&field, "SELECT retry_num FROM delivery"), 0);
		field_pass(&field, minutes[i] * 60);
	}
	/* A real attempt: the next fault begins with a minute again. */
	field_turn(&field);
	job = field_must_take(&field);
	field_answer(&field, &job, OUTCOME_TEMPORARY);
	ck_assert_int_eq(field_turn(&field), 120000);
	field_pass(&field, 120);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert(field_result_outcome(&field, &job, job.job.recipients[0].id, &bind));
	ck_assert(field_done(&field, &job, PROTO_DONE_FINISHED));
	field_drop(&job);
	ck_assert_int_eq(field_turn(&field), 60000);
	ck_assert_int_eq(field_number(&field, "SELECT retry_num FROM delivery"), 1);
	field_close(&field);
}
END_TEST

/* Of two recipients one failed for a reason of ours, one was refused by the peer: it counts. */
START_TEST(test_local_and_peer)
{
	struct outcome local = {.class = OUTCOME_TEMPORARY,
				.step = OUTCOME_STEP_BODY_READ,
				.reply = slice_of("ours"),
				.local = true};
	struct field field;
	struct field_job job;

	field_open(&field, test_even);
	field_worker(&field);
	field_arrive(&field, &(struct field_message){.domain = "a.example", .recipients = 2});
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert(field_result_outcome(&field, &job, job.job.recipients[0].id, &local));
	ck_assert(field_result(&field, &job, 1, OUTCOME_TEMPORARY));
	ck_assert(field_done(&field, &job, PROTO_DONE_FINISHED));
	field_drop(&job);
	ck_assert_int_eq(field_turn(&field), 120000);
	ck_assert_int_eq(field_number(&field, "SELECT last_code FROM delivery"), 450);
	field_close(&field);
}
END_TEST

START_TEST(test_untouched)
{
	struct field field;
	struct field_job job;

	field_open(&field, test_even);
	field_worker(&field);
	field_arrive(&field, &(struct field_message){.domain = "a.example", .recipients = 2});
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert(field_result(&field, &job, 0, OUTCOME_DELIVERED));
	ck_assert(field_done(&field, &job, PROTO_DONE_UNTOUCHED));
	field_drop(&job);
	field_turn(&field);
	/* What was final is written, whatever became of the rest. */
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM recipient WHERE state = 1"), 1);
	job = field_must_take(&field);
	ck_assert_uint_eq(job.job.recipient_count, 1);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	field_turn(&field);
	ck_assert_uint_eq(field_recorded(&field, "delivered", NULL), 2);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

START_TEST(test_lost_before_dot)
{
	struct field field;
	struct field_job job;
	struct field_job other;
	uint64_t id;

	field_open(&field, test_even);
	field_worker(&field);
	id = field_arrive(&field, &(struct field_message){.domain = "a.example", .recipients = 2});
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert(field_result(&field, &job, 0, OUTCOME_DELIVERED));
	field_kill(&field, job.worker);
	field_drop(&job);
	/* Again at once, without the one that is delivered. */
	field_worker(&field);
	field_turn(&field);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM recipient WHERE state = 1"), 1);
	job = field_must_take(&field);
	ck_assert_uint_eq(job.job.recipient_count, 1);
	field_kill(&field, job.worker);
	field_drop(&job);
	/* Twice: by its schedule, alone, and not an attempt. */
	field_worker(&field);
	ck_assert_int_eq(field_turn(&field), 120000);
	ck_assert_int_eq(field_number(&field, "SELECT retry_num FROM delivery"), 0);
	field_arrive_at(&field, "b.example");
	field_turn(&field);
	other = field_must_take(&field);
	field_pass(&field, 120);
	field_turn(&field);
	ck_assert(!field_take(&field, NULL, &job));
	field_answer(&field, &other, OUTCOME_DELIVERED);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert_uint_eq(job.job.deliveries[0], id);
	field_arrive_at(&field, "c.example");
	field_turn(&field);
	ck_assert(!field_take(&field, NULL, &other));
	/* Three times: held. */
	field_kill(&field, job.worker);
	field_drop(&job);
	field_turn(&field);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM delivery WHERE state = 2"), 1);
	ck_assert_int_eq(field_number(&field, "SELECT retry_num FROM delivery WHERE state = 2"), 0);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM recipient WHERE state = 1"), 1);
	ck_assert_ptr_null(sched_where(field.sched, id));
	ck_assert_uint_eq(map_count(field.sched->past), 0);
	field_close(&field);
}
END_TEST

/* No worker is ever empty: after a minute it goes in company rather than never. */
START_TEST(test_alone_in_company)
{
	struct field field;
	struct field_job job;
	struct field_job company;

	field_open(&field, test_even);
	field_arrive_at(&field, "a.example");
	for (int i = 0; i < 2; i++) {
		field_worker(&field);
		field_turn(&field);
		job = field_must_take(&field);
		field_kill(&field, job.worker);
		field_drop(&job);
	}
	field_worker(&field);
	field_arrive_at(&field, "b.example");
	field_turn(&field);
	company = field_must_take(&field);
	field_pass(&field, 120);
	field_turn(&field);
	ck_assert(!field_take(&field, NULL, &job));
	field_pass(&field, 60);
	field_turn(&field);
	job = field_must_take(&field);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	field_answer(&field, &company, OUTCOME_DELIVERED);
	field_turn(&field);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

START_TEST(test_lost_after_dot)
{
	struct field field;
	struct field_job job;

	field_open(&field, test_even);
	field_worker(&field);
	field_arrive(&field, &(struct field_message){.domain = "a.example", .recipients = 2});
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert(field_result(&field, &job, 0, OUTCOME_PERMANENT));
	ck_assert(field_dot(&field, &job));
	field_kill(&field, job.worker);
	field_drop(&job);
	field_worker(&field);
	ck_assert_int_eq(field_turn(&field), 120000);
	ck_assert_uint_eq(field_recorded(&field, "bounced", NULL), 1);
	ck_assert_uint_eq(field_recorded(&field, "deferred", NULL), 1);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

START_TEST(test_broken_channel)
{
	struct field field;
	struct field_job job;
	struct pool_worker *worker;

	field_open(&field, test_even);
	worker = field_worker(&field);
	fake_pool_break(worker);
	field_arrive_at(&field, "a.example");
	ck_assert_int_eq(field_turn(&field), -1);
	ck_assert_int_eq(worker->state, POOL_WORKER_KILLED);
	field_kill(&field, worker);
	field_worker(&field);
	field_turn(&field);
	job = field_must_take(&field);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	field_turn(&field);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

/* The body is not there: a fault of ours, not a loop. */
START_TEST(test_unreadable)
{
	static const int64_t sizes[] = {FIELD_SEGMENT + 1, 200000};
	struct field field;
	struct field_job job;

	field_open(&field, test_even);
	field_worker(&field);
	for (size_t i = 0; i < 2; i++)
		field_arrive(&field,
			     &(struct field_message){.domain = "a.example", .size = sizes[i]});
	field_turn(&field);
	while (field_take(&field, NULL, &job))
		field_answer(&field, &job, OUTCOME_DELIVERED);
	/* Segments that are gone altogether. */
	field_sql(&field, "UPDATE message SET segment_id = 4711, size = 300000");
	field_arrive_at(&field, "b.example");
	field_turn(&field);
	field_sql(&field, "UPDATE message SET segment_id = 4711");
	field_restart(&field);
	field_worker(&field);
	field_pass(&field, 1000);
	ck_assert_int_ge(field_turn(&field), 60000);
	ck_assert(!field_take(&field, NULL, &job));
	ck_assert_int_eq(field_number(&field, "SELECT max(retry_num) FROM delivery"), 0);
	field_sql(&field, "DELETE FROM message");
	field_tick(&field);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

START_TEST(test_edits)
{
	struct field field;
	struct field_job job;
	uint64_t ids[4];

	field_open(&field, test_even);
	for (int i = 0; i < 4; i++)
		ids[i] = field_arrive_at(&field, "a.example");
	field_turn(&field);
	field_sql(&field,
		  "DELETE FROM message WHERE id = (SELECT message_id FROM delivery"
		  " WHERE id = %llu)",
		  (unsigned long long)ids[0]);
	field_sql(&field, "UPDATE delivery SET state = 2 WHERE id = %llu",
		  (unsigned long long)ids[1]);
	field_sql(&field, "UPDATE delivery SET next_attempt_at = %lld WHERE id = %llu",
		  (long long)field_now(&field) + 50, (unsigned long long)ids[2]);
	field_tick(&field);
	field_worker(&field);
	ck_assert_int_eq(field_turn(&field), 50000);
	job = field_must_take(&field);
	ck_assert_uint_eq(job.job.deliveries[0], ids[3]);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	ck_assert(!field_take(&field, NULL, &job));
	field_sql(&field, "UPDATE delivery SET state = 0 WHERE state = 2");
	field_sql(&field, "UPDATE delivery SET next_attempt_at = 1");
	field_tick(&field);
	job = field_must_take(&field);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	job = field_must_take(&field);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	field_turn(&field);
	field_assert_idle(&field);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM message"), 0);
	field_close(&field);
}
END_TEST

/* Seen before the lane can be read again: the row itself is asked. */
START_TEST(test_edit_before_reading)
{
	struct field field;
	struct field_job job;
	uint64_t id;

	field_open(&field, test_even);
	id = field_arrive_at(&field, "a.example");
	field_arrive_at(&field, "a.example");
	field_turn(&field);
	field_sql(&field, "DELETE FROM delivery WHERE id = %llu", (unsigned long long)id);
	sched_tick(field.sched);
	field_worker(&field);
	sched_turn(field.sched);
	job = field_must_take(&field);
	ck_assert_uint_ne(job.job.deliveries[0], id);
	ck_assert(!field_take(&field, NULL, &(struct field_job){0}));
	ck_assert_uint_eq(field_recorded(&field, "removed", NULL), 1);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	field_turn(&field);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

START_TEST(test_removed_meanwhile)
{
	static const enum outcome_class classes[] = {OUTCOME_DELIVERED, OUTCOME_TEMPORARY,
						     OUTCOME_PERMANENT};
	struct field field;
	struct field_job job;

	for (size_t i = 0; i < 3; i++) {
		field_open(&field, test_even);
		field_worker(&field);
		field_arrive_at(&field, "a.example");
		field_turn(&field);
		job = field_must_take(&field);
		field_sql(&field, "DELETE FROM message");
		field_tick(&field);
		field_answer(&field, &job, classes[i]);
		ck_assert_int_eq(field_turn(&field), -1);
		field_assert_idle(&field);
		ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM delivery"), 0);
		ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM attempt"), 0);
		ck_assert_uint_eq(field_recorded(&field, "delivered", NULL), i == 0);
		ck_assert_uint_eq(field_recorded(&field, "removed", NULL), i == 1);
		ck_assert_uint_eq(field_recorded(&field, "bounced", NULL), i == 2);
		field_close(&field);
	}
}
END_TEST

/* The master died between the last recipient's result and the delivery's end. */
START_TEST(test_nothing_left)
{
	struct field field;
	struct field_job job;

	field_open(&field, test_even);
	field_worker(&field);
	field_arrive_at(&field, "a.example");
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert(field_result(&field, &job, 0, OUTCOME_DELIVERED));
	field_turn(&field);
	field_drop(&job);
	field_restart(&field);
	field_worker(&field);
	ck_assert_int_eq(field_turn(&field), -1);
	ck_assert(!field_take(&field, NULL, &job));
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM message"), 0);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

static bool
test_nothing(struct store *store, struct store_op *op, struct why *why)
{
	return true;
}

/* Answers all jobs; how many there were. */
static size_t
test_deliver_all(struct field *field, bool first)
{
	struct field_job job;
	size_t count = 0;

	while (field_take(field, NULL, &job)) {
		if (first && count == 0)
			field_opened(field, &job);
		count++;
		field_answer(field, &job, OUTCOME_DELIVERED);
	}
	return count;
}

/*
 * Somebody holds the lock: results pile up, dispatch goes on to a bound, all is written later.
 * Operations about nothing stand for most of those that wait.
 */
START_TEST(test_locked)
{
	enum { OTHERS = SCHED_PENDING_MOST - 700, MESSAGES = 1000 };
	struct store_op *others = calloc(OTHERS, sizeof(*others));
	struct field field;
	struct why why = {0};
	size_t sent = 0;
	size_t more;

	field_open(&field, "[queue.outbound.connection]\nmax-sessions = 20\n");
	for (int i = 0; i < MESSAGES; i++)
		field_arrive_at(&field, "a.example");
	field_turn(&field);
	field_worker(&field);
	field_sql(&field, "BEGIN IMMEDIATE");
	for (int i = 0; i < OTHERS; i++) {
		others[i].apply = test_nothing;
		store_turn_add(field.spool.store, &others[i]);
	}
	do {
		sched_before_commit(field.sched);
		ck_assert_int_eq(store_turn_run(field.spool.store, &why), STORE_TURN_BUSY);
		sched_turn(field.sched);
		more = test_deliver_all(&field, sent == 0);
		sent += more;
	} while (more > 0);
	ck_assert_uint_lt(sent, MESSAGES);
	ck_assert_uint_ge(store_turn_pending(field.spool.store), SCHED_PENDING_MOST);
	ck_assert_uint_le(store_turn_pending(field.spool.store), SCHED_PENDING_MOST + 200);
	field_sql(&field, "COMMIT");
	do {
		field_turn(&field);
		more = test_deliver_all(&field, false);
		sent += more;
	} while (more > 0);
	ck_assert_uint_eq(sent, MESSAGES);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM message"), 0);
	field_assert_idle(&field);
	field_close(&field);
	free(others);
}
END_TEST

/* An operation that cannot be applied: the delivery is left alone, nothing else suffers. */
START_TEST(test_stuck)
{
	struct field field;
	struct field_job job;
	uint64_t id;

	field_open(&field, test_even);
	field_worker(&field);
	id = field_arrive(&field, &(struct field_message){.domain = "a.example", .recipients = 2});
	field_arrive_at(&field, "b.example");
	field_turn(&field);
	field_sql(&field, "CREATE TRIGGER bad BEFORE UPDATE ON recipient BEGIN"
			  " SELECT raise(ABORT, 'bad'); END");
	field_sql(&field,
		  "CREATE TRIGGER worse BEFORE DELETE ON delivery WHEN old.id = %llu BEGIN"
		  " SELECT raise(ABORT, 'worse'); END",
		  (unsigned long long)id);
	job = field_must_take(&field);
	ck_assert_uint_eq(job.job.deliveries[0], id);
	ck_assert(field_result(&field, &job, 0, OUTCOME_DELIVERED));
	field_turn(&field);
	ck_assert(field_result(&field, &job, 1, OUTCOME_DELIVERED));
	ck_assert(field_done(&field, &job, PROTO_DONE_FINISHED));
	field_drop(&job);
	field_turn(&field);
	ck_assert_str_eq(sched_where(field.sched, id), "stuck");
	job = field_must_take(&field);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	field_turn(&field);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM delivery"), 1);
	ck_assert(!field_take(&field, NULL, &job));
	field_sql(&field, "DROP TRIGGER bad");
	field_sql(&field, "DROP TRIGGER worse");
	field_close(&field);
}
END_TEST

/* A result of one recipient that could not be written is written with the delivery's. */
START_TEST(test_partial_failed)
{
	struct field field;
	struct field_job job;

	field_open(&field, test_even);
	field_worker(&field);
	field_arrive(&field, &(struct field_message){.domain = "a.example", .recipients = 2});
	field_turn(&field);
	field_sql(&field, "CREATE TRIGGER bad BEFORE UPDATE ON recipient BEGIN"
			  " SELECT raise(ABORT, 'bad'); END");
	job = field_must_take(&field);
	ck_assert(field_result(&field, &job, 0, OUTCOME_DELIVERED));
	field_turn(&field);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM recipient WHERE state = 1"), 0);
	field_sql(&field, "DROP TRIGGER bad");
	ck_assert(field_result(&field, &job, 1, OUTCOME_TEMPORARY));
	ck_assert(field_done(&field, &job, PROTO_DONE_FINISHED));
	field_drop(&job);
	field_turn(&field);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM recipient WHERE state = 1"), 1);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

static Suite *
test_suite(void)
{
	Suite *suite = suite_create("misfortune");
	TCase *tcase = tcase_create("misfortune");

	tcase_set_timeout(tcase, 180);
	tcase_add_test(tcase, test_local_faults);
	tcase_add_test(tcase, test_local_and_peer);
	tcase_add_test(tcase, test_untouched);
	tcase_add_test(tcase, test_lost_before_dot);
	tcase_add_test(tcase, test_alone_in_company);
	tcase_add_test(tcase, test_lost_after_dot);
	tcase_add_test(tcase, test_broken_channel);
	tcase_add_test(tcase, test_unreadable);
	tcase_add_test(tcase, test_edits);
	tcase_add_test(tcase, test_edit_before_reading);
	tcase_add_test(tcase, test_removed_meanwhile);
	tcase_add_test(tcase, test_nothing_left);
	tcase_add_test(tcase, test_locked);
	tcase_add_test(tcase, test_stuck);
	tcase_add_test(tcase, test_partial_failed);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(test_suite)
