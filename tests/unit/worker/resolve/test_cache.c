#include "worker/resolve/cache.h"

#include <string.h>

#include "tests/unit/unit.h"

static const struct resolve_cache_limits limits = {
    .entries = 3,
    .bytes = 1000,
    .ttl_min = 1,
    .ttl_max = 100,
};

static struct resolve_cache_bytes
bytes_of(const char *text)
{
	return (struct resolve_cache_bytes){text, strlen(text)};
}

static void
put(struct resolve_cache *cache, const char *key, const char *value, uint32_t ttl, int64_t now)
{
	resolve_cache_put(cache, bytes_of(key), bytes_of(value), ttl, now);
}

/* -1: not there; else the seconds left, after the value was compared. */
static int
find(struct resolve_cache *cache, const char *key, int64_t now, const char *value)
{
	struct resolve_cache_bytes found;
	uint32_t ttl;

	if (!resolve_cache_find(cache, bytes_of(key), now, &found, &ttl))
		return -1;
	ck_assert_uint_eq(found.len, strlen(value));
	ck_assert_mem_eq(found.data, value, found.len);
	return (int)ttl;
}

START_TEST(test_cache_times)
{
	struct resolve_cache *cache = resolve_cache_new(&limits);

	put(cache, "a", "one", 10, 5000);
	put(cache, "zero", "", 0, 5000);
	put(cache, "long", "x", 1000000, 5000);
	ck_assert_int_eq(find(cache, "a", 5000, "one"), 10);
	ck_assert_int_eq(find(cache, "a", 14001, "one"), 1);
	ck_assert_int_eq(find(cache, "zero", 5999, ""), 1);
	ck_assert_int_eq(find(cache, "zero", 6000, ""), -1);
	ck_assert_int_eq(find(cache, "a", 14999, "one"), 1);
	ck_assert_int_eq(find(cache, "a", 15000, "one"), -1);
	ck_assert_int_eq(find(cache, "long", 104999, "x"), 1);
	ck_assert_int_eq(find(cache, "long", 105000, "x"), -1);
	ck_assert_uint_eq(resolve_cache_count(cache), 0);
	ck_assert_uint_eq(resolve_cache_size(cache), 0);
	resolve_cache_free(&cache);
	ck_assert_ptr_null(cache);
}
END_TEST

START_TEST(test_cache_bounds)
{
	struct resolve_cache *cache = resolve_cache_new(&limits);
	char big[260];

	put(cache, "a", "1", 10, 0);
	put(cache, "b", "2", 10, 0);
	put(cache, "c", "3", 10, 0);
	ck_assert_int_eq(find(cache, "a", 1, "1"), 10);
	put(cache, "d", "4", 10, 1);
	ck_assert_int_eq(find(cache, "b", 1, "2"), -1);
	ck_assert_int_eq(find(cache, "a", 1, "1"), 10);
	put(cache, "a", "new", 20, 1);
	ck_assert_int_eq(find(cache, "a", 1, "new"), 20);
	ck_assert_uint_eq(resolve_cache_count(cache), 3);
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	put(cache, "a", big, 10, 1);
	ck_assert_int_eq(find(cache, "a", 1, "new"), -1);
	ck_assert_uint_eq(resolve_cache_count(cache), 2);
	resolve_cache_free(&cache);
}
END_TEST

START_TEST(test_cache_off)
{
	struct resolve_cache_limits none = {.entries = 0, .bytes = 0, .ttl_max = 100};
	struct resolve_cache *cache = resolve_cache_new(&none);

	put(cache, "a", "1", 10, 0);
	ck_assert_int_eq(find(cache, "a", 0, "1"), -1);
	resolve_cache_free(&cache);
}
END_TEST

/* Whatever happens the bounds hold, and what is found is what was put last and is not over. */
START_TEST(test_cache_random_history)
{
	struct resolve_cache_limits some = {
	    .entries = 20, .bytes = 900, .ttl_min = 1, .ttl_max = 50};
	struct resolve_cache *cache = resolve_cache_new(&some);
	int64_t until[60] = {0}, now = 0;
	unsigned last[60] = {0}, seed = 7, found = 0;

	for (unsigned turn = 1; turn < 20000; turn++) {
		unsigned i = (unsigned)rand_r(&seed) % 60;
		struct resolve_cache_bytes key = {&i, sizeof(i)}, value;
		uint32_t ttl;
		unsigned buffer[40];

		now += rand_r(&seed) % 300;
		if (rand_r(&seed) % 2) {
			buffer[0] = turn;
			ttl = (uint32_t)rand_r(&seed) % 60;
			value.data = buffer;
			value.len = sizeof(unsigned) * (1 + (size_t)rand_r(&seed) % 40);
			memset(buffer + 1, 0, sizeof(buffer) - sizeof(buffer[0]));
			resolve_cache_put(cache, key, value, ttl, now);
			last[i] = turn;
			until[i] = now + (int64_t)(ttl < 1 ? 1 : ttl > 50 ? 50 : ttl) * 1000;
		} else if (resolve_cache_find(cache, key, now, &value, &ttl)) {
			found++;
			memcpy(buffer, value.data, sizeof(unsigned));
			ck_assert_uint_eq(buffer[0], last[i]);
			ck_assert_int_gt(until[i], now);
		}
		ck_assert_uint_le(resolve_cache_count(cache), 20);
		ck_assert_uint_le(resolve_cache_size(cache), 900);
	}
	ck_assert_uint_gt(found, 100);
	resolve_cache_free(&cache);
}
END_TEST

static Suite *
cache_suite(void)
{
	Suite *suite = suite_create("resolve/cache");
	TCase *tcase = tcase_create("cache");

	tcase_add_test(tcase, test_cache_times);
	tcase_add_test(tcase, test_cache_bounds);
	tcase_add_test(tcase, test_cache_off);
	tcase_add_test(tcase, test_cache_random_history);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(cache_suite)
