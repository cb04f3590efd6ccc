#include <math.h>
#include <string.h>

#include "common/str.h"
#include "common/toml/number.h"
#include "common/toml/tree.h"
#include "tests/unit/unit.h"

static const struct {
	const char *word;
	int64_t value;
} integers[] = {
    {"0", 0},
    {"+0", 0},
    {"-0", 0},
    {"+99", 99},
    {"1_2_3", 123},
    {"9223372036854775807", INT64_MAX},
    {"-9223372036854775808", INT64_MIN},
    {"0x7fffFFFFffffFFFF", INT64_MAX},
    {"0xdead_BEEF", 0xdeadbeef},
    {"0o0755", 0755},
    {"0b1101_0", 26},
    {"0o777777777777777777777", INT64_MAX},
};

START_TEST(test_integers)
{
	struct toml_node node = {0};
	const char *complaint = NULL;

	ck_assert(toml_number_parse(slice_of(integers[_i].word), &node, &complaint));
	ck_assert_int_eq(node.type, TOML_INTEGER);
	ck_assert_int_eq(node.integer, integers[_i].value);
}
END_TEST

static const struct {
	const char *word;
	double value;
} floats[] = {
    {"1.0", 1.0},
    {"-0.0", -0.0},
    {"+3.25", 3.25},
    {"5e+22", 5e22},
    {"1E0_6", 1e6},
    {"-2E-2", -0.02},
    {"6.626e-34", 6.626e-34},
    {"9_224.5_5", 9224.55},
    {"inf", (double)INFINITY},
    {"+inf", (double)INFINITY},
    {"-inf", -(double)INFINITY},
    {"1e-400", 0.0},
};

START_TEST(test_floats)
{
	struct toml_node node = {0};
	const char *complaint = NULL;

	ck_assert(toml_number_parse(slice_of(floats[_i].word), &node, &complaint));
	ck_assert_int_eq(node.type, TOML_FLOAT);
	ck_assert_mem_eq(&node.real, &floats[_i].value, sizeof(double));
}
END_TEST

START_TEST(test_not_a_number)
{
	static const char *const words[] = {"nan", "+nan", "-nan"};
	const char *complaint = NULL;

	for (size_t i = 0; i < 3; i++) {
		struct toml_node node = {0};

		ck_assert(toml_number_parse(slice_of(words[i]), &node, &complaint));
		ck_assert(node.type == TOML_FLOAT && isnan(node.real));
	}
}
END_TEST

/* NULL: does not look like a number, quotes are what it lacks. */
static const struct {
	const char *word;
	const char *words;
} wrong[] = {
    {"", NULL},
    {"+", NULL},
    {"3m", NULL},
    {"1-2", NULL},
    {"1e5x", NULL},
    {"--1", NULL},
    {"192.0.2.1", NULL},
    {"ff", NULL},
    {"infinity", NULL},
    {"e5", NULL},
    {"_", NULL},
    {"Inf", "lower case"},
    {"-NaN", "lower case"},
    {"01", "may not begin with 0"},
    {"-00.5", "may not begin with 0"},
    {"0_1", "may not begin with 0"},
    {"1.", "both sides"},
    {".5", "both sides"},
    {"-.5", "both sides"},
    {"1.e5", "both sides"},
    {"1e", "behind the e"},
    {"1e+", "behind the e"},
    {"_1", "underscore"},
    {"1_", "underscore"},
    {"1__0", "underscore"},
    {"1_.0", "underscore"},
    {"1._0", "underscore"},
    {"1e_5", "underscore"},
    {"0x_1", "underscore"},
    {"0x", "follow 0x"},
    {"0xg", "follow 0x"},
    {"0o8", "follow 0o"},
    {"0b2", "follow 0b"},
    {"0X1", "lower case"},
    {"+0x1", "takes no sign"},
    {"-0b1", "takes no sign"},
    {"9223372036854775808", "too large"},
    {"-9223372036854775809", "too large"},
    {"0x8000000000000000", "too large"},
    {"99999999999999999999999999", "too large"},
    {"1e400", "too large for a float"},
};

START_TEST(test_wrong)
{
	struct toml_node node = {0};
	const char *complaint = "none was set";

	ck_assert(!toml_number_parse(slice_of(wrong[_i].word), &node, &complaint));
	if (wrong[_i].words == NULL)
		ck_assert_msg(complaint == NULL, "%s: %s", wrong[_i].word, complaint);
	else
		ck_assert_msg(complaint != NULL && strstr(complaint, wrong[_i].words) != NULL,
			      "%s: %s", wrong[_i].word, complaint != NULL ? complaint : "nothing");
}
END_TEST

static Suite *
number_suite(void)
{
	Suite *suite = suite_create("toml/number");
	TCase *tcase = tcase_create("number");

	tcase_add_loop_test(tcase, test_integers, 0, sizeof(integers) / sizeof(integers[0]));
	tcase_add_loop_test(tcase, test_floats, 0, sizeof(floats) / sizeof(floats[0]));
	tcase_add_loop_test(tcase, test_wrong, 0, sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(tcase, test_not_a_number);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(number_suite)
