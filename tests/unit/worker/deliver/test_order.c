#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "worker/deliver/order.h"

enum { ROUNDS = 100000, MOST = 20 };

static struct netaddr
address(const char *text)
{
	struct netaddr address;

	ck_assert(netaddr_parse(slice_of(text), 25, &address));
	return address;
}

/* Lists are separated by blanks. */
static const struct {
	enum settings_strategy strategy;
	const char *v4;
	const char *v6;
	size_t limit;
	bool any;
	const char *kept;
	bool all_loopback;
} rows[] = {
    {SETTINGS_IPV4_THEN_IPV6, "192.0.2.1 192.0.2.2 192.0.2.3", "2001:db8::1", 2, false,
     "192.0.2.1 2001:db8::1", false},
    {SETTINGS_IPV4_THEN_IPV6, "192.0.2.1 192.0.2.2 192.0.2.3", "2001:db8::1 2001:db8::2", 4, false,
     "192.0.2.1 192.0.2.2 192.0.2.3 2001:db8::1", false},
    {SETTINGS_IPV4_THEN_IPV6, "192.0.2.1", "2001:db8::1 2001:db8::2 2001:db8::3", 3, false,
     "192.0.2.1 2001:db8::1 2001:db8::2", false},
    {SETTINGS_IPV4_THEN_IPV6, "192.0.2.1 192.0.2.2", "2001:db8::1", 1, false, "192.0.2.1", false},
    {SETTINGS_IPV6_THEN_IPV4, "192.0.2.1 192.0.2.2", "2001:db8::1", 2, false,
     "2001:db8::1 192.0.2.1", false},
    {SETTINGS_IPV6_THEN_IPV4, "192.0.2.1", "fe80::1", 2, false, "192.0.2.1", false},
    {SETTINGS_IPV4_ONLY, "192.0.2.1 192.0.2.2", "2001:db8::1", 2, false, "192.0.2.1 192.0.2.2",
     false},
    {SETTINGS_IPV6_ONLY, "192.0.2.1", "2001:db8::1", 2, false, "2001:db8::1", false},
    {SETTINGS_IPV6_ONLY, "192.0.2.1", "", 2, false, "", false},
    {SETTINGS_IPV4_THEN_IPV6, "127.0.0.1 0.0.0.0", "::1", 2, false, "", true},
    {SETTINGS_IPV4_THEN_IPV6, "127.0.0.1", "fe80::1", 2, false, "", false},
    {SETTINGS_IPV4_ONLY, "127.0.0.1", "2001:db8::1", 2, false, "", true},
    {SETTINGS_IPV4_THEN_IPV6, "", "", 2, false, "", false},
    {SETTINGS_IPV4_THEN_IPV6, "127.0.0.1", "::1", 2, true, "127.0.0.1 ::1", true},
    {SETTINGS_IPV4_THEN_IPV6, "224.0.0.1 169.254.1.1 192.0.2.9", "ff02::1 ::ffff:192.0.2.1", 5,
     false, "192.0.2.9", false},
};

static size_t
split(const char *text, struct netaddr *list)
{
	char copy[256];
	char *rest = copy;
	char *word;
	size_t count = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			list[count++] = address(word);
	return count;
}

START_TEST(test_table)
{
	struct netaddr v4[MOST];
	struct netaddr v6[MOST];
	struct netaddr kept[MOST];
	struct deliver_order_question question = {.strategy = rows[_i].strategy,
						  .v4 = v4,
						  .v4_count = split(rows[_i].v4, v4),
						  .v6 = v6,
						  .v6_count = split(rows[_i].v6, v6),
						  .limit = rows[_i].limit,
						  .any = rows[_i].any};
	struct deliver_order order;
	size_t count = split(rows[_i].kept, kept);

	deliver_order_addresses(&question, &order);
	ck_assert_uint_eq(order.kept, count);
	for (size_t i = 0; i < count; i++)
		ck_assert(netaddr_equal(&order.entries[i].address, &kept[i]));
	ck_assert_int_eq(order.all_loopback, rows[_i].all_loopback);
}
END_TEST

static uint64_t seed = 88172645463325252;

static uint64_t
draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

/* Every address its own number in the last byte, so that the DNS order can be seen. */
static size_t
draw_list(struct netaddr *list, bool v6)
{
	static const char *const kinds[2][5] = {
	    {"192.0.2.0", "198.51.100.0", "127.0.0.0", "224.0.0.0", "169.254.0.0"},
	    {"2001:db8::", "2001:db8:1::", "fe80::", "ff02::", "::ffff:10.0.0.0"},
	};
	static struct netaddr bases[2][5];
	size_t count = draw(MOST);

	for (int i = 0; i < 5 && netaddr_family(&bases[v6][i]) == AF_UNSPEC; i++)
		bases[v6][i] = address(kinds[v6][i]);
	for (size_t i = 0; i < count; i++) {
		list[i] = bases[v6][draw(2) ? draw(2) : draw(5)];
		if (v6)
			list[i].sa.v6.sin6_addr.s6_addr[15] = (uint8_t)(i + 1);
		else
			list[i].sa.v4.sin_addr.s_addr |= htonl((uint32_t)i + 1);
	}
	return count;
}

static bool
is_v6(const struct netaddr *address)
{
	return netaddr_family(address) == AF_INET6;
}

static size_t
usable(const struct netaddr *list, size_t count)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += netaddr_is_usable(&list[i]);
	return found;
}

/* The assertions of libcheck write something each time, which is too slow for a million of them. */
#define HOLDS(condition)                                \
	do {                                            \
		if (!(condition))                       \
			ck_abort_msg("%s", #condition); \
	} while (0)

static void
check(const struct deliver_order_question *q, const struct deliver_order *order)
{
	bool both =
	    q->strategy == SETTINGS_IPV4_THEN_IPV6 || q->strategy == SETTINGS_IPV6_THEN_IPV4;
	bool v6_first = q->strategy == SETTINGS_IPV6_ONLY || q->strategy == SETTINGS_IPV6_THEN_IPV4;
	size_t first = v6_first ? usable(q->v6, q->v6_count) : usable(q->v4, q->v4_count);
	size_t second = v6_first ? usable(q->v4, q->v4_count) : usable(q->v6, q->v6_count);
	size_t asked = both || !v6_first ? q->v4_count : 0;
	size_t seconds = 0;
	size_t at[2] = {0, 0};

	asked += both || v6_first ? q->v6_count : 0;
	second = both ? second : 0;
	HOLDS(order->count == asked);
	HOLDS((order->kept) == (first + second < q->limit ? first + second : q->limit));
	for (size_t i = 0; i < order->kept; i++) {
		const struct netaddr *kept = &order->entries[i].address;
		const struct netaddr *list = is_v6(kept) ? q->v6 : q->v4;
		size_t *next = &at[is_v6(kept)];

		HOLDS((order->entries[i].fate) == (DELIVER_ORDER_KEPT));
		HOLDS(netaddr_is_usable(kept));
		/* The next usable one in DNS order, and no second family before the first. */
		while (!netaddr_is_usable(&list[*next]))
			(*next)++;
		HOLDS(netaddr_equal(kept, &list[(*next)++]));
		seconds += is_v6(kept) != v6_first;
		HOLDS(seconds == 0 || is_v6(kept) != v6_first);
	}
	HOLDS(both || seconds == 0);
	if (second > 0 && q->limit >= 2)
		HOLDS(seconds >= 1);
	/* More than the one place only when the first family leaves it. */
	if (seconds > 1)
		HOLDS(order->kept - seconds == first);
	for (size_t i = order->kept; i < order->count; i++)
		HOLDS(order->entries[i].fate == (netaddr_is_usable(&order->entries[i].address)
						     ? DELIVER_ORDER_CUT
						     : DELIVER_ORDER_UNUSABLE));
}

START_TEST(test_any)
{
	static const enum settings_strategy strategies[] = {SETTINGS_IPV4_ONLY, SETTINGS_IPV6_ONLY,
							    SETTINGS_IPV4_THEN_IPV6,
							    SETTINGS_IPV6_THEN_IPV4};

	for (int i = 0; i < ROUNDS; i++) {
		struct netaddr v4[MOST];
		struct netaddr v6[MOST];
		struct deliver_order_question question = {.strategy = strategies[draw(4)],
							  .v4 = v4,
							  .v4_count = draw_list(v4, false),
							  .v6 = v6,
							  .v6_count = draw_list(v6, true),
							  .limit = 1 + draw(8)};
		struct deliver_order order;

		deliver_order_addresses(&question, &order);
		check(&question, &order);
	}
}
END_TEST

/* No more than there is room for, however many records there are. */
START_TEST(test_very_many)
{
	static struct netaddr v4[500];
	static struct netaddr v6[500];
	struct deliver_order_question question = {.strategy = SETTINGS_IPV6_THEN_IPV4,
						  .v4 = v4,
						  .v4_count = 500,
						  .v6 = v6,
						  .v6_count = 500,
						  .limit = 1000};
	struct deliver_order order;

	for (int i = 0; i < 500; i++) {
		v4[i] = address(_i ? "192.0.2.1" : "127.0.0.1");
		v6[i] = address(_i == 1 ? "2001:db8::1" : "::1");
	}
	deliver_order_addresses(&question, &order);
	ck_assert_uint_eq(order.count, DELIVER_ORDER_MOST);
	ck_assert_uint_eq(order.kept, (size_t)(_i == 0 ? 0 : _i == 1 ? 64 : 32));
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("order");
	TCase *tcase = tcase_create("order");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, test_table, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, test_any);
	tcase_add_loop_test(tcase, test_very_many, 0, 3);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite)
