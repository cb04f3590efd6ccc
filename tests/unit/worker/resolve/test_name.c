#include "worker/resolve/name.h"

#include <string.h>

#include "common/arena.h"
#include "tests/unit/unit.h"

#define LABEL_63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct {
	const char *text;
	const char *written; /* NULL: refused */
} texts[] = {
    {"example.com", "example.com"},
    {"Example.COM.", "example.com"},
    {"com", "com"},
    {"_25._tcp.mx-1.example", "_25._tcp.mx-1.example"},
    {LABEL_63 ".de", LABEL_63 ".de"},
    {LABEL_63 "." LABEL_63 "." LABEL_63
	      ".abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi",
     LABEL_63 "." LABEL_63 "." LABEL_63
	      ".abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"},
    {LABEL_63 "." LABEL_63 "." LABEL_63
	      ".abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij",
     NULL},
    {LABEL_63 "a.de", NULL},
    {"", NULL},
    {".", NULL},
    {"..", NULL},
    {"a..b", NULL},
    {".a", NULL},
    {"a.b..", NULL},
    {"a b", NULL},
    {"a\\.b", NULL},
    {"a\n", NULL},
    {"m\xc3\xbcller.de", NULL},
    {"[192.0.2.1]", NULL},
    {"a@b", NULL},
};

START_TEST(test_name_from_text)
{
	struct arena *arena = arena_new();
	struct resolve_name name, again;
	size_t at = 0;

	if (!texts[_i].written) {
		ck_assert(!resolve_name_set(&name, texts[_i].text));
	} else {
		ck_assert(resolve_name_set(&name, texts[_i].text));
		ck_assert_uint_eq(name.len, strlen(texts[_i].written) + 2);
		ck_assert_str_eq(resolve_name_text(arena, &name), texts[_i].written);
		ck_assert(resolve_name_is_host(&name));
		ck_assert(resolve_name_read(&again, name.wire, name.len, &at));
		ck_assert_uint_eq(at, name.len);
		ck_assert(resolve_name_equal(&name, &again));
	}
	arena_free(&arena);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	size_t from;
	const char *text; /* NULL: damaged */
	size_t behind;
	bool host;
} wires[] = {
    {"\0", 1, 0, ".", 1, false},
    {"\1A\2bC\0", 6, 0, "a.bc", 6, true},
    {"\3com\0\1a\300\0", 9, 5, "a.com", 9, true},
    {"\3com\0\300\0\300\5", 9, 7, "com", 9, true},
    {"\3a.b\0", 5, 0, "a\\046b", 5, false},
    {"\2\0\377\0", 4, 0, "\\000\\255", 4, false},
    {"\1 \0", 3, 0, "\\032", 3, false},
    /* To itself, forwards, in a circle, outside. */
    {"\300\0", 2, 0, NULL, 0, false},
    {"\300\2\1a\0", 5, 0, NULL, 0, false},
    {"\1a\300\0", 4, 0, NULL, 0, false},
    {"\300\2\300\0", 4, 2, NULL, 0, false},
    {"\377\377", 2, 0, NULL, 0, false},
    /* Cut. */
    {"", 0, 0, NULL, 0, false},
    {"\1", 1, 0, NULL, 0, false},
    {"\1a", 2, 0, NULL, 0, false},
    {"\300", 1, 0, NULL, 0, false},
    {"\0", 1, 5, NULL, 0, false},
    /* Label kinds that do not exist. */
    {"\101a\0", 3, 0, NULL, 0, false},
    {"\200a\0", 3, 0, NULL, 0, false},
};

START_TEST(test_name_from_wire)
{
	struct arena *arena = arena_new();
	struct resolve_name name;
	size_t at = wires[_i].from;
	uint8_t *exact = malloc(wires[_i].len + 1);
	bool ok;

	memcpy(exact, wires[_i].bytes, wires[_i].len);
	ok = resolve_name_read(&name, exact, wires[_i].len, &at);
	ck_assert_int_eq(ok, wires[_i].text != NULL);
	if (ok) {
		ck_assert_str_eq(resolve_name_text(arena, &name), wires[_i].text);
		ck_assert_uint_eq(at, wires[_i].behind);
		ck_assert_int_eq(resolve_name_is_host(&name), wires[_i].host);
	}
	free(exact);
	arena_free(&arena);
}
END_TEST

/* Labels glued together by pointers until the whole is too long. */
START_TEST(test_name_bound)
{
	uint8_t packet[512] = {0};
	struct resolve_name name;
	size_t len = 1, last = 0, at, good = 0;

	for (int i = 0; i < 40; i++) {
		size_t start = len;

		packet[len++] = 9;
		memset(packet + len, 'x', 9);
		len += 9;
		packet[len++] = 0xc0 | (uint8_t)(last >> 8);
		packet[len++] = (uint8_t)last;
		last = start;
		at = start;
		if (resolve_name_read(&name, packet, len, &at)) {
			good++;
			ck_assert_uint_eq(name.len, 10 * good + 1);
		}
	}
	ck_assert_uint_eq(good, 25);
}
END_TEST

static Suite *
name_suite(void)
{
	Suite *suite = suite_create("resolve/name");
	TCase *tcase = tcase_create("name");

	tcase_add_loop_test(tcase, test_name_from_text, 0, sizeof(texts) / sizeof(texts[0]));
	tcase_add_loop_test(tcase, test_name_from_wire, 0, sizeof(wires) / sizeof(wires[0]));
	tcase_add_test(tcase, test_name_bound);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(name_suite)
