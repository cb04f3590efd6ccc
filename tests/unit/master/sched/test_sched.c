#include <stdio.h>
#include <string.h>

#include "common/map.h"
#include "master/pool/pool.h"
#include "master/sched/load.h"
#include "master/sched/sched.h"
#include "master/sched/state.h"
#include "master/sched/worker.h"
#include "tests/fake/pool.h"
#include "tests/unit/master/sched/field.h"
#include "tests/unit/unit.h"

/* What the scheduler does with answers, turns and permits. */

static const char test_even[] = "[queue.schedule]\nretry = [\"2m\", \"5m\", \"1h\"]\njitter = 0\n";

START_TEST(test_delivered)
{
	struct field field;
	struct field_job job;
	uint64_t id;

	field_open(&field, test_even);
	field_worker(&field);
	id = field_arrive_at(&field, "a.example");
	ck_assert_uint_eq(sched_in_flight(field.sched), 0);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert_str_eq(sched_where(field.sched, id), "out");
	ck_assert_uint_eq(job.job.delivery_count, 1);
	ck_assert_uint_eq(job.job.deliveries[0], id);
	ck_assert_uint_eq(job.job.recipient_count, 1);
	ck_assert_uint_eq(job.job.part, 0);
	ck_assert_uint_eq(job.job.parts, 1);
	ck_assert_int_eq(job.job.permit, PROTO_PERMIT_OPEN);
	ck_assert(slice_is(job.job.domain, "a.example"));
	ck_assert(slice_is(job.job.sender, "a@s.example"));
	ck_assert_uint_eq(job.body, 1000);
	ck_assert_uint_eq(job.job.facts.retry_num, 0);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	ck_assert_int_eq(field_turn(&field), -1);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM message"), 0);
	ck_assert_uint_eq(field_recorded(&field, "delivered", NULL), 1);
	ck_assert_uint_eq(sched_figures(field.sched)->delivered, 1);
	field_assert_idle(&field);
	ck_assert_uint_eq(map_count(field.sched->lanes), 0);
	ck_assert_uint_eq(map_count(field.sched->destinations), 0);
	field_close(&field);
}
END_TEST

START_TEST(test_bodies)
{
	static const int64_t sizes[] = {1, 60000, 65536, 65537, 200000, 262144, 262145, 400000};
	struct field field;
	struct field_job job;

	field_open(&field, NULL);
	field_worker(&field);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		field_arrive(&field,
			     &(struct field_message){.domain = "a.example", .size = sizes[i]});
		field_turn(&field);
		job = field_must_take(&field);
		ck_assert_uint_eq(job.job.size, (uint64_t)sizes[i]);
		ck_assert_uint_eq(job.body,
				  sizes[i] <= PROTO_JOB_BODY_MAX ? (uint64_t)sizes[i] : 0);
		field_answer(&field, &job, OUTCOME_DELIVERED);
		field_turn(&field);
	}
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

START_TEST(test_schedule)
{
	static const int64_t waits[] = {120, 300, 3600, 3600};
	struct field field;
	struct field_job job;
	uint64_t id;

	field_open(&field, test_even);
	field_worker(&field);
	id = field_arrive_at(&field, "a.example");
	for (unsigned i = 0; i < 4; i++) {
		int64_t next;

		field_turn(&field);
		job = field_must_take(&field);
		ck_assert_uint_eq(job.job.facts.retry_num, i);
		ck_assert(slice_is(job.job.facts.last_status, i > 0 ? "said the peer" : ""));
		ck_assert(slice_is(job.job.facts.last_error, i > 0 ? "unexpected-reply" : "none"));
		next = field_now(&field) + waits[i];
		field_answer(&field, &job, OUTCOME_TEMPORARY);
		ck_assert_int_eq(field_turn(&field), waits[i] * 1000);
		ck_assert_int_eq(field_number(&field, "SELECT next_attempt_at FROM delivery"),
				 next);
		ck_assert_int_eq(field_number(&field, "SELECT retry_num FROM delivery"), i + 1);
		ck_assert_int_eq(field_number(&field, "SELECT last_code FROM delivery"), 450);
		ck_assert_int_eq(
		    field_number(&field, "SELECT retry_num FROM attempt ORDER BY id DESC"), i);
		field_assert_idle(&field);
		ck_assert_ptr_null(sched_where(field.sched, id));
		field_pass(&field, waits[i] - 1);
		ck_assert_int_eq(field_turn(&field), 1000);
		ck_assert_uint_eq(sched_in_flight(field.sched), 0);
		field_pass(&field, 1);
	}
	ck_assert_uint_eq(field_recorded(&field, "deferred", NULL), 4);
	field_close(&field);
}
END_TEST

START_TEST(test_bounced)
{
	struct field field;
	struct field_job job;

	field_open(&field, test_even);
	field_worker(&field);
	field_arrive_at(&field, "a.example");
	field_turn(&field);
	job = field_must_take(&field);
	field_answer(&field, &job, OUTCOME_PERMANENT);
	field_turn(&field);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM message"), 0);
	ck_assert_uint_eq(field_recorded(&field, "bounced", NULL), 1);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

START_TEST(test_mixed)
{
	struct field field;
	struct field_job job;
	struct proto_job_recipient third;

	field_open(&field, test_even);
	field_worker(&field);
	field_arrive(&field, &(struct field_message){.domain = "a.example", .recipients = 3});
	field_turn(&field);
	job = field_must_take(&field);
	third = job.job.recipients[2];
	ck_assert(field_result(&field, &job, 0, OUTCOME_DELIVERED));
	field_turn(&field);
	/* Final at once, while the job is still out. */
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM recipient WHERE state = 1"), 1);
	ck_assert(field_result(&field, &job, 1, OUTCOME_PERMANENT));
	ck_assert(field_result(&field, &job, 2, OUTCOME_TEMPORARY));
	ck_assert(field_done(&field, &job, PROTO_DONE_FINISHED));
	field_drop(&job);
	field_turn(&field);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM recipient WHERE state = 2"), 1);
	ck_assert_int_eq(field_number(&field, "SELECT retry_num FROM delivery"), 1);
	field_pass(&field, 120);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert_uint_eq(job.job.recipient_count, 1);
	ck_assert_uint_eq(job.job.recipients[0].id, third.id);
	field_answer(&field, &job, OUTCOME_PERMANENT);
	field_turn(&field);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM delivery"), 0);
	ck_assert_uint_eq(field_recorded(&field, "bounced", NULL), 2);
	ck_assert_uint_eq(field_recorded(&field, "delivered", NULL), 1);
	ck_assert_uint_eq(field_recorded(&field, "deferred", NULL), 1);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

START_TEST(test_parts)
{
	struct field field;
	size_t seen = 0;

	field_open(&field, test_even);
	field_worker(&field);
	field_arrive(&field, &(struct field_message){.domain = "a.example", .recipients = 250});
	for (unsigned part = 0; part < 3; part++) {
		struct field_job job;

		field_turn(&field);
		job = field_must_take(&field);
		ck_assert_uint_eq(job.job.part, part);
		ck_assert_uint_eq(job.job.parts, 3);
		ck_assert_uint_eq(job.job.recipient_count, part < 2 ? 100 : 50);
		seen += job.job.recipient_count;
		/* One temporary recipient in each part, the others delivered. */
		for (size_t i = 0; i < job.job.recipient_count; i++)
			ck_assert(field_result(&field, &job, i,
					       i == 7 ? OUTCOME_TEMPORARY : OUTCOME_DELIVERED));
		ck_assert(field_done(&field, &job, PROTO_DONE_FINISHED));
		field_drop(&job);
		field_turn(&field);
		/* What is final in one part does not wait for the next. */
		ck_assert_int_eq(
		    field_number(&field, "SELECT count(*) FROM recipient WHERE state = 1"),
		    (int64_t)(seen - part - 1));
		ck_assert_int_eq(field_number(&field, "SELECT retry_num FROM delivery"), part / 2);
	}
	ck_assert_uint_eq(seen, 250);
	field_assert_idle(&field);
	field_pass(&field, 120);
	field_turn(&field);
	{
		struct field_job job = field_must_take(&field);

		ck_assert_uint_eq(job.job.recipient_count, 3);
		field_answer(&field, &job, OUTCOME_DELIVERED);
	}
	field_turn(&field);
	ck_assert_uint_eq(field_recorded(&field, "delivered", NULL), 250);
	ck_assert_uint_eq(field_recorded(&field, "deferred", NULL), 3);
	field_close(&field);
}
END_TEST

START_TEST(test_parts_in_vain)
{
	struct outcome refused = {.class = OUTCOME_TEMPORARY,
				  .step = OUTCOME_STEP_CONNECT,
				  .error = OUTCOME_ERROR_CONNECTION,
				  .reply = slice_of("refused")};
	struct field field;
	struct field_job job;

	field_open(&field, test_even);
	field_worker(&field);
	field_arrive(&field, &(struct field_message){.domain = "a.example", .recipients = 150});
	field_turn(&field);
	job = field_must_take(&field);
	for (size_t i = 0; i < job.job.recipient_count; i++)
		ck_assert(field_result_outcome(&field, &job, job.job.recipients[i].id, &refused));
	ck_assert(field_done(&field, &job, PROTO_DONE_FINISHED));
	field_drop(&job);
	field_turn(&field);
	field_assert_idle(&field);
	ck_assert_int_eq(field_number(&field, "SELECT retry_num FROM delivery"), 1);
	ck_assert_uint_eq(field_recorded(&field, "deferred", NULL), 150);
	field_close(&field);
}
END_TEST

/* A worker that says nothing about a recipient must not get it again at once for ever. */
START_TEST(test_forgetful)
{
	struct field field;
	struct field_job job;

	field_open(&field, test_even);
	field_worker(&field);
	field_arrive(&field, &(struct field_message){.domain = "a.example", .recipients = 2});
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert(field_result(&field, &job, 0, OUTCOME_DELIVERED));
	ck_assert(field_done(&field, &job, PROTO_DONE_FINISHED));
	field_drop(&job);
	field_turn(&field);
	field_assert_idle(&field);
	ck_assert_int_eq(field_number(&field, "SELECT retry_num FROM delivery"), 0);
	ck_assert_int_eq(field_number(&field, "SELECT next_attempt_at FROM delivery"),
			 field_now(&field) + 60);
	field_close(&field);
}
END_TEST

START_TEST(test_expired)
{
	struct field field;
	struct field_job job;

	field_open(&field, test_even);
	field_worker(&field);
	field_arrive(&field, &(struct field_message){.domain = "a.example",
						     .recipients = 2,
						     .expires_at = field_now(&field) + 100});
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert_uint_le(job.job.attempt_ms, 160000);
	field_pass(&field, 100);
	ck_assert(field_result(&field, &job, 0, OUTCOME_DELIVERED));
	ck_assert(field_result(&field, &job, 1, OUTCOME_TEMPORARY));
	ck_assert(field_done(&field, &job, PROTO_DONE_FINISHED));
	field_drop(&job);
	field_turn(&field);
	ck_assert_uint_eq(field_recorded(&field, "expired", NULL), 1);
	ck_assert_uint_eq(field_recorded(&field, "delivered", NULL), 1);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM message"), 0);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

START_TEST(test_first_attempts_first)
{
	struct field field;
	struct field_job job;
	uint64_t fresh;

	field_open(&field, test_even);
	for (int i = 0; i < 5; i++)
		field_arrive_at(&field, "a.example");
	field_turn(&field);
	field_sql(&field, "UPDATE delivery SET retry_num = 1, rev = rev + 1");
	field_restart(&field);
	field_turn(&field);
	fresh = field_arrive_at(&field, "a.example");
	field_turn(&field);
	field_worker(&field);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert_uint_eq(job.job.deliveries[0], fresh);
	field_drop(&job);
	field_close(&field);
}
END_TEST

/* Between two lanes of a destination, and between destinations, jobs alternate. */
START_TEST(test_turns)
{
	struct field field;
	struct field_job job;
	int from[2] = {0, 0};
	int to[2] = {0, 0};

	field_open(&field, "[queue.outbound.connection]\nmax-sessions = 1\n");
	for (int i = 0; i < 50; i++)
		field_arrive(&field, &(struct field_message){.domain = "a.example",
							     .sender_domain = "bulk.example"});
	for (int i = 0; i < 5; i++)
		field_arrive(&field, &(struct field_message){.domain = "a.example",
							     .sender_domain = "reset.example"});
	for (int i = 0; i < 5; i++)
		field_arrive_at(&field, "b.example");
	field_turn(&field);
	field_worker(&field);
	for (int i = 0; i < 20; i++) {
		field_turn(&field);
		while (field_take(&field, NULL, &job)) {
			int b = slice_is(job.job.domain, "b.example");

			to[b]++;
			if (!b)
				from[slice_is(job.job.sender, "a@reset.example")]++;
			field_answer(&field, &job, OUTCOME_DELIVERED);
			if (to[0] == 10)
				goto out;
			field_step(&field);
		}
	}
out:
	ck_assert_int_eq(to[1], 5);
	ck_assert_int_eq(from[0], 5);
	ck_assert_int_eq(from[1], 5);
	field_close(&field);
}
END_TEST

START_TEST(test_permits)
{
	struct field field;
	struct pool_worker *worker;
	struct field_job jobs[20];
	uint64_t sessions[20];
	unsigned open;
	unsigned out;

	field_open(&field, "[queue.outbound.connection]\nmax-sessions = 5\n");
	worker = field_worker(&field);
	for (int i = 0; i < 20; i++)
		field_arrive_at(&field, "a.example");
	field_turn(&field);
	/* Unknown: two. */
	jobs[0] = field_must_take(&field);
	jobs[1] = field_must_take(&field);
	ck_assert(!field_take(&field, NULL, &jobs[2]));
	sessions[0] = field_opened(&field, &jobs[0]);
	field_turn(&field);
	for (int i = 2; i < 5; i++)
		jobs[i] = field_must_take(&field);
	ck_assert(!field_take(&field, NULL, &jobs[5]));
	for (int i = 1; i < 5; i++)
		sessions[i] = field_opened(&field, &jobs[i]);
	ck_assert(sched_destination_counts(field.sched, "a.example", &open, &out));
	ck_assert_uint_eq(open, 5);
	ck_assert_uint_eq(out, 5);
	/* An idle one is used again; no other may be opened. */
	field_answer(&field, &jobs[3], OUTCOME_DELIVERED);
	field_turn(&field);
	jobs[3] = field_must_take(&field);
	ck_assert_int_eq(jobs[3].job.permit, PROTO_PERMIT_REUSE);
	ck_assert(!field_take(&field, NULL, &jobs[5]));
	/* One closes: one may be opened. */
	field_answer(&field, &jobs[4], OUTCOME_DELIVERED);
	ck_assert(field_closed(&field, worker, sessions[4]));
	field_turn(&field);
	jobs[4] = field_must_take(&field);
	ck_assert_int_eq(jobs[4].job.permit, PROTO_PERMIT_OPEN);
	ck_assert(!field_take(&field, NULL, &jobs[5]));
	for (int i = 0; i < 5; i++)
		field_drop(&jobs[i]);
	field_kill(&field, worker);
	ck_assert_uint_eq(field.sched->opening, 0);
	ck_assert(sched_destination_counts(field.sched, "a.example", &open, &out));
	ck_assert_uint_eq(open, 0);
	ck_assert_uint_eq(out, 0);
	field_close(&field);
}
END_TEST

/* Half of all sessions may wait for a greeting; the others get their turn when that changes. */
START_TEST(test_half)
{
	struct field field;
	struct field_job jobs[12];
	size_t count = 0;
	size_t done = 0;
	char domain[32];

	field_open(&field, "[worker]\nmax-sessions = 8\n");
	field_worker(&field);
	for (int i = 0; i < 12; i++) {
		snprintf(domain, sizeof(domain), "d%d.example", i);
		field_arrive_at(&field, domain);
	}
	field_turn(&field);
	while (field_take(&field, NULL, &jobs[count]))
		count++;
	ck_assert_uint_eq(count, 4);
	/* Another destination's permit comes back: somebody else moves, without any event of its
	 * own. */
	while (done < count) {
		field_answer(&field, &jobs[done++], OUTCOME_DELIVERED);
		field_turn(&field);
		if (field_take(&field, NULL, &jobs[count]))
			count++;
	}
	ck_assert_uint_eq(done, 12);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

/* A quarter belongs to destinations that failed last time. */
START_TEST(test_quarter)
{
	struct outcome refused = {.class = OUTCOME_TEMPORARY,
				  .step = OUTCOME_STEP_CONNECT,
				  .error = OUTCOME_ERROR_CONNECTION,
				  .reply = slice_of("refused")};
	struct field field;
	struct field_job job;
	char domain[32];
	int count = 0;

	field_open(&field, "[worker]\nmax-sessions = 8\n[queue.schedule]\nretry = \"1m\"\n"
			   "jitter = 0\n");
	field_worker(&field);
	for (int i = 0; i < 8; i++) {
		snprintf(domain, sizeof(domain), "d%d.example", i);
		field_arrive_at(&field, domain);
	}
	for (int i = 0; i < 8; i++) {
		field_turn(&field);
		job = field_must_take(&field);
		ck_assert(field_result_outcome(&field, &job, job.job.recipients[0].id, &refused));
		ck_assert(field_done(&field, &job, PROTO_DONE_FINISHED));
		field_drop(&job);
	}
	field_turn(&field);
	field_pass(&field, 60);
	field_turn(&field);
	while (field_take(&field, NULL, &job)) {
		field_drop(&job);
		count++;
	}
	ck_assert_int_eq(count, 2);
	ck_assert_uint_eq(field.sched->opening_failing, 2);
	/* Healthy ones are not held up by them. */
	field_arrive_at(&field, "well.example");
	field_turn(&field);
	ck_assert(field_take(&field, NULL, &job));
	ck_assert(slice_is(job.job.domain, "well.example"));
	field_drop(&job);
	field_close(&field);
}
END_TEST

/* A worker that is full holds up others only until it has room. */
START_TEST(test_room)
{
	struct field field;
	struct field_job jobs[8];
	size_t count = 0;
	size_t done = 0;
	char domain[32];

	field_open(&field, "[worker]\nmax-sessions = 2\n");
	field_worker(&field);
	for (int i = 0; i < 6; i++) {
		snprintf(domain, sizeof(domain), "d%d.example", i);
		field_arrive_at(&field, domain);
	}
	while (done < 6) {
		field_turn(&field);
		if (field_take(&field, NULL, &jobs[count])) {
			field_opened(&field, &jobs[count++]);
			continue;
		}
		ck_assert_uint_eq(count - done, count == 6 ? 6 - done : 2);
		field_answer(&field, &jobs[done++], OUTCOME_DELIVERED);
	}
	field_turn(&field);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

START_TEST(test_suspended)
{
	struct field field;
	struct field_job job;

	field_open(&field, NULL);
	field_worker(&field);
	field_arrive_at(&field, "a.example");
	field_turn(&field);
	job = field_must_take(&field);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	field_turn(&field);
	ck_assert_uint_eq(map_count(field.sched->destinations), 0);
	/* Nobody has mail for it now, but the next one must not go. */
	field_sql(&field, "UPDATE domain SET suspended_until = %lld",
		  (long long)field_now(&field) + 100);
	field_tick(&field);
	field_arrive_at(&field, "a.example");
	ck_assert_int_eq(field_turn(&field), 100000);
	ck_assert(!field_take(&field, NULL, &job));
	field_pass(&field, 100);
	field_turn(&field);
	job = field_must_take(&field);
	field_drop(&job);
	/* Suspended while something waits. */
	field_arrive_at(&field, "b.example");
	field_arrive_at(&field, "b.example");
	field_arrive_at(&field, "b.example");
	field_turn(&field);
	field_drop(&(struct field_job){.arena = field_must_take(&field).arena});
	field_drop(&(struct field_job){.arena = field_must_take(&field).arena});
	field_sql(&field, "UPDATE domain SET suspended_until = 253402300799");
	field_tick(&field);
	field_pass(&field, 1);
	field_turn(&field);
	ck_assert(!field_take(&field, NULL, &job));
	field_sql(&field, "UPDATE domain SET suspended_until = NULL");
	field_tick(&field);
	ck_assert_int_eq(field.sched->stopping, 0);
	field_close(&field);
}
END_TEST

START_TEST(test_lies)
{
	struct outcome good = {.class = OUTCOME_DELIVERED, .step = OUTCOME_STEP_DOT, .code = 250};
	struct field field;
	struct field_job job;
	struct pool_worker *honest;
	struct pool_worker *liar;

	field_open(&field, "[queue.outbound.connection]\nmax-sessions = 1\n");
	honest = field_worker(&field);
	field_arrive(&field, &(struct field_message){.domain = "a.example", .recipients = 120});
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert_ptr_eq(job.worker, honest);
	liar = field_worker(&field);
	job.worker = liar;
	ck_assert(!field_result(&field, &job, 0, OUTCOME_DELIVERED));
	ck_assert(!field_done(&field, &job, PROTO_DONE_FINISHED));
	ck_assert(!field_dot(&field, &job));
	ck_assert(!field_say_opened(&field, liar, job.job.id, 1));
	ck_assert(!field_closed(&field, liar, 1));
	job.worker = honest;
	ck_assert(!field_result_outcome(&field, &job, 999999, &good));
	/* In the delivery, but not in this part of it. */
	ck_assert(!field_result_outcome(&field, &job, job.job.recipients[99].id + 1, &good));
	ck_assert(field_result(&field, &job, 0, OUTCOME_DELIVERED));
	ck_assert(!field_result(&field, &job, 0, OUTCOME_DELIVERED));
	ck_assert(field_say_opened(&field, honest, job.job.id, 5));
	ck_assert(!field_say_opened(&field, honest, job.job.id, 5));
	ck_assert(field_closed(&field, honest, 5));
	ck_assert(!field_closed(&field, honest, 5));
	field_drop(&job);
	field_close(&field);
}
END_TEST

START_TEST(test_opened_without_permit)
{
	struct field field;
	struct field_job job;

	field_open(&field, "[queue.outbound.connection]\nmax-sessions = 1\n");
	field_worker(&field);
	field_arrive_at(&field, "a.example");
	field_arrive_at(&field, "a.example");
	field_turn(&field);
	job = field_must_take(&field);
	field_opened(&field, &job);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert_int_eq(job.job.permit, PROTO_PERMIT_REUSE);
	ck_assert(!field_say_opened(&field, job.worker, job.job.id, 77));
	field_drop(&job);
	field_close(&field);
}
END_TEST

START_TEST(test_stop)
{
	struct field field;
	struct field_job job;

	field_open(&field, NULL);
	field_worker(&field);
	sched_stop(field.sched);
	field_arrive_at(&field, "a.example");
	field_turn(&field);
	ck_assert(!field_take(&field, NULL, &job));
	field_close(&field);
}
END_TEST

static Suite *
test_suite(void)
{
	Suite *suite = suite_create("sched");
	TCase *tcase = tcase_create("sched");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_delivered);
	tcase_add_test(tcase, test_bodies);
	tcase_add_test(tcase, test_schedule);
	tcase_add_test(tcase, test_bounced);
	tcase_add_test(tcase, test_mixed);
	tcase_add_test(tcase, test_parts);
	tcase_add_test(tcase, test_parts_in_vain);
	tcase_add_test(tcase, test_forgetful);
	tcase_add_test(tcase, test_expired);
	tcase_add_test(tcase, test_first_attempts_first);
	tcase_add_test(tcase, test_turns);
	tcase_add_test(tcase, test_permits);
	tcase_add_test(tcase, test_half);
	tcase_add_test(tcase, test_quarter);
	tcase_add_test(tcase, test_room);
	tcase_add_test(tcase, test_suspended);
	tcase_add_test(tcase, test_lies);
	tcase_add_test(tcase, test_opened_without_permit);
	tcase_add_test(tcase, test_stop);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(test_suite)
