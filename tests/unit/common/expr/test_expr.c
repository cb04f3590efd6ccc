#include "common/expr/expr.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/arena.h"
#include "common/why.h"
#include "tests/unit/common/expr/given.h"
#include "tests/unit/unit.h"

static const char *const warned[][2] = {
    {"rcpt_domain == 'a' || 'b'",
     "column 23: The text 'b' as an operand of || is always true: write contains(['a', 'b'], "
     "rcpt_domain)\n"},
    {"('gmail.com' || 'x.org')", "column 2: The text 'gmail.com' as an operand of ||..."},
    {"retry_num && ''", "column 14: The text '' as an operand of && is always false..."},
    {"expires_in < 2h", "column 1: expires_in counts seconds..."},
    {"1d - 1h > expires_in + 60", "column 22: expires_in counts seconds..."},
    {"expires_in < 2h / 1000", ""},
    {"expires_in * 1000 < 2h", ""},
    {"expires_in_ms < 2h", ""},
    {"expires_in < 7200", ""},
    {"rcpt_domain == 'a' || rcpt_domain == 'b'", ""},
};

START_TEST(test_warnings)
{
	struct given given;

	given_init(&given);
	for (size_t i = 0; i < sizeof(warned) / sizeof(warned[0]); i++) {
		const char *expected = warned[i][1];
		size_t len = strlen(expected);
		const char *got;

		ck_assert_ptr_nonnull(given_compile(&given, warned[i][0]));
		got = str_c(&given.warnings);
		if (len > 3 && strcmp(expected + len - 3, "...") == 0)
			ck_assert_msg(strncmp(got, expected, len - 3) == 0, "%s: %s", warned[i][0],
				      got);
		else
			ck_assert_str_eq(got, expected);
	}
	given_free(&given);
}
END_TEST

START_TEST(test_scope)
{
	static const struct expr_constant constants[] = {{"optional", 2}};
	static const struct expr_scope scope = {
	    .variables = EXPR_BIT(EXPR_VAR_SENDER) | EXPR_BIT(EXPR_VAR_RETRY_NUM),
	    .constants = constants,
	    .constant_count = 1,
	    .key = "queue.outbound.next-hop",
	};
	static const struct given_row rows[] = {
	    {"sender", "\"bill@foo.net\""},
	    {"optional", "2"},
	    {"mx", "column 1: Invalid variable or constant \"mx\": the variable mx has no value in "
		   "queue.outbound.next-hop"},
	    {"1 + ipv4_only",
	     "column 5: Invalid variable or constant \"ipv4_only\": ipv4_only is a "
	     "constant of other settings..."},
	    {"dns_query(sender, 'mx')",
	     "column 1: Expression function \"dns_query\" is not available in "
	     "queue.outbound.next-hop..."},
	    {"optionale",
	     "column 1: Invalid variable or constant \"optionale\": did you mean optional?"},
	};
	struct given given;
	struct expr *expr;
	struct expr_value value;

	given_init(&given);
	given.scope = &scope;
	GIVEN_CHECK(&given, rows);
	expr = given_compile(&given, "sender + retry_num");
	ck_assert_uint_eq(expr_variables(expr), scope.variables);
	ck_assert(!expr_is_constant(expr, &value));
	expr = given_compile(&given, "[to_uppercase('a') + 1, if_then(optional, 3m, 0)]");
	ck_assert(expr_is_constant(expr, &value));
	ck_assert_uint_eq(value.array.count, 2);
	ck_assert_int_eq(value.array.items[1].integer, 180000);
	ck_assert(!expr_is_constant(given_compile(&given, "matches('a', 'a')"), &value));
	ck_assert(!expr_is_constant(given_compile(&given, ""), &value));
	given_free(&given);
}
END_TEST

static unsigned
random_next(unsigned *state, unsigned limit)
{
	*state = *state * 1103515245 + 12345;
	return (*state >> 16) % limit;
}

/* Pieces in any order, more often than not in one that makes sense. */
START_TEST(test_random_expressions)
{
	static const char *const pieces[] = {
	    "1",
	    "2.5",
	    "'a.b'",
	    "''",
	    "[]",
	    "mx",
	    "priority",
	    "recipients",
	    "3m",
	    "true",
	    "$0",
	    "$1",
	    "(",
	    ")",
	    "[",
	    "]",
	    ",",
	    "+",
	    "-",
	    "*",
	    "/",
	    "==",
	    "<",
	    ">=",
	    "&&",
	    "||",
	    "^",
	    "!",
	    "split(",
	    "sort(",
	    "hash(",
	    "len(",
	    "matches('(.)(.*)',",
	    "if_then(",
	    "substring(",
	    "dedup(",
	    "rsplit(",
	    "lines(",
	    "\"\xc3\xa9\"",
	    "9223372036854775807",
	    "email_part(",
	    "is_email(",
	};
	const unsigned count = sizeof(pieces) / sizeof(pieces[0]);
	unsigned state = 7;
	unsigned compiled = 0;
	struct given given;
	struct str text = {0};

	for (int turn = 0; turn < 40000; turn++) {
		unsigned length = 1 + random_next(&state, 9);

		if (turn % 500 == 0)
			given_init(&given);
		str_clear(&text);
		for (unsigned i = 0; i < length; i++) {
			const char *piece = pieces[random_next(&state, count)];
			size_t len = strlen(piece);

			str_text(&text, piece);
			if (len > 1 && strchr("(,", piece[len - 1]) != NULL &&
			    random_next(&state, 2))
				str_text(&text, &"mx, 'b', 1)"[4 * random_next(&state, 3)]);
			str_char(&text, ' ');
		}
		compiled += strncmp(given_eval(&given, str_c(&text)), "column", 6) != 0;
		if (turn % 500 == 499)
			given_free(&given);
	}
	ck_assert_uint_gt(compiled, 1000);
	str_free(&text);
}
END_TEST

/* Without allocation: conditions over texts must not touch the arena. */
START_TEST(test_ten_conditions)
{
	struct given given;
	struct expr *expr[10];
	struct expr_value value;
	struct timespec start;
	struct timespec end;
	size_t size;
	int true_count = 0;

	given_init(&given);
	for (int i = 0; i < 10; i++)
		expr[i] = given_compile(&given, i % 2 ? "rcpt_domain == 'gmail.com'"
						      : "ends_with(mx, '.google.com')");
	size = arena_size(given.arena);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int turn = 0; turn < 100000; turn++) {
		for (int i = 0; i < 10; i++) {
			expr_eval(expr[i], &given.env, &value, NULL);
			true_count += expr_truth(&value);
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.0f ns for ten conditions\n",
	       ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) /
		   100000);
	ck_assert_int_eq(true_count, 0);
	ck_assert_uint_eq(arena_size(given.arena), size);
	given_free(&given);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("expr/expr");
	TCase *t = tcase_create("expr/expr");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, test_warnings);
	tcase_add_test(t, test_scope);
	tcase_add_test(t, test_random_expressions);
	tcase_add_test(t, test_ten_conditions);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
