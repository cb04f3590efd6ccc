#include "common/expr/expr.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/arena.h"
#include "common/why.h"
#include "tests/unit/common/expr/given.h"
#include "tests/unit/unit.h"

/* The published examples with odd numbers, E1 to E107; what we decided otherwise is named. */
static const struct given_row published[] = {
    {"1 + 2 * 3", "7"},
    {"10 - 4 - 3", "3"},
    {"6 / 2", "3.0"},
    {"8 / 4 / 2", "1.0"},
    {"1 - 2 * 3 - 4", "-9"},
    {"- retry_num * 2", "-4"},
    {"3 - -1", "4"},
    {"retry_num-1", "1"},
    {"1 < 2 < 3", "1"},
    {"1 => 0", "1"},
    {"1 == 2 == 0", "1"},
    {"1 || 1 && 0", "1"},
    {"1 ^ 1", "0"},
    {"1 && 1 ^ 1", "0"},
    {"!retry_num == 0", "1"},
    {"!'a' == 0", "1"},
    {"'1' == 1", "1"},
    {"'' == 0", "1"},
    {"'1e3' == 1000", "1"},
    {"'0x10' == 16", "0"},
    {"'10' < 9", "0"},
    {"'a' == 'A'", "0"},
    {"[] == []", "1"},
    {"[1,2] < [1,3]", "1"},
    {"'hello' || 'x'", "\"hello\""},
    {"'' && 'x'", "\"\""},
    {"'false' && 1", "1"},
    {"'a' + 1", "\"a1\""},
    {"'' + 5", "5"},
    {"'a' + [1,2]", "[\"a\",1,2]"},
    {"[1,2,3] - 2", "[1,3]"},
    {"'5' - 2", "3"},
    {"2m", "120000"},
    {"500ms", "500"},
    {"retry_num * 5m", "600000"},
    {"[2m, 5m, 10m, 15m, 30m, 1h, 2h]", "[120000,300000,600000,900000,1800000,3600000,7200000]"},
    {"if_then(retry_num > 1, ipv4_only, ipv6_only)", "2"},
    {"['rsa-' + sender_domain, 'ed-' + sender_domain]", "[\"rsa-foo.net\",\"ed-foo.net\"]"},
    {"ends_with(mx, '.example.org')", "1"},
    {"expires_in < 2h", "1"},
    {"local_ip == '0.0.0.0'", "1"},
    {"retry_num = 2", "1"},
    {"mx='mx1.example.org'", "1"}, /* D19: = eats nothing */
    {"['192.0.2.10', '2001:db8::1']", "[\"192.0.2.10\",\"2001:db8::1\"]"},
    {"2001:db8::1", "column 5: Invalid character ':'..."},
    {"foo()", "column 1: Invalid variable or constant \"foo\"..."},
    {"sender[0]", "\"bill@foo.net\""},
    {"sender[1]", "\"\""},
    {"substring('hello world', 6, 5)", "\"world\""},
    {"rsplit('a.b.c','.')", "[\"c\",\"b\",\"a\"]"},
    {"split_once('k=v=e','=')", "[\"k\",\"v=e\"]"},
    {"is_intersect('a',['a'])", "1"},
    {"is_intersect('a','a')", "0"},
    {"starts_with(sender)",
     "column 1: Expression function \"starts_with\" expected 2 arguments, got 1"},
    {"('gmail.com' || 'x.org')", "\"gmail.com\""},
    {"-[]", "-1"},
    {"rcpt_domain = 'example.org' || starts_with(remote_ip, '192.0.2.') || ( starts_with(sender, "
     "'no-reply@') && ends_with(sender, '@example.org') && !(priority = 1 || priority = -2) )",
     "1"},
    {"7", "7"},
    {"3m", "180000"},
    {"['192.0.2.10', '192.0.2.11']", "[\"192.0.2.10\",\"192.0.2.11\"]"},
    {"mx.example.org", "column 1: Invalid variable or constant \"mx.example.org\": a text needs "
		       "inner quotes: 'mx.example.org'"},
};

START_TEST(test_published)
{
	struct given given;

	given_init(&given);
	GIVEN_CHECK(&given, published);
	given_free(&given);
}
END_TEST

static const struct given_row conditions[] = {
    {"rcpt_domain = 'example.org'", "1"},           /* EV1 */
    {"rcpt_domain = 'example.com'", "0"},           /* EV2 */
    {"listener = 'smtp'", "1"},                     /* EV3 */
    {"listener = 'smtps'", "0"},                    /* EV4 */
    {"local_ip = '192.168.9.3'", "1"},              /* EV5 */
    {"remote_ip = 'A:B:C::D:E'", "0"},              /* EV6 */
    {"!is_empty(authenticated_as)", "1"},           /* EV7 */
    {"authenticated_as != 'john@foobar.org'", "0"}, /* EV8 */
    {"starts_with(mx, 'mx.some')", "1"},            /* EV9 */
    {"starts_with(mx, 'enchilada')", "0"},          /* EV10 */
    {"ends_with(sender, '@foo.net')", "1"},         /* EV11 */
    {"ends_with(sender, 'chimichanga')", "0"},      /* EV12 */
    {"matches('^(.+)@(.+)$', sender)", "1"},        /* EV13 */
    {"matches('/^\\S+@\\S+\\.\\S+$/', mx)", "0"},   /* EV14 */
    {"authenticated_as != 'john@foobar.org' | rcpt_domain = 'example.org' | starts_with(mx, "
     "'mx.some')",
     "1"}, /* EV15 */
    {"authenticated_as = 'something else' | rcpt_domain = 'something else' | starts_with(mx, "
     "'something else')",
     "0"}, /* EV16 */
    {"rcpt_domain = 'example.org' & listener = 'smtp' & starts_with(mx, 'mx.some')", "1"},
    {"rcpt_domain = 'example.org' & listener = 'smtp' & starts_with(mx, 'something else')", "0"},
    {"!(authenticated_as = 'something else' | rcpt_domain = 'something else' | starts_with(mx, "
     "'something else'))",
     "1"}, /* EV19 */
    {"!(rcpt_domain = 'example.org' | listener = 'smtp' | starts_with(mx, 'mx.some'))", "0"},
};

static void
given_rules(struct given *given)
{
	given_init(given);
	given_set(given, EXPR_VAR_RCPT, "user@example.org");
	given_set(given, EXPR_VAR_LOCAL_IP, "192.168.9.3");
	given_set(given, EXPR_VAR_REMOTE_IP, "a:b:c::d:e");
	given_set(given, EXPR_VAR_MX, "mx.somedomain.com");
	given_set(given, EXPR_VAR_AUTHENTICATED_AS, "john@foobar.org");
	given_set(given, EXPR_VAR_LISTENER, "smtp");
}

START_TEST(test_conditions)
{
	struct given given;

	given_rules(&given);
	GIVEN_CHECK(&given, conditions);
	given_free(&given);
}
END_TEST

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

static const struct given_row coercion[] = {
    {"!'0'", "0"},
    {"!'false'", "0"},
    {"!''", "1"},
    {"![]", "1"},
    {"![0]", "0"},
    {"!0.0", "1"},
    {"[] && 1", "[]"},
    {"0.0 && 1", "0.0"},
    {"5 || 0", "5"},
    {"'' || 'y'", "1"},
    {"'' || ''", "0"},
    {"'x' && 'y'", "1"},
    {"1 && 5 && ''", "0"},
    {"0 || '' || 'z'", "1"},
    {"'a' ^ 0", "1"},
    {"1 + 2.5", "3.5"},
    {"[1] + [2]", "[1,2]"},
    {"[1] + 2", "[1,2]"},
    {"2 + [1]", "[2,1]"},
    {"5 + ''", "5"},
    {"1 + 2 + 'a'", "\"3a\""},
    {"'a' + 1 + 2", "\"a12\""},
    {"'' + [1]", "[\"\",1]"},
    {"2 - [1,2,2]", "[1]"},
    {"[1,'2'] - 2", "[1]"},
    {"'x' - 1", "-1"},
    {"'2.5' * 2", "5.0"},
    {"7 / 2", "3.5"},
    {"1 / 0", "0.0"},
    {"1 / 'x'", "0.0"},
    {"9223372036854775807 + 1", "9223372036854775807"},
    {"-9223372036854775807 - 10", "-9223372036854775808"},
    {"9223372036854775807 * 2", "9223372036854775807"},
    {"9223372036854775807 * -2", "-9223372036854775808"},
    {"-(-9223372036854775807 - 1)", "9223372036854775807"},
    {"'abc' == 0", "1"},
    {"' 1' == 1", "0"},
    {"'1.0' == 1", "1"},
    {"'inf' > 1", "1"},
    {"'nan' == 0", "0"},
    {"'nan' < 0", "0"},
    {"'nan' >= 0", "0"},
    {"[1,2] == ['1','2']", "1"},
    {"[1] == [1,2]", "0"},
    {"[] == ''", "0"},
    {"[] != ''", "1"},
    {"1 == 1.0", "1"},
    {"'10' < '9'", "1"},
    {"'a' > [1]", "1"},
    {"[1] > 5", "1"},
    {"[1] < 'a'", "1"},
    {"5 < [1]", "1"},
    {"[1] <= [1]", "1"},
    {"[1,2] > [1]", "1"},
    {"'a' < 'ab'", "1"},
    {"'x' + 1.0", "\"x1\""},
    {"'x' + 2.5", "\"x2.5\""},
    {"'x' + 0.1", "\"x0.1\""},
    {"'x' + (1/3.0)", "\"x0.3333333333333333\""},
    {"len([[1,2],3]) + ''", "2"},
    {"to_lowercase(1.0)", "\"1\""},
    {"eq_ignore_case(['A','b'], 'a\r\nB')", "1"},
};

START_TEST(test_coercion)
{
	struct given given;

	given_init(&given);
	GIVEN_CHECK(&given, coercion);
	given_free(&given);
}
END_TEST

static const struct given_row captures[] = {
    {"if_then(matches('^([^.]+)@([^.]+)\\.(.+)$', sender), $1 + '+' + $2 + '@' + $3, '')",
     "\"bill+foo@net\""},
    {"[matches('(a)|(b)', 'b'), $0, $1, $2, $3]", "[1,\"b\",\"\",\"b\",\"\"]"},
    {"[matches('(b)', 'abc'), matches('x', 'abc'), $1]", "[1,0,\"\"]"},
    {"[matches('(.)(.)', 'ab'), matches('(.)', $2), $0, $1, $2]", "[1,1,\"b\",\"b\",\"\"]"},
    {"[$0, matches('.', 'q'), $0]", "[\"\",1,\"q\"]"},
    {"matches('^\\d+$', 123)", "1"},
    {"[matches('\\xe9', '\xc3\xa9'), $0]", "[1,\"\xc3\xa9\"]"},
    {"matches('a.b', 'a\xc3\xa9"
     "b')",
     "1"},
    {"matches('a$', 'a\n')", "0"},
    {"matches('(?i)ABC', 'abc')", "1"},
    {"matches('', '')", "1"},
};

START_TEST(test_captures)
{
	struct given given;

	given_init(&given);
	GIVEN_CHECK(&given, captures);
	given_free(&given);
}
END_TEST

/* Exponential for an engine that goes back: given up, counted, reported, no match. */
START_TEST(test_regex_limit)
{
	struct given given;
	struct str subject = {0};

	given_init(&given);
	for (int i = 0; i < 40; i++)
		str_char(&subject, 'a');
	str_char(&subject, '!');
	given_set(&given, EXPR_VAR_SENDER, str_c(&subject));
	ck_assert_str_eq(given_eval(&given, "matches('^(a|aa)+$', sender)"), "0");
	ck_assert_uint_eq(given.env.regex_too_long, 1);
	ck_assert_ptr_nonnull(strstr(str_c(&given.reports), "0:1: matches() was given up"));
	given_set(&given, EXPR_VAR_SENDER, "\xff\xfe@\x80");
	ck_assert_str_eq(given_eval(&given, "matches('@', sender)"), "1");
	str_free(&subject);
	given_free(&given);
}
END_TEST

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
	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
		size_t len = strlen(published[i].expression);

		for (size_t cut = 0; cut <= len; cut++) {
			/* Exactly as long as it is, so that reading behind it is seen. */
			char *copy = malloc(cut + 1);
			struct why why = {0};
			struct expr *expr;

			memcpy(copy, published[i].expression, cut);
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
				str_text(&text, "mx, 'b', 1)" + 4 * random_next(&state, 3));
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
	Suite *s = suite_create("expr");
	TCase *t = tcase_create("expr");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, test_published);
	tcase_add_test(t, test_conditions);
	tcase_add_test(t, test_tokens);
	tcase_add_test(t, test_grammar);
	tcase_add_test(t, test_coercion);
	tcase_add_test(t, test_captures);
	tcase_add_test(t, test_regex_limit);
	tcase_add_test(t, test_warnings);
	tcase_add_test(t, test_scope);
	tcase_add_test(t, test_nesting_is_bounded);
	tcase_add_test(t, test_every_truncation);
	tcase_add_test(t, test_random_expressions);
	tcase_add_test(t, test_ten_conditions);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
