#include <string.h>

#include "common/arena.h"
#include "common/str.h"
#include "common/toml/datetime.h"
#include "common/toml/tree.h"
#include "tests/unit/unit.h"

static const struct {
	const char *word;
	enum toml_type type;
	const char *text;
} right[] = {
    {"1979-05-27", TOML_LOCAL_DATE, "1979-05-27"},
    {"2000-02-29", TOML_LOCAL_DATE, "2000-02-29"},
    {"2024-02-29", TOML_LOCAL_DATE, "2024-02-29"},
    {"0000-01-31", TOML_LOCAL_DATE, "0000-01-31"},
    {"07:32:00", TOML_LOCAL_TIME, "07:32:00"},
    {"23:59:60.125000", TOML_LOCAL_TIME, "23:59:60.125000"},
    {"1979-05-27T07:32:00", TOML_LOCAL_DATETIME, "1979-05-27T07:32:00"},
    {"1979-05-27 07:32:00.5", TOML_LOCAL_DATETIME, "1979-05-27T07:32:00.5"},
    {"1979-05-27t07:32:00z", TOML_OFFSET_DATETIME, "1979-05-27T07:32:00Z"},
    {"1979-05-27 07:32:00.99-07:00", TOML_OFFSET_DATETIME, "1979-05-27T07:32:00.99-07:00"},
    {"1979-05-27T07:32:00+23:59", TOML_OFFSET_DATETIME, "1979-05-27T07:32:00+23:59"},
};

START_TEST(test_right)
{
	struct arena *arena = arena_new();
	struct toml_node node = {0};
	const char *complaint = NULL;

	ck_assert(toml_datetime_parse(arena, slice_of(right[_i].word), &node, &complaint));
	ck_assert_int_eq(node.type, right[_i].type);
	ck_assert_str_eq(node.text.data, right[_i].text);
	ck_assert_uint_eq(node.text.len, strlen(right[_i].text));
	arena_free(&arena);
}
END_TEST

/* NULL: does not look like a date or a time. */
static const struct {
	const char *word;
	const char *words;
} wrong[] = {
    {"", NULL},
    {"1979", NULL},
    {"1979-", NULL},
    {"12", NULL},
    {"10::1", NULL},
    {"2001:db8::1", NULL},
    {"1979-5-27", "all its digits"},
    {"1979-05-2", "all its digits"},
    {"1979-13-01", "month"},
    {"1979-00-01", "month"},
    {"1979-04-31", "no such day"},
    {"1979-01-00", "no such day"},
    {"1900-02-29", "no such day"},
    {"2023-02-29", "no such day"},
    {"1979-05-27T", "hours, minutes and seconds"},
    {"1979-05-27T07:32", "hours, minutes and seconds"},
    {"07:32", "hours, minutes and seconds"},
    {"24:00:00", "hour"},
    {"07:60:00", "minute"},
    {"07:32:61", "second"},
    {"07:32:00.", "behind the point"},
    {"07:32:00Z", "no date and no time"},
    {"1979-05-27x", "no date and no time"},
    {"1979-05-27Z", "no date and no time"},
    {"1979-05-27T07:32:00x", "no date and no time"},
    {"1979-05-27T07:32:00Zx", "no date and no time"},
    {"1979-05-27T07:32:00+1", "offset"},
    {"1979-05-27T07:32:00+0100", "offset"},
    {"1979-05-27T07:32:00+24:00", "offset"},
    {"1979-05-27T07:32:00-00:60", "offset"},
};

START_TEST(test_wrong)
{
	struct arena *arena = arena_new();
	struct toml_node node = {0};
	const char *complaint = "none was set";

	ck_assert(!toml_datetime_parse(arena, slice_of(wrong[_i].word), &node, &complaint));
	if (wrong[_i].words == NULL)
		ck_assert_msg(complaint == NULL, "%s: %s", wrong[_i].word, complaint);
	else
		ck_assert_msg(complaint != NULL && strstr(complaint, wrong[_i].words) != NULL,
			      "%s: %s", wrong[_i].word, complaint != NULL ? complaint : "nothing");
	arena_free(&arena);
}
END_TEST

static Suite *
datetime_suite(void)
{
	Suite *suite = suite_create("toml/datetime");
	TCase *tcase = tcase_create("datetime");

	tcase_add_loop_test(tcase, test_right, 0, sizeof(right) / sizeof(right[0]));
	tcase_add_loop_test(tcase, test_wrong, 0, sizeof(wrong) / sizeof(wrong[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(datetime_suite)
