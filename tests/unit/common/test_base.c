#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/heap.h"
#include "common/list.h"
#include "common/map.h"
#include "common/random.h"
#include "common/str.h"
#include "tests/unit/unit.h"

static void
count_up(void *arg)
{
	(*(int *)arg)++;
}

START_TEST(test_arena_keeps_and_cleans)
{
	struct arena *arena = arena_new();
	char *texts[1000];
	int cleaned = 0;

	arena_on_free(arena, count_up, &cleaned);
	for (int i = 0; i < 1000; i++)
		texts[i] = arena_printf(arena, "text %d %*s", i, i, "x");
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(strtol(texts[i] + 5, NULL, 10), i);
	arena_reset(arena);
	ck_assert_int_eq(cleaned, 1);
	ck_assert_uint_eq((uintptr_t)arena_alloc(arena, 1) % 16, 0);
	ck_assert_uint_eq((uintptr_t)arena_alloc(arena, 100000) % 16, 0);
	arena_free(&arena);
	ck_assert_ptr_null(arena);
	ck_assert_int_eq(cleaned, 1);
}
END_TEST

/* Against a plain array: whatever was put and not taken is found, and nothing else. */
START_TEST(test_map_random_history)
{
	struct map *map = map_new();
	static int values[500];
	bool in[500] = {false};
	size_t count = 0;

	for (int turn = 0; turn < 50000; turn++) {
		uint32_t i = random_below(500);
		char key[64];
		int len = snprintf(key, sizeof(key), "%0*u", (int)(i % 40) + 1, i);

		ck_assert_ptr_eq(map_find(map, key, (size_t)len), in[i] ? &values[i] : NULL);
		if (random_below(2)) {
			ck_assert_ptr_eq(map_put(map, key, (size_t)len, &values[i]),
					 in[i] ? &values[i] : NULL);
			count += !in[i];
			in[i] = true;
		} else {
			ck_assert_ptr_eq(map_take(map, key, (size_t)len),
					 in[i] ? &values[i] : NULL);
			count -= in[i];
			in[i] = false;
		}
		ck_assert_uint_eq(map_count(map), count);
	}
	map_free(&map, NULL);
}
END_TEST

START_TEST(test_map_walk_may_take)
{
	struct map *map = map_new();
	int values[300] = {0};
	size_t cursor = 0;
	int *value;

	for (uint64_t i = 0; i < 300; i++)
		map_put_id(map, i, &values[i]);
	while ((value = map_next(map, &cursor)) != NULL)
		if (*value == 0) {
			*value = 1;
			ck_assert_ptr_eq(map_take_id(map, (uint64_t)(value - values)), value);
		}
	ck_assert_uint_eq(map_count(map), 0);
	for (int i = 0; i < 300; i++)
		ck_assert_int_eq(values[i], 1);
	map_free(&map, NULL);
}
END_TEST

START_TEST(test_heap_orders)
{
	struct heap heap = {0};
	struct heap_link links[200] = {{0}};
	int64_t last = -1;
	struct heap_link *link;

	for (int turn = 0; turn < 5000; turn++) {
		struct heap_link *any = &links[random_below(200)];

		if (random_below(4) == 0)
			heap_remove(&heap, any);
		else
			heap_set(&heap, any, random_below(1000));
	}
	while ((link = heap_first(&heap)) != NULL) {
		ck_assert_int_ge(link->key, last);
		last = link->key;
		heap_remove(&heap, link);
		ck_assert_uint_eq(link->place, 0);
	}
	heap_free(&heap);
}
END_TEST

START_TEST(test_list_moves)
{
	struct item {
		int number;
		struct list link;
	} items[3] = {{1, {0}}, {2, {0}}, {3, {0}}};
	struct list list;
	struct item *item;
	struct item *after;
	int sum = 0;

	list_init(&list);
	for (int i = 0; i < 3; i++)
		list_append(&list, &items[i].link);
	list_each_safe (item, after, &list, link) {
		sum = sum * 10 + item->number;
		list_remove(&item->link);
		list_remove(&item->link);
	}
	ck_assert_int_eq(sum, 123);
	ck_assert(list_is_empty(&list));
}
END_TEST

START_TEST(test_str_escapes)
{
	struct str str = {0};

	str_json(&str, "a\"\\\n\x01\xc3\xa9\xff\0z", 10);
	ck_assert_str_eq(str_c(&str), "\"a\\\"\\\\\\n\\u0001\xc3\xa9\xef\xbf\xbd\\u0000z\"");
	str_clear(&str);
	str_printable(&str, "a\r\n\xc3\xa9\xc3\\", 7);
	ck_assert_str_eq(str_c(&str), "a\\x0d\\x0a\xc3\xa9\\xc3\\\\");
	str_clear(&str);
	str_number(&str, 0);
	str_char(&str, ' ');
	str_number(&str, ULLONG_MAX);
	ck_assert_str_eq(str_c(&str), "0 18446744073709551615");
	str_clear(&str);
	str_fixed(&str, 7, 3);
	str_char(&str, ' ');
	str_fixed(&str, 120050, 2);
	ck_assert_str_eq(str_c(&str), "0.007 1200.50");
	/* Longer than what fits at the first try. */
	str_clear(&str);
	str_printf(&str, "%0200d%s", 5, "|");
	ck_assert_uint_eq(str.len, 201);
	ck_assert_str_eq(str_c(&str) + 198, "05|");
	str_free(&str);
	ck_assert_str_eq(str_c(&str), "");
}
END_TEST

START_TEST(test_clock_iso)
{
	char text[CLOCK_TEXT];

	ck_assert_str_eq(clock_iso(text, 0), "1970-01-01T00:00:00.000Z");
	ck_assert_str_eq(clock_iso(text, 1795280400123), "2026-11-21T17:00:00.123Z");
	ck_assert_str_eq(clock_iso(text, 951827696009), "2000-02-29T12:34:56.009Z");
	ck_assert_str_eq(clock_iso(text, -1), "1970-01-01T00:00:00.000Z");
	ck_assert_str_eq(clock_iso(text, INT64_MAX), "9999-12-31T23:59:59.999Z");
}
END_TEST

START_TEST(test_slice_number)
{
	unsigned long long n = 7;

	ck_assert(slice_number(slice_of("18446744073709551615"), &n));
	ck_assert(n == 18446744073709551615ULL);
	ck_assert(!slice_number(slice_of("18446744073709551616"), &n));
	ck_assert(!slice_number(slice_of(""), &n));
	ck_assert(!slice_number(slice_of("12 "), &n));
	ck_assert(!slice_number(slice_of("-1"), &n));
}
END_TEST

static Suite *
base_suite(void)
{
	Suite *suite = suite_create("base");
	TCase *tcase = tcase_create("base");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, test_arena_keeps_and_cleans);
	tcase_add_test(tcase, test_map_random_history);
	/* Where entries lie depends on the process's random key: many layouts are tried. */
	tcase_add_loop_test(tcase, test_map_walk_may_take, 0, 50);
	tcase_add_test(tcase, test_heap_orders);
	tcase_add_test(tcase, test_list_moves);
	tcase_add_test(tcase, test_str_escapes);
	tcase_add_test(tcase, test_slice_number);
	tcase_add_test(tcase, test_clock_iso);
	return suite;
}

UNIT_MAIN(base_suite)
