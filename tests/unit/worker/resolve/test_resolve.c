#include "worker/resolve/resolve.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/why.h"
#include "tests/unit/unit.h"
#include "tests/unit/worker/resolve/world.h"

static struct world *world;

static void
setup(void)
{
	world = world_new(1);
	world->config.timeout_ms = 300;
	world->config.attempts = 3;
}

static void
teardown(void)
{
	world_free(&world);
}

static const struct {
	const char *name;
	enum resolve_status status;
	bool secure;
	uint32_t ttl;
	size_t count;
	const char *canonical;
	const char *detail;
} answers[] = {
    {"ok.test", RESOLVE_OK, false, 60, 1, "ok.test", "answer from 127.0.0.1:"},
    {"OK.Test.", RESOLVE_OK, false, 60, 1, "ok.test", "answer from 127.0.0.1:"},
    {"signed.test", RESOLVE_OK, true, 60, 1, "signed.test", "answer"},
    {"alias.test", RESOLVE_OK, false, 30, 1, "end.test", "answer"},
    {"nx.test", RESOLVE_NXDOMAIN, false, 20, 0, "nx.test", "no such name from"},
    {"nodata.test", RESOLVE_NODATA, false, 20, 0, "nodata.test", "no record of this type"},
    {"bare.test", RESOLVE_NODATA, false, 0, 0, "bare.test", "no record of this type"},
    {"servfail.test", RESOLVE_SERVFAIL, false, 0, 0, "", "SERVFAIL from 127.0.0.1:"},
    {"refused.test", RESOLVE_REFUSED, false, 0, 0, "", "REFUSED from"},
    {"damaged.test", RESOLVE_GARBAGE, false, 0, 0, "", "damaged answer from"},
    {"oversized.test", RESOLVE_GARBAGE, false, 0, 0, "", "damaged answer from"},
    {"pointer.test", RESOLVE_GARBAGE, false, 0, 0, "", "not a reply to the question"},
    /* Ignored; the next try is good. */
    {"wrongid.test", RESOLVE_OK, false, 60, 1, "wrongid.test", "answer"},
    {"otherquestion.test", RESOLVE_OK, false, 60, 1, "otherquestion.test", "answer"},
    {"othertype.test", RESOLVE_OK, false, 60, 1, "othertype.test", "answer"},
    {"silent.test", RESOLVE_TIMEOUT, false, 0, 0, "", "no answer from 127.0.0.1:"},
    {"big.test", RESOLVE_OK, true, 60, 200, "big.test", "answer"},
    {"half.test", RESOLVE_TIMEOUT, false, 0, 0, "", "closed the TCP connection"},
    {"close.test", RESOLVE_TIMEOUT, false, 0, 0, "", "closed the TCP connection"},
    {"mute.test", RESOLVE_TIMEOUT, false, 0, 0, "", "no answer from"},
    {"..", RESOLVE_BAD_NAME, false, 0, 0, "", "not a name"},
    {"a b.test", RESOLVE_BAD_NAME, false, 0, 0, "", "not a name"},
};

START_TEST(test_resolve_answer)
{
	const struct world_answer *answer;

	world_open(world);
	answer = world_resolve(world, answers[_i].name, RESOLVE_A);
	ck_assert_str_eq(resolve_status_text(answer->status),
			 resolve_status_text(answers[_i].status));
	ck_assert_int_eq(answer->secure, answers[_i].secure);
	ck_assert_uint_eq(answer->ttl, answers[_i].ttl);
	ck_assert_uint_eq(answer->count, answers[_i].count);
	ck_assert_str_eq(answer->canonical, answers[_i].canonical);
	ck_assert_msg(strstr(answer->detail, answers[_i].detail) != NULL, "%s", answer->detail);
	if (answers[_i].status == RESOLVE_BAD_NAME)
		ck_assert_uint_eq(server_udp_count(world->servers[0]), 0);
}
END_TEST

START_TEST(test_resolve_trust)
{
	world->config.trust_ad = RESOLVE_TRUST_NO;
	world_open(world);
	ck_assert(!resolve_trusts_ad(world->resolve));
	ck_assert(!world_resolve(world, "signed.test", RESOLVE_A)->secure);
}
END_TEST

START_TEST(test_resolve_bad_config)
{
	struct why why = {0};

	world->config.count = 0;
	ck_assert_ptr_null(resolve_new(world->base, &world->config, &why));
	ck_assert_str_ne(why.text, "");
	world->config.count = 1;
	world->config.servers[0].ss_family = AF_UNIX;
	ck_assert_ptr_null(resolve_new(world->base, &world->config, &why));
}
END_TEST

START_TEST(test_resolve_merges)
{
	struct resolve_query *queries[10];

	world->config.timeout_ms = 5000;
	world_open(world);
	for (size_t i = 0; i < 10; i++)
		queries[i] = world_ask(world, i % 2 ? "Held.Test." : "held.test", RESOLVE_A, i);
	world_ask(world, "held.test", RESOLVE_AAAA, 10);
	for (size_t i = 0; i < 10; i += 3)
		resolve_cancel(&queries[i]);
	world_wait(world, 7);
	world_idle(world, 50);
	ck_assert_uint_eq(server_udp_count(world->servers[0]), 2);
	ck_assert_uint_eq(world->answered, 7);
}
END_TEST

START_TEST(test_resolve_remembers)
{
	const struct world_answer *answer;

	world->config.cache_size = 100;
	world->config.timeout_ms = 5000;
	world_open(world);
	ck_assert(!world_resolve(world, "signed.test", RESOLVE_A)->from_cache);
	answer = world_resolve(world, "SIGNED.test", RESOLVE_A);
	ck_assert(answer->from_cache);
	ck_assert(answer->secure);
	ck_assert_uint_eq(answer->first, 0xc0000201);
	ck_assert_uint_ge(answer->ttl, 55);
	ck_assert_uint_le(answer->ttl, 60);
	world_resolve(world, "nx.test", RESOLVE_A);
	answer = world_resolve(world, "nx.test", RESOLVE_A);
	ck_assert(answer->from_cache);
	ck_assert_int_eq(answer->status, RESOLVE_NXDOMAIN);
	ck_assert_uint_eq(server_udp_count(world->servers[0]), 2);
	/* Nothing to go by, or no answer: asked again. */
	world_resolve(world, "bare.test", RESOLVE_A);
	ck_assert(!world_resolve(world, "bare.test", RESOLVE_A)->from_cache);
	world_resolve(world, "servfail.test", RESOLVE_A);
	ck_assert(!world_resolve(world, "servfail.test", RESOLVE_A)->from_cache);
	ck_assert_uint_eq(server_udp_count(world->servers[0]), 6);
	/* What came by TCP too. */
	world_resolve(world, "big.test", RESOLVE_A);
	answer = world_resolve(world, "big.test", RESOLVE_A);
	ck_assert(answer->from_cache);
	ck_assert_uint_eq(answer->count, 200);
}
END_TEST

/* A moment of a question's life: how far it has come when it is cancelled or all is freed. */
enum phase { STARTED, SENT, HELD, BY_TCP, REMEMBERED, INVALID, PHASES };

static struct resolve_query *
bring_to(enum phase phase)
{
	struct resolve_query *query;

	switch (phase) {
	case STARTED:
		return world_ask(world, "ok.test", RESOLVE_A, 0);
	case SENT:
		query = world_ask(world, "silent.test", RESOLVE_A, 0);
		world_wait_udp(world, 1);
		return query;
	case HELD:
		query = world_ask(world, "held.test", RESOLVE_A, 0);
		world_wait_udp(world, 1);
		return query;
	case BY_TCP:
		query = world_ask(world, "mute.test", RESOLVE_A, 0);
		world_wait_tcp(world, 1);
		return query;
	case REMEMBERED:
		world_resolve(world, "ok.test", RESOLVE_A);
		world->answered = 0;
		return world_ask(world, "ok.test", RESOLVE_A, 0);
	case INVALID:
	case PHASES:
		break;
	}
	return world_ask(world, "..", RESOLVE_A, 0);
}

START_TEST(test_resolve_cancel)
{
	struct resolve_query *query;

	world->config.cache_size = 10;
	world->config.timeout_ms = 5000;
	world_open(world);
	query = bring_to((enum phase)_i);
	ck_assert_uint_eq(world->answered, 0);
	resolve_cancel(&query);
	ck_assert_ptr_null(query);
	resolve_cancel(&query);
	world_idle(world, 80);
	ck_assert_uint_eq(world->answered, 0);
	ck_assert_int_eq(world_resolve(world, "ok-after.test", RESOLVE_A)->status, RESOLVE_OK);
	ck_assert_int_eq(world_resolve(world, "big-after.test", RESOLVE_A)->status, RESOLVE_OK);
}
END_TEST

START_TEST(test_resolve_free_with_open_questions)
{
	world->config.cache_size = 10;
	world_open(world);
	bring_to((enum phase)_i);
	world_ask(world, "silent-too.test", RESOLVE_A, 1);
	resolve_free(&world->resolve);
	ck_assert_ptr_null(world->resolve);
	resolve_free(&world->resolve);
	world_idle(world, 60);
	ck_assert_uint_eq(world->answered, 0);
}
END_TEST

struct killer {
	struct resolve_query *other; /* NULL: the resolver is freed instead */
	bool called;
	size_t answered; /* how many others were before */
};

static void
on_answer_kill(const struct resolve_answer *answer, void *arg)
{
	struct killer *killer = arg;

	ck_assert(!killer->called);
	killer->called = true;
	killer->answered = world->answered;
	if (killer->other)
		resolve_cancel(&killer->other);
	else
		resolve_free(&world->resolve);
	ck_assert_str_eq(answer->canonical, "held.test");
	ck_assert_uint_eq(answer->records[0].a.s_addr, htonl(0xc0000201));
}

START_TEST(test_resolve_cancel_inside_answer)
{
	struct killer killer = {0};

	world->config.timeout_ms = 5000;
	world_open(world);
	resolve_start(world->resolve, "held.test", RESOLVE_A, on_answer_kill, &killer);
	killer.other = world_ask(world, "held.test", RESOLVE_A, 1);
	world_ask(world, "held.test", RESOLVE_A, 2);
	world_wait(world, 1);
	ck_assert(killer.called);
	ck_assert_uint_eq(world->answers[0].tag, 2);
	world_idle(world, 50);
	ck_assert_uint_eq(world->answered, 1);
}
END_TEST

START_TEST(test_resolve_free_inside_answer)
{
	struct killer killer = {0};

	world_open(world);
	resolve_start(world->resolve, "held.test", RESOLVE_A, on_answer_kill, &killer);
	for (size_t i = 0; i < 5; i++)
		world_ask(world, i % 2 ? "held.test" : "held-2.test", RESOLVE_A, i);
	world_ask(world, "silent.test", RESOLVE_A, 5);
	world_wait_udp(world, 3);
	while (!killer.called)
		world_idle(world, 10);
	world_idle(world, 50);
	ck_assert_uint_eq(world->answered, killer.answered);
}
END_TEST

struct chain {
	int left;
};

static void
on_answer_ask_again(const struct resolve_answer *answer, void *arg)
{
	struct chain *chain = arg;

	ck_assert_int_eq(answer->status, RESOLVE_OK);
	if (--chain->left > 0)
		resolve_start(world->resolve, "ok.test", RESOLVE_A, on_answer_ask_again, chain);
}

/* Answers from memory that ask again must not keep the loop from everything else. */
START_TEST(test_resolve_ask_inside_answer)
{
	struct chain chain = {200};

	world->config.cache_size = 10;
	world->config.timeout_ms = 5000;
	world_open(world);
	resolve_start(world->resolve, "ok.test", RESOLVE_A, on_answer_ask_again, &chain);
	while (chain.left > 0)
		world_idle(world, 1);
	ck_assert_uint_eq(server_udp_count(world->servers[0]), 1);
}
END_TEST

#define COUNT(rows) (int)(sizeof(rows) / sizeof((rows)[0]))

static Suite *
resolve_suite(void)
{
	Suite *suite = suite_create("resolve/resolve");
	TCase *one = tcase_create("one server");

	tcase_set_timeout(one, 60);
	tcase_add_checked_fixture(one, setup, teardown);
	tcase_add_loop_test(one, test_resolve_answer, 0, COUNT(answers));
	tcase_add_test(one, test_resolve_trust);
	tcase_add_test(one, test_resolve_bad_config);
	tcase_add_test(one, test_resolve_merges);
	tcase_add_test(one, test_resolve_remembers);
	tcase_add_loop_test(one, test_resolve_cancel, 0, PHASES);
	tcase_add_loop_test(one, test_resolve_free_with_open_questions, 0, PHASES);
	tcase_add_test(one, test_resolve_cancel_inside_answer);
	tcase_add_test(one, test_resolve_free_inside_answer);
	tcase_add_test(one, test_resolve_ask_inside_answer);
	suite_add_tcase(suite, one);
	return suite;
}

UNIT_MAIN(resolve_suite)
