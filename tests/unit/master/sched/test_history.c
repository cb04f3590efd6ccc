#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/map.h"
#include "master/sched/sched.h"
#include "master/sched/state.h"
#include "tests/fake/pool.h"
#include "tests/unit/master/sched/field.h"
#include "tests/unit/unit.h"

/*
 * Random histories: arrivals, answers of every kind, deaths, edits, restarts. Whatever happens,
 * every recipient ends exactly once, or is still in the queue; nothing is sent after it is final.
 */

enum { TEST_STEPS = 1000, TEST_JOBS = 64, TEST_WORKERS = 3, TEST_DOMAINS = 6 };

struct test_history {
	struct field field;
	uint32_t seed;
	struct field_job jobs[TEST_JOBS];
	uint64_t sessions[TEST_JOBS]; /* opened by the job; 0: none */
	size_t job_count;
	struct map *final; /* recipients that were final and committed */
	size_t arrived;    /* recipients */
	bool edited;       /* rows were deleted by somebody else */
};

static uint32_t
test_random(struct test_history *history, uint32_t limit)
{
	history->seed = history->seed * 1664525u + 1013904223u;
	return (history->seed >> 8) % limit;
}

static void
test_take_all(struct test_history *history)
{
	struct field *field = &history->field;

	while (history->job_count < TEST_JOBS &&
	       field_take(field, NULL, &history->jobs[history->job_count])) {
		struct field_job *job = &history->jobs[history->job_count];

		for (size_t i = 0; i < job->job.recipient_count; i++)
			ck_assert_msg(map_find_id(history->final, job->job.recipients[i].id) ==
					  NULL,
				      "recipient %llu was final",
				      (unsigned long long)job->job.recipients[i].id);
		history->sessions[history->job_count++] = 0;
	}
}

static void
test_forget_job(struct test_history *history, size_t index)
{
	field_drop(&history->jobs[index]);
	history->job_count--;
	history->jobs[index] = history->jobs[history->job_count];
	history->sessions[index] = history->sessions[history->job_count];
}

static void
test_end_job(struct test_history *history, size_t index)
{
	struct field *field = &history->field;
	struct field_job *job = &history->jobs[index];
	uint32_t kind = test_random(history, 10);

	if (kind == 0) {
		ck_assert(field_done(field, job, PROTO_DONE_UNTOUCHED));
	} else {
		for (size_t i = 0; i < job->job.recipient_count; i++) {
			enum outcome_class class =
			    (enum outcome_class)test_random(history, OUTCOME_CLASSES);

			/* Some are forgotten. */
			if (test_random(history, 20) == 0)
				continue;
			ck_assert(field_result(field, job, i, class));
			if (class != OUTCOME_TEMPORARY)
				map_put_id(history->final, job->job.recipients[i].id, history);
		}
		ck_assert(field_done(field, job, PROTO_DONE_FINISHED));
	}
	if (history->sessions[index] != 0)
		ck_assert(field_closed(field, job->worker, history->sessions[index]));
	test_forget_job(history, index);
}

static void
test_kill(struct test_history *history)
{
	struct field *field = &history->field;
	struct pool_worker *worker;

	if (history->job_count == 0)
		return;
	test_take_all(history);
	worker = history->jobs[test_random(history, (uint32_t)history->job_count)].worker;
	for (size_t i = history->job_count; i-- > 0;)
		if (history->jobs[i].worker == worker)
			test_forget_job(history, i);
	field_kill(field, worker);
	field_worker(field);
}

static void
test_restart(struct test_history *history)
{
	/* Results were final only if they were committed. */
	field_turn(&history->field);
	while (history->job_count > 0)
		test_forget_job(history, history->job_count - 1);
	field_restart(&history->field);
	for (int i = 0; i < TEST_WORKERS; i++)
		field_worker(&history->field);
}

static void
test_edit(struct test_history *history)
{
	static const char *const edits[] = {
	    "DELETE FROM message WHERE id = (SELECT max(message_id) FROM delivery)",
	    "DELETE FROM delivery WHERE id = (SELECT min(id) FROM delivery)",
	    "UPDATE delivery SET next_attempt_at = next_attempt_at - 1000",
	    "UPDATE delivery SET next_attempt_at = next_attempt_at + 50 WHERE id % 7 = 0",
	    "UPDATE delivery SET state = 2 WHERE id % 5 = 0",
	    "UPDATE delivery SET state = 0",
	    "UPDATE domain SET suspended_until = 253402300799 WHERE id % 3 = 0",
	    "UPDATE domain SET suspended_until = NULL",
	};

	field_sql(&history->field, "%s", edits[test_random(history, 8)]);
	field_tick(&history->field);
}

static void
test_step(struct test_history *history)
{
	struct field *field = &history->field;
	uint32_t what = test_random(history, 100);
	size_t index = history->job_count ? test_random(history, (uint32_t)history->job_count) : 0;
	char domain[32];

	test_take_all(history);
	snprintf(domain, sizeof(domain), "d%u.example", test_random(history, TEST_DOMAINS));
	if (what < 30) {
		size_t count = test_random(history, 30) == 0 ? 150 : 1 + test_random(history, 3);

		history->arrived += count;
		field_arrive(field, &(struct field_message){.domain = domain,
							    .recipients = count,
							    .expires_at = field_now(field) + 3000});
	} else if (what < 70 && history->job_count > 0) {
		test_end_job(history, index);
	} else if (what < 80 && history->job_count > 0) {
		if (history->sessions[index] == 0 &&
		    history->jobs[index].job.permit == PROTO_PERMIT_OPEN)
			history->sessions[index] = field_opened(field, &history->jobs[index]);
	} else if (what < 82 && history->job_count > 0) {
		ck_assert(field_dot(field, &history->jobs[index]));
	} else if (what < 84) {
		test_kill(history);
	} else if (what < 85) {
		test_restart(history);
	} else if (what < 88 && history->edited) {
		test_edit(history);
	} else if (what < 92) {
		field_pass(field, test_random(history, 200));
	} else {
		field_turn(field);
	}
}

static void
test_finish(struct test_history *history)
{
	struct field *field = &history->field;

	field_sql(field, "UPDATE delivery SET state = 0 WHERE state = 2");
	field_sql(field, "UPDATE domain SET suspended_until = NULL");
	for (int round = 0; round < 400; round++) {
		field_tick(field);
		test_take_all(history);
		while (history->job_count > 0) {
			test_end_job(history, 0);
			field_turn(field);
			test_take_all(history);
		}
		field_pass(field, 100);
		if (field_number(field, "SELECT count(*) FROM delivery WHERE state = 0") == 0)
			break;
	}
	field_turn(field);
	ck_assert_int_eq(field_number(field, "SELECT count(*) FROM delivery WHERE state = 0"), 0);
	field_assert_idle(field);
}

/* Of everything that arrived, each recipient is final once in the record (repeats of a line come
 * only with a crash, which these restarts are not: they commit first). */
static void
test_record(struct test_history *history)
{
	struct field *field = &history->field;
	size_t ended = field_recorded(field, "delivered", NULL) +
		       field_recorded(field, "bounced", NULL) +
		       field_recorded(field, "expired", NULL);
	size_t held = (size_t)field_number(field, "SELECT count(*) FROM recipient WHERE state = 0");

	if (!history->edited)
		ck_assert_uint_eq(ended + held, history->arrived);
	ck_assert_uint_le(ended + held, history->arrived);
}

START_TEST(test_random_history)
{
	struct test_history history = {
	    .seed = 12345u + (uint32_t)_i * 7919u, .final = map_new(), .edited = _i % 2};
	struct field *field = &history.field;

	field_open(field, "[queue.schedule]\nretry = [\"1m\", \"2m\"]\n"
			  "[queue.outbound.connection]\nmax-sessions = 4\n"
			  "[worker]\nmax-sessions = 10\n");
	for (int i = 0; i < TEST_WORKERS; i++)
		field_worker(field);
	for (int step = 0; step < TEST_STEPS; step++) {
		test_step(&history);
		ck_assert_uint_le(field->sched->opening, 15);
		ck_assert_uint_le(field->sched->opening_failing, field->sched->opening);
	}
	test_finish(&history);
	test_record(&history);
	map_free(&history.final, NULL);
	field_close(field);
}
END_TEST

static Suite *
test_suite(void)
{
	Suite *suite = suite_create("history");
	TCase *tcase = tcase_create("history");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, test_random_history, 0, 4);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(test_suite)
