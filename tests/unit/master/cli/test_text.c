#include "master/cli/text.h"

#include <stdint.h>
#include <string.h>

#include "common/expr/utf8.h"
#include "tests/unit/unit.h"

struct row {
	const char *text;
	const char *line;
	const char *json;
	size_t width; /* of the line */
};

static const struct row rows[] = {
    {"", "", "\"\"", 0},
    {"a b", "a b", "\"a b\"", 3},
    {"a\nb\t\x1b[31m", "a\\x0ab\\x09\\x1b[31m", "\"a\\nb\\t\\u001b[31m\"", 18},
    {"\x7f", "\\x7f", "\"\\u007f\"", 4},
    {"a\\b\"c", "a\\\\b\"c", "\"a\\\\b\\\"c\"", 6},
    /* Bytes that are no UTF-8. */
    {"\xff\xc3", "\\xff\\xc3", "\"\xef\xbf\xbd\xef\xbf\xbd\"", 8},
    /* CSI as one character, of C1. */
    {"\xc2\x9b"
     "2J",
     "\\xc2\\x9b2J", "\"\\u009b2J\"", 10},
    /* Right-to-left override and isolate, line separator. */
    {"\xe2\x80\xae"
     "a",
     "\\xe2\\x80\\xae"
     "a",
     "\"\\u202ea\"", 13},
    {"\xe2\x81\xa6", "\\xe2\\x81\\xa6", "\"\\u2066\"", 12},
    {"\xe2\x80\xa8", "\\xe2\\x80\\xa8", "\"\\u2028\"", 12},
    /* Narrow, wide, combining, and beyond 16 bits. */
    {"\xc3\xa9", "\xc3\xa9", "\"\xc3\xa9\"", 1},
    {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac", "\"\xe6\x97\xa5\xe6\x9c\xac\"", 4},
    {"e\xcc\x81", "e\xcc\x81", "\"e\xcc\x81\"", 1},
    {"\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7", "\"\xf0\x9f\x93\xa7\"", 2},
};

START_TEST(test_rows)
{
	const struct row *row = &rows[_i];
	struct str line = {0};
	struct str json = {0};

	cli_text_locale();
	cli_text_line(&line, slice_of(row->text));
	ck_assert_str_eq(str_c(&line), row->line);
	ck_assert_uint_eq(cli_text_width((struct slice){str_c(&line), line.len}), row->width);
	cli_text_json(&json, slice_of(row->text));
	ck_assert_str_eq(str_c(&json), row->json);
	str_free(&line);
	str_free(&json);
}
END_TEST

START_TEST(test_nul)
{
	struct str line = {0};

	cli_text_line(&line, (struct slice){"a\0b", 3});
	ck_assert_str_eq(str_c(&line), "a\\x00b");
	str_free(&line);
}
END_TEST

START_TEST(test_fit)
{
	struct slice wide = slice_of("a\xe6\x97\xa5\xe6\x9c\xac");

	cli_text_locale();
	ck_assert_uint_eq(cli_text_fit(wide, 0), 0);
	ck_assert_uint_eq(cli_text_fit(wide, 1), 1);
	/* Half a wide character is none. */
	ck_assert_uint_eq(cli_text_fit(wide, 2), 1);
	ck_assert_uint_eq(cli_text_fit(wide, 3), 4);
	ck_assert_uint_eq(cli_text_fit(wide, 4), 4);
	ck_assert_uint_eq(cli_text_fit(wide, 5), 7);
	ck_assert_uint_eq(cli_text_fit(wide, 99), 7);
}
END_TEST

static uint32_t
test_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Whatever comes in: valid UTF-8 goes out, no control character, cut where a character ends. */
START_TEST(test_any_bytes)
{
	uint32_t state = 17;

	cli_text_locale();
	for (int round = 0; round < 3000; round++) {
		char bytes[24];
		size_t len = test_next(&state) % sizeof(bytes);
		struct str line = {0};
		struct slice slice;
		size_t fit;

		for (size_t i = 0; i < len; i++)
			bytes[i] = (char)(test_next(&state) % 3 ? 0x80 | test_next(&state)
								: test_next(&state));
		cli_text_line(&line, (struct slice){bytes, len});
		slice = (struct slice){str_c(&line), line.len};
		ck_assert(expr_utf8_is_valid(slice));
		for (size_t i = 0; i < line.len; i++) {
			unsigned char c = (unsigned char)line.data[i];

			ck_assert_uint_ge(c, 0x20);
			ck_assert_uint_ne(c, 0x7f);
			if (c == 0xc2)
				ck_assert_uint_ge((unsigned char)line.data[i + 1], 0xa0);
		}
		fit = cli_text_fit(slice, 7);
		ck_assert(expr_utf8_is_valid((struct slice){slice.data, fit}));
		ck_assert_uint_le(cli_text_width((struct slice){slice.data, fit}), 7);
		str_free(&line);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("master/cli/text");
	TCase *tcase = tcase_create("text");

	tcase_add_loop_test(tcase, test_rows, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, test_nul);
	tcase_add_test(tcase, test_fit);
	tcase_add_test(tcase, test_any_bytes);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite)
