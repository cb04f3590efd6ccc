#include <string.h>

#include "common/arena.h"
#include "tests/unit/unit.h"
#include "worker/deliver/route.h"
#include "worker/resolve/mx.h"

enum { SHUFFLES = 24000 };

static uint32_t
draw(uint32_t limit, void *arg)
{
	uint64_t *seed = arg;

	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)((*seed >> 20) % limit);
}

/* Hosts as "preference name", the same name being nobody else's. */
static const struct {
	const char *hosts; /* "10a 10b 20c" */
	const char *own;   /* one letter, or "" */
	size_t limit;
	const char *kept; /* in order of preference, letters sorted within */
	bool self;
} rows[] = {
    {"10a", "", 5, "a", false},
    {"10a 20b 30c", "", 5, "abc", false},
    {"10a 20b 30c", "", 2, "ab", false},
    {"10a 20b 30c", "b", 5, "a", true},
    {"10a 20b 30c", "a", 5, "", true},
    {"10a 20b 30c", "c", 5, "ab", true},
    {"10a 10b 20c", "b", 5, "", true},
    {"10a 20b 20c 30d", "c", 5, "a", true},
    {"10a 20b 20c 30d", "b", 5, "a", true},
    {"10a 20b 20c 30d", "d", 2, "ab", true},
    {"", "", 5, "", false},
};

static size_t
read_hosts(const char *text, struct arena *arena, struct resolve_mx_host *hosts)
{
	size_t count = 0;

	for (; *text != '\0'; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");

		hosts[count].preference = (uint16_t)strtoul(text, NULL, 10);
		hosts[count++].name = arena_printf(arena, "%c.test", text[len - 1]);
		text += len;
	}
	return count;
}

START_TEST(test_table)
{
	uint64_t seed = 99;

	for (int round = 0; round < 50; round++) {
		struct arena *arena = arena_new();
		struct resolve_mx_host hosts[10];
		const char *own[] = {"mail.example.org",
				     arena_printf(arena, "%s.TEST", rows[_i].own), NULL};
		struct deliver_route_question question = {
		    .hosts = hosts,
		    .count = read_hosts(rows[_i].hosts, arena, hosts),
		    .own_names = own,
		    .limit = rows[_i].limit,
		    .random = draw,
		    .random_arg = &seed};
		struct deliver_route route;

		deliver_route_mx(arena, &question, &route);
		ck_assert_uint_eq(route.count, question.count);
		ck_assert_int_eq(route.self, rows[_i].self);
		ck_assert_uint_eq(route.kept, strlen(rows[_i].kept));
		for (size_t i = 0; i < route.count; i++) {
			bool kept = i < route.kept;

			ck_assert_int_eq(route.hosts[i].fate == DELIVER_ROUTE_KEPT, kept);
			ck_assert_uint_eq(route.hosts[i].port, 25);
			if (i > 0)
				ck_assert_uint_ge(route.hosts[i].preference,
						  route.hosts[i - 1].preference);
			/* Without a cut within a preference the same hosts, in any order. */
			if (kept && !(route.self && rows[_i].limit == 2))
				ck_assert_ptr_nonnull(
				    strchr(rows[_i].kept, route.hosts[i].name[0]));
		}
		arena_free(&arena);
	}
}
END_TEST

/* Each of the orders of three equals equally often, the others where they are. */
START_TEST(test_shuffle_is_fair)
{
	uint64_t seed = 4711;
	unsigned counts[27] = {0};
	unsigned seen = 0;

	for (int round = 0; round < SHUFFLES; round++) {
		struct arena *arena = arena_new();
		struct resolve_mx_host hosts[10];
		struct deliver_route_question question = {
		    .hosts = hosts,
		    .count = read_hosts("5x 10a 10b 10c 20y", arena, hosts),
		    .limit = 5,
		    .random = draw,
		    .random_arg = &seed};
		struct deliver_route route;

		deliver_route_mx(arena, &question, &route);
		ck_assert_str_eq(route.hosts[0].name, "x.test");
		ck_assert_str_eq(route.hosts[4].name, "y.test");
		counts[(route.hosts[1].name[0] - 'a') * 9 + (route.hosts[2].name[0] - 'a') * 3 +
		       (route.hosts[3].name[0] - 'a')]++;
		arena_free(&arena);
	}
	for (int i = 0; i < 27; i++) {
		if (counts[i] == 0)
			continue;
		seen++;
		/* Six standard deviations. */
		ck_assert_uint_gt(counts[i], SHUFFLES / 6 - 350);
		ck_assert_uint_lt(counts[i], SHUFFLES / 6 + 350);
	}
	ck_assert_uint_eq(seen, 6);
}
END_TEST

static const struct {
	const char *domain;
	const char *address; /* NULL: no literal */
} literals[] = {
    {"[192.0.2.1]", "192.0.2.1"},
    {"[IPv6:2001:db8::1]", "2001:db8::1"},
    {"[ipv6:2001:DB8::1]", "2001:db8::1"},
    {"[2001:db8::1]", NULL},
    {"[IPv6:192.0.2.1]", NULL},
    {"[]", NULL},
    {"[", NULL},
    {"", NULL},
    {"192.0.2.1", NULL},
    {"[192.0.2.1", NULL},
    {"192.0.2.1]", NULL},
    {"[192.0.2.1]x", NULL},
    {"[192.0.2]", NULL},
    {"[IPv6:]", NULL},
    {"[192.0.2.1:25]", NULL},
};

START_TEST(test_literals)
{
	struct arena *arena = arena_new();
	struct deliver_route route = {0};
	bool is = deliver_route_literal(arena, literals[_i].domain, &route);

	ck_assert_int_eq(is, literals[_i].address != NULL);
	if (is) {
		ck_assert_uint_eq(route.kept, 1);
		ck_assert_int_eq(route.hosts[0].kind, DELIVER_ROUTE_LITERAL);
		ck_assert_str_eq(route.hosts[0].name, literals[_i].address);
		ck_assert_uint_eq(netaddr_port(&route.hosts[0].literal), 25);
	}
	arena_free(&arena);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("route");
	TCase *tcase = tcase_create("route");

	tcase_add_loop_test(tcase, test_table, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, test_shuffle_is_fair);
	tcase_add_loop_test(tcase, test_literals, 0, sizeof(literals) / sizeof(literals[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite)
