#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/map.h"
#include "master/sched/sched.h"
#include "master/sched/state.h"
#include "tests/unit/master/sched/field.h"
#include "tests/unit/unit.h"

/* The queue is larger than what is held in memory. */

struct test_count {
	struct map *seen; /* deliveries that were sent */
	size_t jobs;
};

static void
test_once(struct test_count *count, const struct field_job *job)
{
	ck_assert_ptr_null(map_put_id(count->seen, job->job.deliveries[0], count));
	count->jobs++;
}

/* Until nothing moves any more, a few jobs being out at any time. */
static void
test_drain(struct field *field, struct test_count *count)
{
	struct field_job job;
	bool any;

	do {
		any = false;
		field_turn(field);
		ck_assert_uint_le(map_count(field->sched->deliveries), SCHED_HELD_MOST + 4000);
		while (field_take(field, NULL, &job)) {
			any = true;
			test_once(count, &job);
			field_answer(field, &job, OUTCOME_DELIVERED);
		}
	} while (any);
}

static void
test_lanes_are_bounded(struct field *field)
{
	struct sched_lane *lane;
	size_t cursor = 0;

	while ((lane = map_next(field->sched->lanes, &cursor)) != NULL)
		ck_assert_uint_le(lane->waiting_count, SCHED_LANE_MOST);
}

START_TEST(test_one_lane)
{
	struct test_count count = {.seen = map_new()};
	struct field field;

	field_open(&field, NULL);
	for (int i = 0; i < 3000; i++)
		field_arrive_at(&field, "a.example");
	field_turn(&field);
	test_lanes_are_bounded(&field);
	ck_assert_uint_le(map_count(field.sched->deliveries), SCHED_LANE_MOST);
	field_worker(&field);
	test_drain(&field, &count);
	ck_assert_uint_eq(count.jobs, 3000);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM message"), 0);
	field_assert_idle(&field);
	map_free(&count.seen, NULL);
	field_close(&field);
}
END_TEST

/* More of one lane with workers than a reading looks at: those due behind them are found. */
START_TEST(test_much_in_flight)
{
	struct test_count count = {.seen = map_new()};
	struct field_job *jobs = alloc_array(1500, sizeof(*jobs));
	struct field field;
	size_t out = 0;

	field_open(&field, "[queue.outbound.connection]\nmax-sessions = 1500\n");
	for (int i = 0; i < 3000; i++)
		field_arrive_at(&field, "a.example");
	field_turn(&field);
	field_worker(&field);
	while (out < 1500) {
		field_turn(&field);
		while (out < 1500 && field_take(&field, NULL, &jobs[out])) {
			test_once(&count, &jobs[out]);
			field_opened(&field, &jobs[out++]);
		}
	}
	while (out > 0)
		field_answer(&field, &jobs[--out], OUTCOME_DELIVERED);
	test_drain(&field, &count);
	ck_assert_uint_eq(count.jobs, 3000);
	field_assert_idle(&field);
	free(jobs);
	map_free(&count.seen, NULL);
	field_close(&field);
}
END_TEST

START_TEST(test_many_lanes)
{
	struct test_count count = {.seen = map_new()};
	struct field field;
	char domain[32];
	int total = 0;

	field_open(&field, NULL);
	for (int d = 0; d < 500; d++)
		for (int i = 0; i < 50; i++, total++) {
			snprintf(domain, sizeof(domain), "d%d.example", d);
			field_arrive_at(&field, domain);
		}
	field_turn(&field);
	ck_assert_uint_le(map_count(field.sched->deliveries), SCHED_HELD_MOST);
	ck_assert_uint_gt(map_count(field.sched->deliveries), SCHED_HELD_MOST - 100);
	test_lanes_are_bounded(&field);
	field_worker(&field);
	field_worker(&field);
	test_drain(&field, &count);
	ck_assert_uint_eq(count.jobs, (size_t)total);
	field_assert_idle(&field);
	map_free(&count.seen, NULL);
	field_close(&field);
}
END_TEST

/* A lane full of retries: a first attempt that arrives goes first all the same. */
START_TEST(test_newcomer)
{
	struct test_count count = {.seen = map_new()};
	struct field field;
	struct field_job job;
	uint64_t fresh;

	field_open(&field, "[queue.outbound.connection]\nmax-sessions = 1\n");
	for (int i = 0; i < 300; i++)
		field_arrive_at(&field, "a.example");
	field_turn(&field);
	field_sql(&field, "UPDATE delivery SET retry_num = 2, rev = rev + 1");
	field_restart(&field);
	field_worker(&field);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert_uint_eq(job.job.facts.retry_num, 2);
	fresh = field_arrive_at(&field, "a.example");
	field_turn(&field);
	test_once(&count, &job);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert_uint_eq(job.job.deliveries[0], fresh);
	test_lanes_are_bounded(&field);
	test_once(&count, &job);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	test_drain(&field, &count);
	ck_assert_uint_eq(count.jobs, 301);
	field_assert_idle(&field);
	map_free(&count.seen, NULL);
	field_close(&field);
}
END_TEST

/* Rows that cannot be read do not stop those behind them, and are not tried without end. */
START_TEST(test_damaged)
{
	struct test_count count = {.seen = map_new()};
	struct field field;

	field_open(&field, NULL);
	for (int i = 0; i < 200; i++)
		field_arrive_at(&field, "a.example");
	field_turn(&field);
	field_sql(&field, "DROP TRIGGER message_delete");
	field_sql(&field, "DELETE FROM message WHERE id IN (SELECT message_id FROM delivery"
			  " ORDER BY id LIMIT 150)");
	field_restart(&field);
	field_worker(&field);
	test_drain(&field, &count);
	ck_assert_uint_eq(count.jobs, 50);
	ck_assert_int_gt(field_turn(&field), 30000);
	field_sql(&field, "DELETE FROM recipient");
	field_sql(&field, "DELETE FROM delivery");
	field_sql(&field, "UPDATE segment SET live_messages = 0, live_bytes = 0");
	map_free(&count.seen, NULL);
	field_close(&field);
}
END_TEST

START_TEST(test_restart)
{
	struct test_count count = {.seen = map_new()};
	struct field field;
	struct field_job job;

	field_open(&field, NULL);
	for (int i = 0; i < 100; i++)
		field_arrive_at(&field, "a.example");
	field_worker(&field);
	field_turn(&field);
	/* Out, and therefore due again after the crash. */
	job = field_must_take(&field);
	field_drop(&job);
	field_restart(&field);
	field_worker(&field);
	test_drain(&field, &count);
	ck_assert_uint_eq(count.jobs, 100);
	field_assert_idle(&field);
	map_free(&count.seen, NULL);
	field_close(&field);
}
END_TEST

static Suite *
test_suite(void)
{
	Suite *suite = suite_create("window");
	TCase *tcase = tcase_create("window");

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, test_one_lane);
	tcase_add_test(tcase, test_much_in_flight);
	tcase_add_test(tcase, test_many_lanes);
	tcase_add_test(tcase, test_newcomer);
	tcase_add_test(tcase, test_damaged);
	tcase_add_test(tcase, test_restart);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(test_suite)
