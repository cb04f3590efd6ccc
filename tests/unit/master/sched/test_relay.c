#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/map.h"
#include "master/sched/sched.h"
#include "master/sched/state.h"
#include "tests/unit/master/sched/field.h"
#include "tests/unit/unit.h"

/* queue.outbound.next-hop: whose connections a delivery uses, and who travels together. */

static const char test_all[] = "[queue.outbound]\n"
			       "next-hop = \"'out'\"\n"
			       "connection.max-sessions = 3\n"
			       "[remote.out]\n"
			       "address = \"relay.example\"\n";

static const char test_some[] =
    "[queue.outbound]\n"
    "next-hop = [ { if = \"ends_with(rcpt_domain, 'far.example')\", then = \"'out'\" },\n"
    "             { else = false } ]\n"
    "[remote.out]\n"
    "address = \"relay.example\"\n";

static const char test_late[] = "[queue.outbound]\n"
				"next-hop = [ { if = \"retry_num > 0\", then = \"'out'\" },\n"
				"             { else = false } ]\n"
				"[remote.out]\n"
				"address = \"relay.example\"\n";

START_TEST(test_all_domains_in_one_job)
{
	struct field_message message = {.domain = "a.example", .domains = 4, .recipients = 2};
	struct field field;
	struct field_job job;

	field_open(&field, test_all);
	field_worker(&field);
	field_arrive(&field, &message);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert(slice_is(job.job.relay, "out"));
	ck_assert_uint_eq(job.job.delivery_count, 5);
	ck_assert_uint_eq(job.job.recipient_count, 10);
	for (size_t i = 0; i < 10; i++)
		ck_assert_uint_eq(job.job.recipients[i].delivery, i / 2);
	ck_assert(!field_take(&field, NULL, &job));
	field_answer(&field, &job, OUTCOME_DELIVERED);
	field_turn(&field);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM message"), 0);
	ck_assert_uint_eq(field_recorded(&field, "delivered", NULL), 10);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

/* Each delivery of a job has a fate of its own. */
START_TEST(test_fates_differ)
{
	struct field_message message = {.domain = "a.example", .domains = 2};
	struct field field;
	struct field_job job;

	field_open(&field, test_all);
	field_worker(&field);
	field_arrive(&field, &message);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert(field_result(&field, &job, 0, OUTCOME_DELIVERED));
	ck_assert(field_result(&field, &job, 1, OUTCOME_TEMPORARY));
	ck_assert(field_result(&field, &job, 2, OUTCOME_PERMANENT));
	ck_assert(!field_result(&field, &job, 2, OUTCOME_PERMANENT));
	ck_assert(field_done(&field, &job, PROTO_DONE_FINISHED));
	field_drop(&job);
	field_turn(&field);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM delivery"), 1);
	ck_assert_int_eq(field_number(&field, "SELECT retry_num FROM delivery"), 1);
	ck_assert_uint_eq(field_recorded(&field, "delivered", NULL), 1);
	ck_assert_uint_eq(field_recorded(&field, "deferred", NULL), 1);
	ck_assert_uint_eq(field_recorded(&field, "bounced", NULL), 1);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

/* A job of several that nobody touched, or whose worker dies, goes out again as it was. */
START_TEST(test_together_again)
{
	struct field_message message = {.domain = "a.example", .domains = 2};
	struct pool_worker *worker;
	struct field field;
	struct field_job job;

	field_open(&field, test_all);
	worker = field_worker(&field);
	field_arrive(&field, &message);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert(field_done(&field, &job, PROTO_DONE_UNTOUCHED));
	field_drop(&job);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert_uint_eq(job.job.delivery_count, 3);
	field_drop(&job);
	field_kill(&field, worker);
	field_worker(&field);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert_uint_eq(job.job.delivery_count, 1);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	for (int i = 0; i < 2; i++) {
		field_turn(&field);
		job = field_must_take(&field);
		field_answer(&field, &job, OUTCOME_DELIVERED);
	}
	field_turn(&field);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM message"), 0);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

/* The relay's permits are for all domains together, and those who wait get their turn. */
START_TEST(test_permits_are_the_relays)
{
	struct field field;
	struct field_job jobs[3];
	struct field_job job;
	char domain[32];
	size_t done = 0;

	field_open(&field, test_all);
	field_worker(&field);
	for (int i = 0; i < 200; i++) {
		snprintf(domain, sizeof(domain), "d%d.example", i);
		field_arrive_at(&field, domain);
	}
	field_turn(&field);
	/* Unknown yet: two. */
	jobs[0] = field_must_take(&field);
	jobs[1] = field_must_take(&field);
	ck_assert(!field_take(&field, NULL, &job));
	field_opened(&field, &jobs[0]);
	field_opened(&field, &jobs[1]);
	field_turn(&field);
	jobs[2] = field_must_take(&field);
	ck_assert(!field_take(&field, NULL, &job));
	field_opened(&field, &jobs[2]);
	for (int i = 0; i < 3; i++, done++)
		field_answer(&field, &jobs[i], OUTCOME_DELIVERED);
	/* Three connections, idle: three at a time from now on, without a permit to open. */
	while (done < 200) {
		size_t count = 0;

		field_turn(&field);
		while (count < 3 && field_take(&field, NULL, &jobs[count])) {
			ck_assert_int_eq(jobs[count].job.permit, PROTO_PERMIT_REUSE);
			count++;
		}
		ck_assert_uint_gt(count, 0);
		ck_assert(!field_take(&field, NULL, &job));
		for (size_t i = 0; i < count; i++, done++)
			field_answer(&field, &jobs[i], OUTCOME_DELIVERED);
	}
	field_turn(&field);
	ck_assert_int_eq(field_number(&field, "SELECT count(*) FROM message"), 0);
	field_close(&field);
}
END_TEST

START_TEST(test_only_those_that_go_there)
{
	struct field_message message = {.domain = "far.example", .domains = 1};
	struct field_message near = {.domain = "near.example", .domains = 1};
	struct field field;
	struct field_job job;

	field_open(&field, test_some);
	field_worker(&field);
	field_arrive(&field, &message);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert(slice_is(job.job.relay, "out"));
	ck_assert_uint_eq(job.job.delivery_count, 2);
	field_answer(&field, &job, OUTCOME_DELIVERED);
	field_arrive(&field, &near);
	field_turn(&field);
	for (int i = 0; i < 2; i++) {
		job = field_must_take(&field);
		ck_assert_uint_eq(job.job.relay.len, 0);
		ck_assert_uint_eq(job.job.delivery_count, 1);
		field_answer(&field, &job, OUTCOME_DELIVERED);
	}
	field_turn(&field);
	field_close(&field);
}
END_TEST

START_TEST(test_fallback_relay)
{
	struct field field;
	struct field_job job;

	field_open(&field, test_late);
	field_worker(&field);
	field_arrive_at(&field, "a.example");
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert_uint_eq(job.job.relay.len, 0);
	field_answer(&field, &job, OUTCOME_TEMPORARY);
	field_turn(&field);
	field_pass(&field, 200);
	field_turn(&field);
	job = field_must_take(&field);
	ck_assert(slice_is(job.job.relay, "out"));
	field_answer(&field, &job, OUTCOME_DELIVERED);
	field_turn(&field);
	field_assert_idle(&field);
	field_close(&field);
}
END_TEST

static Suite *
relay_suite(void)
{
	Suite *suite = suite_create("relay");
	TCase *tcase = tcase_create("relay");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, test_all_domains_in_one_job);
	tcase_add_test(tcase, test_fates_differ);
	tcase_add_test(tcase, test_together_again);
	tcase_add_test(tcase, test_permits_are_the_relays);
	tcase_add_test(tcase, test_only_those_that_go_there);
	tcase_add_test(tcase, test_fallback_relay);
	return suite;
}

UNIT_MAIN(relay_suite)
