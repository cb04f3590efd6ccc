#include <limits.h>
#include <string.h>

#include "common/arena.h"
#include "common/str.h"
#include "common/toml/parse.h"
#include "common/why.h"
#include "tests/unit/unit.h"

/* Characters that are wrong wherever they stand. */
static const struct {
	const char *bytes;
	size_t len;
} characters[] = {
    {"\0", 1},
    {"\x01", 1},
    {"\x0b", 1},
    {"\x1f", 1},
    {"\x7f", 1},
    {"\r", 1},
    {"\x80", 1},
    {"\xc3", 1},
    {"\xc0\x80", 2},
    {"\xc1\xbf", 2},
    {"\xe0\x9f\xbf", 3},
    {"\xed\xa0\x80", 3},
    {"\xf0\x8f\xbf\xbf", 4},
    {"\xf4\x90\x80\x80", 4},
    {"\xf5\x80\x80\x80", 4},
    {"\xff", 1},
    {"\xe2\x82", 2},
    {"\xf0\x9f\x98", 3},
};

START_TEST(test_characters)
{
	static const char *const places[] = {
	    "# %",         "a = \"%\"", "a = '%'", "a = \"\"\"\n%\"\"\"",
	    "a = '''%'''", "% = 1",     "a = 1 %", "\"%\" = 1"};
	struct why why;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct arena *arena = arena_new();
		const char *mark = strchr(places[i], '%');
		const char *begin = strchr(places[i], '\n') != NULL ? mark : places[i];
		struct str text = {0};

		str_bytes(&text, places[i], (size_t)(mark - places[i]));
		str_bytes(&text, characters[_i].bytes, characters[_i].len);
		str_text(&text, mark + 1);
		str_text(&text, "\n");
		/* A CR before the last LF is a line end. */
		if (characters[_i].bytes[0] != '\r' || mark[1] != '\0') {
			ck_assert_ptr_null(toml_parse(arena, (struct slice){text.data, text.len},
						      TOML_LENIENT, NULL, NULL, &why));
			ck_assert_uint_eq(why.line, begin > places[i] ? 2 : 1);
			ck_assert_uint_eq(why.column, (size_t)(mark - begin) + 1);
		}
		str_free(&text);
		arena_free(&arena);
	}
}
END_TEST

START_TEST(test_utf16_is_named)
{
	struct arena *arena = arena_new();
	struct why why = {0};

	ck_assert_ptr_null(toml_parse(arena,
				      (struct slice){"\xff\xfe"
						     "a\0",
						     4},
				      0, NULL, NULL, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "UTF-16"));
	arena_free(&arena);
}
END_TEST

START_TEST(test_too_large)
{
	struct arena *arena = arena_new();
	struct why why = {0};

	/* Refused by its length, before anything is read. */
	ck_assert_ptr_null(
	    toml_parse(arena, (struct slice){"", (size_t)INT_MAX}, 0, NULL, NULL, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "larger than"));
	arena_free(&arena);
}
END_TEST

/* Long lines, keys and words are cut in messages, between characters. */
START_TEST(test_long_words)
{
	struct arena *arena = arena_new();
	struct str text = {0};
	struct why why = {0};

	str_text(&text, "x = a");
	for (int i = 0; i < 5000; i++)
		str_text(&text, "\xc3\xa9");
	ck_assert_ptr_null(
	    toml_parse(arena, (struct slice){text.data, text.len}, 0, NULL, NULL, &why));
	ck_assert_uint_lt(strlen(why.text), 250);
	ck_assert_ptr_nonnull(strstr(why.text, "\xc3\xa9...\""));
	str_free(&text);
	arena_free(&arena);
}
END_TEST

static Suite *
scan_suite(void)
{
	Suite *suite = suite_create("toml/scan");
	TCase *tcase = tcase_create("scan");

	tcase_add_loop_test(tcase, test_characters, 0, sizeof(characters) / sizeof(characters[0]));
	tcase_add_test(tcase, test_utf16_is_named);
	tcase_add_test(tcase, test_too_large);
	tcase_add_test(tcase, test_long_words);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(scan_suite)
