#include "common/expr/builtin.h"

#include <string.h>

#include "common/arena.h"
#include "tests/unit/common/expr/given.h"
#include "tests/unit/unit.h"

static const struct given_row arrays[] = {
    {"count([1,2])", "2"},
    {"count('')", "0"},
    {"count('x')", "1"},
    {"count(0)", "1"},
    {"sort([3,1,2], true)", "[3,2,1]"},
    {"sort([3,1,2], false)", "[1,2,3]"},
    {"sort(['b','a',[1],'10'], 0)", "[[1],\"10\",\"a\",\"b\"]"},
    {"sort('x', 1)", "\"x\""},
    {"sort([], 1)", "[]"},
    {"sort([5,4,3,2,1,9,8,7,6], 0)", "[1,2,3,4,5,6,7,8,9]"},
    {"dedup([1,'a',1,'1','a'])", "[1,\"a\"]"},
    {"dedup('x')", "\"x\""},
    {"winnow(['', 'a', [], 0])", "[\"a\",0]"},
    {"is_intersect([1,2],[2,3])", "1"},
    {"is_intersect([1,2],[3])", "0"},
    {"is_intersect([1,'b'],'b')", "1"},
    {"is_empty('')", "1"},
    {"is_empty([])", "1"},
    {"is_empty(0)", "0"},
    {"is_empty(recipients)", "1"},
    {"is_number(1.5)", "1"},
    {"is_number('123')", "0"},
    {"if_then('', 1, 2)", "2"},
    {"if_then([0], 1, 2)", "1"},
};

static const struct given_row texts[] = {
    {"trim(' a b\t')", "\"a b\""},
    {"trim(' a b\\t')", "\"a b\\\\\""}, /* the backslash of an escape is kept */
    {"trim('\xc2\xa0x\xe3\x80\x80')", "\"x\""},
    {"trim_start('  a ')", "\"a \""},
    {"trim_end('  a ')", "\"  a\""},
    {"trim([' a', 1])", "[\"a\",\"1\"]"},
    {"len('\xc3\xa9')", "2"},
    {"len([1,2,3])", "3"},
    {"len(1234)", "4"},
    {"count_chars('hi there')", "8"},
    {"count_chars('\xc3\xa9')", "1"},
    {"to_lowercase('\xc3\x89"
     "A')",
     "\"\xc3\xa9"
     "a\""},
    {"to_uppercase('stra\xc3\xa9')", "\"STRA\xc3\x89\""},
    {"to_uppercase(['a', 'b'])", "[\"A\",\"B\"]"},
    {"is_uppercase('ABC 1')", "1"},
    {"is_uppercase('ABc')", "0"},
    {"is_uppercase('')", "1"},
    {"is_lowercase(['a','B'])", "[1,0]"},
    {"is_lowercase('\xc3\xa9')", "1"},
    {"has_digits('a1')", "1"},
    {"has_digits('a')", "0"},
    {"count_spaces('a b  c')", "3"},
    {"count_uppercase('aBC')", "2"},
    {"count_lowercase('aBC\xc3\xa9')", "2"},
    {"contains('hello', 'ell')", "1"},
    {"contains('hello', '')", "1"},
    {"contains('hello', 'x')", "0"},
    {"contains([1,2],'2')", "1"},
    {"contains(['a'],'A')", "0"},
    {"contains(1234, 23)", "1"},
    {"contains_ignore_case('H\xc3\x89llo', 'h\xc3\xa9')", "1"},
    {"contains_ignore_case(['Abc'], 'aBC')", "1"},
    {"contains_ignore_case(['Abc'], 'ab')", "0"},
    {"eq_ignore_case('ABC', 'abc')", "1"},
    {"eq_ignore_case('ABC', 'abcd')", "0"},
    {"starts_with(123,'12')", "1"},
    {"starts_with('abc', 'B')", "0"},
    {"starts_with('a', 'abc')", "0"},
    {"ends_with('abc', 'bc')", "1"},
    {"ends_with('bc', 'abc')", "0"},
    {"strip_prefix('mx.example', 'mx.')", "\"example\""},
    {"strip_prefix('mx.example', 'x')", "\"\""},
    {"strip_suffix(['a.b', 'c'], '.b')", "[\"a\",\"\"]"},
};

static const struct given_row splits[] = {
    {"lines('a\r\nb\n\nc\n')", "[\"a\",\"b\",\"\",\"c\"]"},
    {"substring('h\xc3\xa9llo', 1, 2)", "\"\xc3\xa9l\""},
    {"substring('abc', 3, 1)", "\"\""},
    {"substring('abc', 1, 100)", "\"bc\""},
    {"substring('abc', -1, 1)", "\"\""},
    {"split('a,b,,c', ',')", "[\"a\",\"b\",\"\",\"c\"]"},
    {"split('', ',')", "[\"\"]"},
    {"split('abc', ',')", "[\"abc\"]"},
    {"split('ab', '')", "[\"\",\"a\",\"b\",\"\"]"},
    {"rsplit('a::b::c', '::')", "[\"c\",\"b\",\"a\"]"},
    {"rsplit('ab', '')", "[\"\",\"b\",\"a\",\"\"]"},
    {"rsplit('', '.')", "[\"\"]"},
    {"split_once('ab', '=')", "\"\""},
    {"rsplit_once('k=v=e', '=')", "[\"k=v\",\"e\"]"},
    {"rsplit_once('k', '=')", "\"\""},
    {"split_n('a,b,c,d', ',', 2)", "[\"a\",\"b\",\"c,d\"]"},
    {"split_n('a,b', ',', 0)", "[\"a,b\"]"},
    {"split_n('a,b', ',', 9)", "[\"a\",\"b\"]"},
    {"split_words('hello, world')", "[\"world\"]"},
    {"split_words(' a1  b\xc3\xa9 c- ')", "[\"a1\",\"b\xc3\xa9\"]"},
};

static const struct given_row mails[] = {
    {"is_email('user@example.org')", "1"},
    {"is_email('user@localhost')", "0"},
    {"is_email('a@b@c.d')", "0"},
    {"is_email('@b.c')", "0"},
    {"is_email('a@')", "0"},
    {"is_email('a@b..c')", "0"},
    {"is_email('a b@c.d')", "0"},
    {"is_email('\"a@b\"@c.d')", "1"},
    {"is_email('')", "0"},
    {"email_part('a@b@c.d', 'local')", "\"a@b\""},
    {"email_part('a@b@c.d', 'domain')", "\"c.d\""},
    {"email_part('abc', 'domain')", "\"\""},
    {"email_part('a@b', 'other')", "\"\""},
    {"email_part(['a@b', 'c@d'], 'domain')", "[\"b\",\"d\"]"},
    {"is_ip_addr('192.0.2.1')", "1"},
    {"is_ip_addr('2001:db8::1')", "1"},
    {"is_ip_addr('192.0.2')", "0"},
    {"is_ip_addr('')", "0"},
    {"is_ipv4_addr(remote_ip)", "1"},
    {"is_ipv4_addr('::1')", "0"},
    {"is_ipv6_addr('::1')", "1"},
    {"is_ipv6_addr('192.0.2.1')", "0"},
    {"ip_reverse_name('192.0.2.1')", "\"1.2.0.192\""},
    {"ip_reverse_name('2001:db8::1')",
     "\"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2\""},
    {"ip_reverse_name('x')", "\"\""},
};

/* RFC 1321 A.5, RFC 3174, FIPS 180-4 examples for "abc". */
static const struct given_row hashes[] = {
    {"hash('abc', 'md5')", "\"900150983cd24fb0d6963f7d28e17f72\""},
    {"hash('abc', 'sha1')", "\"a9993e364706816aba3e25717850c26c9cd0d89d\""},
    {"hash('abc', 'sha256')",
     "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""},
    {"hash('abc', 'sha512')", "\"ddaf35a193617abacc417349ae204131"
			      "12e6fa4e89a97ea20a9eeee64b55d39a"
			      "2192992a274fc1a836ba3c23a3feebbd"
			      "454d4423643ce80e2a9ac94fa54ca49f\""},
    {"hash('', 'md5')", "\"d41d8cd98f00b204e9800998ecf8427e\""},
    {"hash('abc', 'crc')", "\"\""},
};

static void
check(const struct given_row *rows, size_t count)
{
	struct given given;

	given_init(&given);
	given_check(&given, rows, count);
	given_free(&given);
}

START_TEST(test_pure)
{
	check(arrays, sizeof(arrays) / sizeof(arrays[0]));
	check(texts, sizeof(texts) / sizeof(texts[0]));
	check(splits, sizeof(splits) / sizeof(splits[0]));
	check(mails, sizeof(mails) / sizeof(mails[0]));
	check(hashes, sizeof(hashes) / sizeof(hashes[0]));
}
END_TEST

/* The same at run time, when nothing can be folded, must not differ. */
START_TEST(test_not_folded)
{
	struct given given;

	given_init(&given);
	given_set(&given, EXPR_VAR_MX, "H\xc3\x89llo");
	given_set(&given, EXPR_VAR_SENDER, "");
	ck_assert_str_eq(given_eval(&given, "to_lowercase(mx)"), "\"h\xc3\xa9llo\"");
	ck_assert_str_eq(given_eval(&given, "substring(mx, 1, 1) + sender"), "\"\xc3\x89\"");
	ck_assert_str_eq(given_eval(&given, "split(sender, sender)"), "[\"\",\"\"]");
	ck_assert_str_eq(given_eval(&given, "rsplit_once(sender, sender)"), "[\"\",\"\"]");
	ck_assert_str_eq(given_eval(&given, "hash(sender, 'md5')"),
			 "\"d41d8cd98f00b204e9800998ecf8427e\"");
	given.variables[EXPR_VAR_SENDER] = expr_value_text((struct slice){NULL, 0});
	ck_assert_str_eq(given_eval(&given,
				    "[len(sender), sender + '', trim(sender), lines(sender), "
				    "split(sender, 'x'), contains(sender, sender), "
				    "starts_with(sender, ''), matches('', sender), "
				    "is_email(sender), to_uppercase(sender), -sender]"),
			 "[0,\"\",\"\",[],[\"\"],1,1,1,0,\"\",0]");
	given_free(&given);
}
END_TEST

static bool
key_get(struct slice store, struct slice key, struct expr_value *value, void *arg)
{
	if (!slice_is(store, "default") || !slice_is(key, "hostname"))
		return false;
	*value = expr_value_text(slice_of(arg));
	return true;
}

static bool
key_exists(struct slice store, struct slice key, void *arg)
{
	return slice_is(key, "hostname");
}

static bool
config_get(struct slice key, struct expr_value *value, void *arg)
{
	*value = expr_value_text(key);
	return slice_is(key, "server.hostname");
}

static bool
is_local(struct slice directory, struct slice name, void *arg)
{
	return slice_is(directory, "*") && slice_is(name, "example.org");
}

START_TEST(test_lookups)
{
	static const struct expr_lookup lookup = {
	    .key_get = key_get,
	    .key_exists = key_exists,
	    .config_get = config_get,
	    .is_local_domain = is_local,
	};
	static const struct given_row rows[] = {
	    {"key_get('default','hostname')", "\"mx.test\""},
	    {"key_get('default','x')", "\"\""},
	    {"key_exists('default', 'hostname')", "1"},
	    {"key_exists('default', 'x')", "0"},
	    {"config_get('server.hostname')", "\"server.hostname\""},
	    {"config_get('x')", "\"\""},
	    {"is_local_domain('*', rcpt_domain)", "1"},
	    {"is_local_domain('*', 'x')", "0"},
	    {"is_local_address('*', 'x')", "0"},
	};
	static const struct given_row nobody[] = {
	    {"key_get('default','hostname')", "\"\""},
	    {"config_get('server.hostname')", "\"\""},
	    {"key_exists('a', 'hostname')", "0"},
	    {"is_local_domain('*', 'example.org')", "0"},
	};
	struct given given;

	given_init(&given);
	GIVEN_CHECK(&given, nobody);
	given.env.lookup = &lookup;
	given.env.lookup_arg = "mx.test";
	GIVEN_CHECK(&given, rows);
	given_free(&given);
}
END_TEST

static void
answer(struct given *given, enum expr_answer kind, const char *first, const char *second)
{
	struct expr_value items[2] = {expr_value_text(slice_of(first)),
				      expr_value_text(slice_of(second))};
	struct expr_value list = expr_value_array(items, second ? 2 : 1);

	expr_memo_add(given->env.memo, &given->env.question, kind,
		      given->env.question.type == EXPR_DNS_TXT || kind == EXPR_ANSWER_FAILED
			  ? &items[0]
			  : &list);
}

START_TEST(test_dns)
{
	struct given given;

	given_init(&given);
	ck_assert_str_eq(
	    given_eval(&given, "dns_query('a', 'mx')"),
	    "failed: column 1: dns_query(\"a\", \"mx\") failed: there is nobody to ask here");
	given.env.memo = expr_memo_new(given.arena);
	ck_assert_str_eq(given_eval(&given, "dns_query('test.org.', 'MX')[0]"), "wait mx test.org");
	answer(&given, EXPR_ANSWER_FOUND, "mx.foobar.org", "mx2.foobar.org");
	ck_assert_str_eq(given_eval(&given, "dns_query('test.org', 'mx')[0]"), "\"mx.foobar.org\"");
	ck_assert_str_eq(given_eval(&given, "dns_query('Test.Org', 'mx')[1]"),
			 "\"mx2.foobar.org\"");
	ck_assert_str_eq(given_eval(&given, "dns_query('a', 'ip')"), "wait ipv4 a");
	answer(&given, EXPR_ANSWER_FAILED, "SERVFAIL", NULL);
	ck_assert_str_eq(given_eval(&given, "dns_query('a', 'ip')"), "wait ipv6 a");
	answer(&given, EXPR_ANSWER_FOUND, "2001:db8::1", NULL);
	ck_assert_str_eq(given_eval(&given, "dns_query('a', 'ip')"), "[\"2001:db8::1\"]");
	ck_assert_str_eq(given_eval(&given, "1 + dns_query('a', 'ipv4')"),
			 "failed: column 5: dns_query(\"a\", \"ipv4\") failed: SERVFAIL");
	ck_assert_str_eq(given_eval(&given, "dns_query('n', 'ipv4')"), "wait ipv4 n");
	answer(&given, EXPR_ANSWER_NONE, "", NULL);
	ck_assert_str_eq(given_eval(&given, "is_empty(dns_query('n', 'ipv4'))"), "1");
	ck_assert_str_eq(given_eval(&given, "dns_query('n', 'txt')"), "wait txt n");
	answer(&given, EXPR_ANSWER_NONE, "", NULL);
	ck_assert_str_eq(given_eval(&given, "dns_query('n', 'txt')"), "\"\"");
	ck_assert_str_eq(given_eval(&given, "dns_query('t', 'txt')"), "wait txt t");
	answer(&given, EXPR_ANSWER_FOUND, "v=spf1 -all", NULL);
	ck_assert_str_eq(given_eval(&given, "dns_query('t', 'txt')"), "\"v=spf1 -all\"");
	ck_assert_str_eq(given_eval(&given, "dns_query('t', 'soa')"), "\"\"");
	ck_assert_str_eq(given_eval(&given, "dns_query('', 'mx')"), "[]");
	ck_assert_str_eq(given_eval(&given, "0 && dns_query('not asked', 'mx')"), "0");
	given_free(&given);
}
END_TEST

START_TEST(test_table)
{
	size_t count = 0;

	for (; expr_builtin_at(count) != NULL; count++) {
		const struct expr_function *function = expr_builtin_at(count);

		ck_assert_ptr_eq(expr_builtin_find(slice_of(function->name)), function);
		ck_assert_uint_le(function->least, function->most);
		ck_assert_uint_le(function->most, EXPR_BUILTIN_ARGS);
		ck_assert_ptr_nonnull(function->fn);
		ck_assert_uint_gt(strlen(function->meaning), 3);
	}
	ck_assert_uint_gt(count, 45);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("expr/builtin");
	TCase *t = tcase_create("expr/builtin");

	tcase_add_test(t, test_pure);
	tcase_add_test(t, test_not_folded);
	tcase_add_test(t, test_lookups);
	tcase_add_test(t, test_dns);
	tcase_add_test(t, test_table);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
