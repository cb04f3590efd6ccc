#include "common/expr/eval.h"

#include <string.h>

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
    {"priority = -1 | starts_with(rcpt, 'jane')", "0"}, /* CF1 */
    {"priority = -4 | starts_with(rcpt, 'jane')", "1"},
    {"['From', 'To', 'Date']", "[\"From\",\"To\",\"Date\"]"}, /* CF2 */
    {"[]", "[]"},                                             /* CF3 */
    {"'hello world'", "\"hello world\""},                     /* CF4 */
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

static Suite *
suite(void)
{
	Suite *s = suite_create("expr/eval");
	TCase *t = tcase_create("expr/eval");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, test_published);
	tcase_add_test(t, test_conditions);
	tcase_add_test(t, test_coercion);
	tcase_add_test(t, test_captures);
	tcase_add_test(t, test_regex_limit);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
