#include "common/expr/value.h"

#include <math.h>
#include <string.h>

#include "common/arena.h"
#include "common/expr/number.h"
#include "common/expr/scope.h"
#include "tests/unit/unit.h"

START_TEST(test_count)
{
	struct expr_value good[] = {expr_value_integer(7), expr_value_float(7.9),
				    expr_value_text(slice_of("7"))};
	struct expr_value bad[] = {
	    expr_value_integer(-1),        expr_value_float(-0.5),
	    expr_value_float(NAN),         expr_value_text(slice_of("7x")),
	    expr_value_text(slice_of("")), expr_value_text(slice_of("-7")),
	    expr_value_array(good, 3),
	};
	int64_t count = 5;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert(!expr_value_to_count(&bad[i], &count));
	ck_assert_int_eq(count, 5);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		count = 0;
		ck_assert(expr_value_to_count(&good[i], &count));
		ck_assert_int_eq(count, 7);
	}
}
END_TEST

START_TEST(test_duration)
{
	struct expr_value good[] = {expr_value_integer(300000), expr_value_float(300000.5),
				    expr_value_text(slice_of("5m")),
				    expr_value_text(slice_of("300000"))};
	struct expr_value bad[] = {
	    expr_value_integer(0),          expr_value_integer(-1),
	    expr_value_float(0.5),          expr_value_text(slice_of("")),
	    expr_value_text(slice_of("x")), expr_value_text(slice_of("0s")),
	    expr_value_array(NULL, 0),
	};
	int64_t ms;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!expr_value_to_duration_ms(&bad[i], &ms), "%zu", i);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert(expr_value_to_duration_ms(&good[i], &ms));
		ck_assert_int_eq(ms, 300000);
	}
}
END_TEST

START_TEST(test_list_text_bool)
{
	struct expr_value items[2] = {expr_value_integer(1), expr_value_text(slice_of("a"))};
	struct expr_value array = expr_value_array(items, 2);
	struct expr_value empty = expr_value_text(slice_of(""));
	const struct expr_value *list;
	struct slice text;
	size_t count;
	bool truth;

	ck_assert(expr_value_to_list(&array, &list, &count));
	ck_assert_ptr_eq(list, items);
	ck_assert_uint_eq(count, 2);
	ck_assert(expr_value_to_list(&items[1], &list, &count));
	ck_assert_ptr_eq(list, &items[1]);
	ck_assert_uint_eq(count, 1);
	ck_assert(expr_value_to_list(&empty, &list, &count));
	ck_assert_uint_eq(count, 0);
	ck_assert(!expr_value_to_text(&items[0], &text));
	ck_assert(expr_value_to_text(&items[1], &text));
	ck_assert(slice_is(text, "a"));
	ck_assert(expr_value_to_bool(&empty, &truth) && !truth);
	ck_assert(expr_value_to_bool(&array, &truth) && truth);
}
END_TEST

START_TEST(test_choice)
{
	size_t count;
	const struct expr_constant *strategies = expr_scope_strategies(&count);
	struct expr_value name = expr_value_text(slice_of("IPv6_Only"));
	struct expr_value number = expr_value_integer(5);
	struct expr_value other = expr_value_integer(1);
	struct expr_value require = expr_value_text(slice_of("require"));
	int64_t choice = 0;

	ck_assert_uint_eq(count, 4);
	ck_assert(expr_value_to_choice(&name, strategies, count, true, &choice));
	ck_assert_int_eq(choice, 3);
	ck_assert(!expr_value_to_choice(&name, strategies, count, false, &choice));
	ck_assert(expr_value_to_choice(&number, strategies, count, true, &choice));
	ck_assert_int_eq(choice, 5);
	ck_assert(!expr_value_to_choice(&other, strategies, count, true, &choice));
	strategies = expr_scope_requirements(&count);
	ck_assert(!expr_value_to_choice(&require, strategies, count, false, &choice));
	ck_assert(expr_value_to_choice(&other, strategies, count, false, &choice));
	ck_assert_int_eq(choice, 1);
	strategies = expr_scope_frequencies(&count);
	ck_assert_uint_eq(count, 8);
	ck_assert_str_eq(strategies[count - 1].name, "week");
}
END_TEST

START_TEST(test_numbers)
{
	static const struct {
		double real;
		const char *text;
		const char *canonical;
	} rows[] = {
	    {0, "0", "0.0"},
	    {3, "3", "3.0"},
	    {-2.5, "-2.5", "-2.5"},
	    {0.1, "0.1", "0.1"},
	    {1e-7, "0.0000001", "0.0000001"},
	    {1e21, "1000000000000000000000", "1000000000000000000000.0"},
	    {123456789012345680000.0, "123456789012345680000", "123456789012345680000.0"},
	    {100, "100", "100.0"},
	    {1.0 / 3, "0.3333333333333333", "0.3333333333333333"},
	    {INFINITY, "inf", "inf"},
	    {-INFINITY, "-inf", "-inf"},
	    {NAN, "NaN", "NaN"},
	};
	static const char *const floats[] = {"1e3", "-1.5", ".5", "5.", "inf", "+2", "1E-2", "nan"};
	static const char *const not_floats[] = {"",  "x",     "1e",     " 1", "1 ", "0x10",
						 ".", "1.2.3", "nan(1)", "-",  "e5"};
	char text[EXPR_NUMBER_TEXT];
	int64_t integer;
	double real;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_uint_eq(expr_number_format(text, rows[i].real, false),
				  strlen(rows[i].text));
		ck_assert_str_eq(text, rows[i].text);
		expr_number_format(text, rows[i].real, true);
		ck_assert_str_eq(text, rows[i].canonical);
	}
	for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++)
		ck_assert_msg(expr_number_float(slice_of(floats[i]), &real), "%s", floats[i]);
	for (size_t i = 0; i < sizeof(not_floats) / sizeof(not_floats[0]); i++)
		ck_assert_msg(!expr_number_float(slice_of(not_floats[i]), &real), "%s",
			      not_floats[i]);
	ck_assert_uint_lt(expr_number_format(text, -5e-324, true), EXPR_NUMBER_TEXT);
	ck_assert_uint_lt(expr_number_format(text, -1.7976931348623157e308, true),
			  EXPR_NUMBER_TEXT);
	ck_assert(expr_number_integer(slice_of("-9223372036854775808"), &integer));
	ck_assert_int_eq(integer, INT64_MIN);
	ck_assert(!expr_number_integer(slice_of("9223372036854775808"), &integer));
	ck_assert(!expr_number_integer(slice_of("-9223372036854775809"), &integer));
	ck_assert(!expr_number_integer(slice_of("+"), &integer));
	ck_assert_int_eq(expr_number_truncate(1e300), INT64_MAX);
	ck_assert_int_eq(expr_number_truncate(-1e300), INT64_MIN);
	ck_assert_int_eq(expr_number_truncate(-2.9), -2);
	ck_assert_int_eq(expr_number_truncate(NAN), 0);
}
END_TEST

START_TEST(test_print_and_copy)
{
	struct arena *arena = arena_new();
	char changing[] = "a\"b";
	struct expr_value inner[1] = {expr_value_text(slice_of(changing))};
	struct expr_value items[3] = {expr_value_integer(-1), expr_value_float(2),
				      expr_value_array(inner, 1)};
	struct expr_value value = expr_value_array(items, 3);
	struct expr_value copy = expr_value_copy(arena, &value);
	struct str str = {0};

	memset(changing, 'x', 3);
	items[0] = expr_value_integer(5);
	expr_value_print(&str, &copy);
	ck_assert_str_eq(str_c(&str), "[-1,2.0,[\"a\\\"b\"]]");
	ck_assert(slice_is(expr_value_stringify(&copy, arena), "-1\r\n2\r\na\"b"));
	str_free(&str);
	arena_free(&arena);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("expr/value");
	TCase *t = tcase_create("expr/value");

	tcase_add_test(t, test_count);
	tcase_add_test(t, test_duration);
	tcase_add_test(t, test_list_text_bool);
	tcase_add_test(t, test_choice);
	tcase_add_test(t, test_numbers);
	tcase_add_test(t, test_print_and_copy);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
