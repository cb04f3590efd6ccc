#include "common/expr/parse.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/why.h"
#include "tests/unit/common/expr/given.h"
#include "tests/unit/unit.h"

static const struct given_row tokens[] = {
    {"1\t+\r\n1", "2"},                         /* [B]: TAB is white space */
    {"1 }", "column 3: Invalid character '}'"}, /* [B] */
    {"1 } 2", "column 3: Invalid character '}'"},
    {"retry-num", "column 1: Invalid variable or constant \"retry\": did you mean retry_num?"},
    {"1.", "1.0"},
    {".5", "0.5"},
    {"192.0.2.1",
     "column 1: Invalid float value \"192.0.2.1\": a text needs inner quotes: '192.0.2.1'"},
    {"1..2", "column 1: Invalid float value..."},
    {".", "column 1: Invalid float value..."},
    {"99999999999999999999", "column 1: Invalid integer value..."},
    {"9223372036854775807", "9223372036854775807"},
    {"1e3", "column 1: Invalid variable or constant \"1e3\"..."},
    {"1_000", "column 1: Invalid variable or constant \"1_000\"..."},
    {"0x10", "column 1: Invalid variable or constant \"0x10\"..."},
    {"\"it's\"", "\"it's\""},
    {"'say \"x\"'", "\"say \\\"x\\\"\""},
    {"'a\\nb'", "\"a\\\\\\nb\""},
    {"'a\\'b'", "\"a\\\\'b\""},
    {"'a\\\\b'", "\"a\\\\\\\\b\""},
    {"'a\\tb'", "\"a\\\\\\tb\""},
    {"'abc\\'", "column 1: Unterminated text..."},
    {"1 + 'abc", "column 5: Unterminated text..."},
    {"'\xff'", "column 1: Invalid UTF-8..."},
    {"'\xc3\xa9' + \xc3\xa9", "column 7: Invalid character '\xc3\xa9'"},
    {"true", "1"},
    {"false", "0"},
    {"TRUE", "column 1: Invalid variable or constant \"TRUE\": did you mean true?"},
    {"$0", "\"\""},
    {"$31", "\"\""},
    {"$32", "column 1: There are captures up to $31 only"},
    {"$", "column 1: Invalid variable or constant \"$\"..."},
    {"$env", "column 1: Invalid variable or constant \"$env\"..."},
    {"count",
     "column 1: Invalid variable or constant \"count\": it is a function, write count(...)"},
    {"count (1)", "1"},
    {"2M", "120000"},
    {"10S", "10000"},
    {"5d", "432000000"},
    {"1d12h", "129600000"}, /* [B]: compound */
    {"1h30m5s7ms", "5405007"},
    {"1m2", "column 1: Invalid variable or constant \"1m2\": a duration..."}, /* [B]: not 12m */
    {"1w",
     "column 1: Invalid variable or constant \"1w\": a duration is written 3m, 1d12h or 500ms"},
    {"1.5m", "column 1: Invalid variable or constant \"1.5m\"..."},
    {"0s", "column 1: Invalid variable or constant \"0s\"..."},
    {"2 m", "column 3: ..."},
    {"retry_num=2", "1"}, /* D19 */
    {"retry_num==2", "1"},
    {"retry_num=-2", "0"},
    {"1 =< 2", "1"},
    {"1 =! 0", "1"},
    {"2001:db8::1", "column 5: Invalid character ':': a text needs inner quotes: '2001:db8::1'"},
    {"ipv4-only", "column 1: Invalid variable or constant \"ipv4\": did you mean ipv4_only?"},
    {"mx-1.example.org",
     "column 4: Invalid variable or constant \"1.example.org\": a text needs inner "
     "quotes: 'mx-1.example.org'"},
    {"smarthost",
     "column 1: Invalid variable or constant \"smarthost\": a text needs inner quotes: "
     "'smarthost'"},
    {"start_with(mx, 'a')", "column 1: Invalid variable or constant \"start_with\": did you mean "
			    "starts_with?"},
    {"sql_query(mx)",
     "column 1: Invalid variable or constant \"sql_query\": there are no databases..."},
    {"1 == rcpt_domian", "column 6: Invalid variable or constant \"rcpt_domian\": did you mean "
			 "rcpt_domain?"},
};

START_TEST(test_tokens)
{
	struct given given;

	given_init(&given);
	GIVEN_CHECK(&given, tokens);
	given_free(&given);
}
END_TEST

static const struct given_row grammar[] = {
    {"1 2", "column 3: Unexpected \"2\"..."},
    {"'a' 'b'", "column 5: Unexpected \"b\"..."},
    {"sender sender_domain", "column 8: Unexpected \"sender_domain\"..."},
    {"1 +", "column 4: An operand is missing after \"+\""},
    {"+ 1", "column 1: An operand is missing before \"+\""},
    {"* 2", "column 1: An operand is missing before \"*\""},
    {"&& 1", "column 1: An operand is missing before \"&&\""},
    {"1 &&", "column 5: An operand is missing after \"&&\""},
    {"1 + * 2", "column 5: An operand is missing before \"*\""},
    {"[1 2]", "column 4: A comma is missing before \"2\""},
    {"['a' 'b']", "column 6: A comma is missing before \"b\""},
    {"[1,,2]", "column 4: An operand is missing after \",\""},
    {"[1,2,]", "[1,2]"},
    {"[,]", "column 2: An operand is missing after \"[\""},
    {"[1,2,,]", "column 6: An operand is missing after \",\""},
    {"starts_with(sender 'bill')", "column 20: A comma is missing before \"bill\""},
    {"starts_with(sender, 'bill',)", "1"},
    {"[-1]", "[-1]"},
    {"[1,-1]", "[1,-1]"},
    {"[!1,2]", "[0,2]"},
    {"[(1+2),3]", "[3,3]"},
    {"[(5m * 2)]", "[600000]"},
    {"[3,(1+2)]", "[3,3]"},
    {"[1+2, 3]", "[3,3]"},
    {"[5m * 2, 1h]", "[600000,3600000]"},
    {"[[1,2],[3]]", "[[1,2],[3]]"},
    {"--1", "1"}, /* ordinary unary: two minus signs cancel out */
    {"!-1", "0"},
    {"2 + - 1", "1"},
    {"count()", "column 1: Expression function \"count\" expected 1 arguments, got 0"},
    {"count(1, 2)", "column 1: Expression function \"count\" expected 1 arguments, got 2"},
    {"(1", "column 1: Unmatched open parenthesis"},
    {"1)", "column 2: Unmatched close parenthesis"},
    {"[1", "column 1: Unmatched open bracket"},
    {"1]", "column 2: Unmatched close bracket"},
    {"(1]", "column 3: Unmatched close bracket"},
    {"count(1", "column 6: Unmatched open parenthesis"},
    {"mx[1", "column 3: Unmatched open bracket"},
    {"1, 2", "column 2: Unexpected comma..."},
    {"[1,2][1]", "2"},
    {"(sender)[0]", "\"bill@foo.net\""},
    {"split(mx, '.')[1]", "\"example\""},
    {"[1][5]", "\"\""},
    {"[1]['x']", "\"\""},
    {"5[0]", "5"},
    {"[1][-1]", "column 5: Missing array index..."},
    {"[1][]", "column 5: Missing array index"},
    {"[1][priority]", "\"\""},
    {"", "unset"},
    {"  ", "unset"},
    {"()", "unset"},
    {" ( ) ", "unset"},
    {"1 + ()", "column 6: An operand is missing after \"(\""},
    {"matches (\"a\", mx)", "column 1: Expression function \"matches\" needs its parenthesis..."},
    {"matches(mx, mx)", "column 9: Expression function \"matches\" needs a text in quotes..."},
    {"matches('a' + 'b', mx)", "column 13: Expression function \"matches\" needs a text..."},
    {"config_get(mx)", "column 12: Expression function \"config_get\" needs a text in quotes..."},
    {"matches('(', mx)", "column 9: Invalid regular expression \"(\": ..."},
    {"3 > 2 > 1", "0"},
    {"1 < 2 == 1", "1"},
    {"1 | 0 & 0", "1"},
    {"1 + 1 ^ 0", "1"},
    {"0 ^ 1 == 1", "1"},
    {"-2 * -3", "6"},
    {"!1 + 1", "1"},
    {"-mx", "0"},
    {"-'5'", "-5"},
    {"-[1]", "0"},
};

START_TEST(test_grammar)
{
	struct given given;

	given_init(&given);
	GIVEN_CHECK(&given, grammar);
	given_free(&given);
}
END_TEST

START_TEST(test_nesting_is_bounded)
{
	static const char *const open[] = {"(", "[", "-", "!", "count(", "1+(", "x["};
	struct given given;
	struct str text = {0};

	given_init(&given);
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		str_clear(&text);
		for (int n = 0; n < 100000; n++)
			str_text(&text, open[i]);
		ck_assert_ptr_null(given_compile(&given, str_c(&text)));
	}
	str_clear(&text);
	str_text(&text, "mx");
	for (int n = 0; n < 1000; n++)
		str_text(&text, "[0]");
	ck_assert_ptr_null(given_compile(&given, str_c(&text)));
	str_clear(&text);
	for (int n = 0; n < 90; n++)
		str_text(&text, "(1 + ");
	str_text(&text, "1");
	for (int n = 0; n < 90; n++)
		str_text(&text, ")");
	ck_assert_str_eq(given_eval(&given, str_c(&text)), "91");
	/* A long chain is not deep. */
	str_clear(&text);
	str_text(&text, "mx == 'none'");
	for (int n = 0; n < 20000; n++)
		str_text(&text, " || mx == 'a'");
	ck_assert_str_eq(given_eval(&given, str_c(&text)), "0");
	str_free(&text);
	given_free(&given);
}
END_TEST

START_TEST(test_every_truncation)
{
	struct given given;
	struct expr_value value;

	given_init(&given);
	for (size_t i = 0; i < sizeof(grammar) / sizeof(grammar[0]); i++) {
		size_t len = strlen(grammar[i].expression);

		for (size_t cut = 0; cut <= len; cut++) {
			/* Exactly as long as it is, so that reading behind it is seen. */
			char *copy = malloc(cut + 1);
			struct why why = {0};
			struct expr *expr;

			memcpy(copy, grammar[i].expression, cut);
			expr = expr_compile(given.arena, (struct slice){copy, cut}, given.scope,
					    NULL, NULL, &why);
			free(copy);
			if (expr == NULL)
				ck_assert_msg(why.column > 0 && why.column <= cut + 1, "%zu %zu", i,
					      cut);
			else
				ck_assert_int_eq(expr_eval(expr, &given.env, &value, &why),
						 EXPR_OK);
		}
	}
	given_free(&given);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("expr/parse");
	TCase *t = tcase_create("expr/parse");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, test_tokens);
	tcase_add_test(t, test_grammar);
	tcase_add_test(t, test_nesting_is_bounded);
	tcase_add_test(t, test_every_truncation);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
