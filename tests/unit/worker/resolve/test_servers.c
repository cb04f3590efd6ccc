#include "worker/resolve/servers.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
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
setup_two(void)
{
	world = world_new(2);
	world->config.timeout_ms = 300;
	world->config.attempts = 3;
}

static void
teardown(void)
{
	world_free(&world);
}

START_TEST(test_servers_patience)
{
	int64_t since = clock_mono_ms(), spent;

	world->config.timeout_ms = 60;
	world_open(world);
	world_resolve(world, "silent.test", RESOLVE_A);
	spent = clock_mono_ms() - since;
	ck_assert_int_ge(spent, 180);
	ck_assert_int_lt(spent, 2000);
	/* Three tries, and a question that is answered: it is this name that is slow. */
	ck_assert_uint_eq(server_udp_count(world->servers[0]), 4);
	ck_assert_int_eq(world->answers[0].status, RESOLVE_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(world->answers[0].detail, "3 tries"));
}
END_TEST

static const char *const second[] = {
    "servfail.test", "refused.test", "damaged.test", "pointer.test",
    "silent.test",   "half.test",    "close.test",   "mute.test",
};

START_TEST(test_servers_next_server)
{
	const struct world_answer *answer;

	world_open(world);
	answer = world_resolve(world, second[_i], RESOLVE_A);
	ck_assert_int_eq(answer->status, RESOLVE_OK);
	ck_assert_uint_eq(answer->first, 0xc0000201);
	ck_assert_uint_eq(answer->count, 1);
}
END_TEST

/* A silent server is asked first only once; one that is just unable for a question stays first. */
START_TEST(test_servers_prefers_who_answers)
{
	size_t before;

	world_open(world);
	world_resolve(world, "servfail.test", RESOLVE_A);
	world_resolve(world, "ok-1.test", RESOLVE_A);
	ck_assert_uint_eq(server_udp_count(world->servers[0]), 2);
	ck_assert_uint_eq(server_udp_count(world->servers[1]), 1);
	world_resolve(world, "silent.test", RESOLVE_A);
	before = server_udp_count(world->servers[0]);
	world_resolve(world, "ok-2.test", RESOLVE_A);
	ck_assert_uint_eq(server_udp_count(world->servers[0]), before);
}
END_TEST

START_TEST(test_servers_unreachable_server)
{
	struct sockaddr_in *address = (struct sockaddr_in *)&world->config.servers[1];
	const struct world_answer *answer;

	world->config.servers[1] = world->config.servers[0];
	address = (struct sockaddr_in *)&world->config.servers[0];
	address->sin_addr.s_addr = htonl(INADDR_BROADCAST);
	world->config.count = 2;
	world->config.timeout_ms = 5000;
	world_open(world);
	ck_assert(!resolve_trusts_ad(world->resolve));
	answer = world_resolve(world, "signed.test", RESOLVE_A);
	ck_assert_int_eq(answer->status, RESOLVE_OK);
	ck_assert(!answer->secure);
}
END_TEST

START_TEST(test_servers_nobody_reachable)
{
	struct sockaddr_in *address = (struct sockaddr_in *)&world->config.servers[0];
	const struct world_answer *answer;

	address->sin_addr.s_addr = htonl(INADDR_BROADCAST);
	world_open(world);
	answer = world_resolve(world, "ok.test", RESOLVE_A);
	ck_assert_int_eq(answer->status, RESOLVE_SILENT);
	ck_assert_ptr_nonnull(strstr(answer->detail, "cannot send to 255.255.255.255"));
}
END_TEST

/* The server keeps what comes for a moment: never more than the bound is on its way. */
START_TEST(test_servers_thousand_at_once)
{
	bool seen[1000] = {false};
	char name[32];

	world->config.timeout_ms = 5000;
	world_open(world);
	for (size_t i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "held-%zu.test", i);
		world_ask(world, name, RESOLVE_A, i);
	}
	world_wait(world, 1000);
	for (size_t i = 0; i < 1000; i++) {
		ck_assert_int_eq(world->answers[i].status, RESOLVE_OK);
		ck_assert(!seen[world->answers[i].tag]);
		seen[world->answers[i].tag] = true;
	}
	ck_assert_uint_eq(server_udp_count(world->servers[0]), 1000);
	ck_assert_uint_eq(server_most_held(world->servers[0]), RESOLVE_SERVERS_FRESH);
}
END_TEST

/* Dead zones fill the bound for a second, and then nobody waits for them. */
START_TEST(test_servers_slow_ones_step_aside)
{
	int64_t since = clock_mono_ms(), spent;
	char name[32];

	world->config.timeout_ms = 8000;
	world_open(world);
	for (size_t i = 0; i < 3 * RESOLVE_SERVERS_FRESH; i++) {
		snprintf(name, sizeof(name), "silent-%zu.test", i);
		world_ask(world, name, RESOLVE_A, i);
	}
	world_ask(world, "ok.test", RESOLVE_A, 1000);
	world_wait(world, 1);
	spent = clock_mono_ms() - since;
	ck_assert_uint_eq(world->answers[0].tag, 1000);
	ck_assert_int_ge(spent, 2900);
	ck_assert_int_lt(spent, 7000);
}
END_TEST

START_TEST(test_servers_tcp_pipelines)
{
	char name[32];

	world->config.timeout_ms = 5000;
	world_open(world);
	for (size_t i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "big-%zu.test", i);
		world_ask(world, name, RESOLVE_A, i);
	}
	world_wait(world, 300);
	for (size_t i = 0; i < 300; i++)
		ck_assert_uint_eq(world->answers[i].count, 200);
	ck_assert_uint_eq(server_tcp_count(world->servers[0]), 300);
	ck_assert_uint_le(server_connections(world->servers[0]), 2);
}
END_TEST

/* The server closes after its answer; those behind it on the same connection are asked again. */
START_TEST(test_servers_tcp_closed_under_us)
{
	char name[32];

	world->config.timeout_ms = 5000;
	world_open(world);
	world_resolve(world, "big.test", RESOLVE_A);
	for (size_t i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), i % 9 ? "big-%zu.test" : "last-%zu.test", i);
		world_ask(world, name, RESOLVE_A, i);
	}
	world_wait(world, 21);
	for (size_t i = 0; i < 21; i++)
		ck_assert_int_eq(world->answers[i].status, RESOLVE_OK);
	ck_assert_uint_ge(server_connections(world->servers[0]), 2);
}
END_TEST

static Suite *
servers_suite(void)
{
	Suite *suite = suite_create("resolve/servers");
	TCase *one = tcase_create("one server");
	TCase *two = tcase_create("two servers");

	tcase_set_timeout(one, 60);
	tcase_add_checked_fixture(one, setup, teardown);
	tcase_add_test(one, test_servers_patience);
	tcase_add_test(one, test_servers_unreachable_server);
	tcase_add_test(one, test_servers_nobody_reachable);
	tcase_add_test(one, test_servers_thousand_at_once);
	tcase_add_test(one, test_servers_slow_ones_step_aside);
	tcase_add_test(one, test_servers_tcp_pipelines);
	tcase_add_test(one, test_servers_tcp_closed_under_us);
	suite_add_tcase(suite, one);
	tcase_set_timeout(two, 30);
	tcase_add_checked_fixture(two, setup_two, teardown);
	tcase_add_loop_test(two, test_servers_next_server, 0, sizeof(second) / sizeof(second[0]));
	tcase_add_test(two, test_servers_prefers_who_answers);
	suite_add_tcase(suite, two);
	return suite;
}

UNIT_MAIN(servers_suite)
