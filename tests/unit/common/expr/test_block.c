#include "common/expr/block.h"

#include <string.h>

#include "common/arena.h"
#include "common/why.h"
#include "tests/unit/common/expr/given.h"
#include "tests/unit/unit.h"

enum { RULES = 4 };

/* condition, value, ..., else; NULL ends. Line 10 is the first condition, 11 its value, ... */
struct blocks {
	struct expr_rule rules[RULES];
	struct expr_block block;
};

static void
make(struct given *given, struct blocks *blocks, const char *const *texts)
{
	size_t count = 0;
	unsigned line = 10;

	for (; texts[1] != NULL; texts += 2, line += 2) {
		ck_assert_uint_lt(count, RULES);
		blocks->rules[count++] = (struct expr_rule){
		    .condition = given_compile(given, texts[0]),
		    .value = given_compile(given, texts[1]),
		    .condition_place = {line, 8},
		    .value_place = {line + 1, 8},
		};
		ck_assert_ptr_nonnull(blocks->rules[count - 1].condition);
		ck_assert_ptr_nonnull(blocks->rules[count - 1].value);
	}
	blocks->block = (struct expr_block){
	    .rules = blocks->rules,
	    .rule_count = count,
	    .otherwise = given_compile(given, texts[0]),
	    .otherwise_place = {line, 8},
	};
	ck_assert_ptr_nonnull(blocks->block.otherwise);
}

/* "which: value", "wait NAME" or "which: failed LINE:COLUMN". */
static const char *
run(struct given *given, const struct expr_block *block)
{
	struct why why = {0};
	struct expr_value value;
	size_t which = 99;
	enum expr_status status = expr_block_eval(block, &given->env, &value, &which, &why);

	str_clear(&given->text);
	if (status == EXPR_WAIT) {
		str_printf(&given->text, "wait %s", given->env.question.name);
	} else if (status == EXPR_FAILED) {
		str_printf(&given->text, "%zu: failed %u:%u", which, why.line, why.column);
	} else {
		str_printf(&given->text, "%zu: ", which);
		expr_value_print(&given->text, &value);
	}
	return str_c(&given->text);
}

START_TEST(test_first_true_decides)
{
	static const char *const seed[] = {"retry_num == 0", "ipv6_only", "ipv4_only", NULL};
	static const char *const plain[] = {"ipv4_then_ipv6", NULL};
	struct given given;
	struct blocks blocks;
	struct expr_value value;

	given_init(&given);
	make(&given, &blocks, seed);
	ck_assert_str_eq(run(&given, &blocks.block), "1: 2");
	given.variables[EXPR_VAR_RETRY_NUM] = expr_value_integer(0);
	ck_assert_str_eq(run(&given, &blocks.block), "0: 3");
	ck_assert_uint_eq(expr_block_place(&blocks.block, 0).line, 11);
	ck_assert_uint_eq(expr_block_place(&blocks.block, 1).line, 12);
	ck_assert_uint_eq(expr_block_variables(&blocks.block), EXPR_BIT(EXPR_VAR_RETRY_NUM));
	ck_assert(!expr_block_is_constant(&blocks.block, &value));
	make(&given, &blocks, plain);
	ck_assert_str_eq(run(&given, &blocks.block), "0: 5");
	ck_assert(expr_block_is_constant(&blocks.block, &value));
	ck_assert_int_eq(value.integer, 5);
	given_free(&given);
}
END_TEST

/* DV1 to DV7: then = text, or else = false, which is no text. */
START_TEST(test_dynamic_values)
{
	static const char *const rows[][3] = {
	    {"sender = 'bill@foo.net'", "sender", "0: \"bill@foo.net\""},
	    {"starts_with(rcpt_domain, 'foo')", "'mx.' + rcpt_domain", "0: \"mx.foo.example.org\""},
	    {"matches('^([^.]+)@([^.]+)\\.(.+)$', rcpt)", "$1 + '+' + $2 + '@' + $3",
	     "0: \"user+foo@example.org\""},
	    {"matches('^([^.]+)@([^.]+)\\.(.+)$', rcpt)", "rcpt", "0: \"user@foo.example.org\""},
	    {"matches('^([^.]+)@(.+)$', authenticated_as)",
	     "'rcpt ' + rcpt + ' listener ' + listener + ' ip ' + local_ip + ' priority ' + "
	     "priority",
	     "0: \"rcpt user@foo.example.org listener smtp ip 192.168.9.3 priority -4\""},
	    {"matches('^([^.]+)@(.+)$', authenticated_as)", "'hello world'", "0: \"hello world\""},
	    {"matches('^([^.]+)@([^.]+)\\.(.+)$org', authenticated_as)", "'test'", "1: 0"},
	};
	struct given given;

	given_init(&given);
	given_set(&given, EXPR_VAR_RCPT_DOMAIN, "foo.example.org");
	given_set(&given, EXPR_VAR_RCPT, "user@foo.example.org");
	given_set(&given, EXPR_VAR_LOCAL_IP, "192.168.9.3");
	given_set(&given, EXPR_VAR_AUTHENTICATED_AS, "john@foobar.org");
	given_set(&given, EXPR_VAR_LISTENER, "smtp");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const texts[] = {rows[i][0], rows[i][1], "false", NULL};
		struct blocks blocks;

		make(&given, &blocks, texts);
		ck_assert_str_eq(run(&given, &blocks.block), rows[i][2]);
	}
	given_free(&given);
}
END_TEST

START_TEST(test_captures_survive)
{
	static const char *const texts[] = {
	    "matches('(.+)@', sender) && 0", "1", "$1 == 'bill'", "$1 + '!'", "'none'", NULL};
	struct given given;
	struct blocks blocks;

	given_init(&given);
	make(&given, &blocks, texts);
	ck_assert_str_eq(run(&given, &blocks.block), "1: \"bill!\"");
	given_set(&given, EXPR_VAR_SENDER, "");
	/* Not those of the evaluation before. */
	ck_assert_str_eq(run(&given, &blocks.block), "2: \"none\"");
	given_free(&given);
}
END_TEST

/* D21: a condition that fails is false, and said so. */
START_TEST(test_failed_condition_is_false)
{
	static const char *const texts[] = {"1 && is_empty(dns_query(rcpt_domain, 'mx'))",
					    "1",
					    "dns_query(mx, 'txt') == 'x'",
					    "2",
					    "3",
					    NULL};
	static const char *const failing[] = {"mx == ''", "1", "dns_query(mx, 'txt')", NULL};
	struct expr_value reason = expr_value_text(slice_of("SERVFAIL"));
	struct expr_value found = expr_value_text(slice_of("x"));
	struct given given;
	struct blocks blocks;

	given_init(&given);
	given.env.memo = expr_memo_new(given.arena);
	make(&given, &blocks, texts);
	ck_assert(expr_block_is_asynchronous(&blocks.block));
	ck_assert_str_eq(run(&given, &blocks.block), "wait example.org");
	expr_memo_add(given.env.memo, &given.env.question, EXPR_ANSWER_FAILED, &reason);
	ck_assert_str_eq(run(&given, &blocks.block), "wait mx1.example.org");
	expr_memo_add(given.env.memo, &given.env.question, EXPR_ANSWER_FOUND, &found);
	str_clear(&given.reports);
	ck_assert_str_eq(run(&given, &blocks.block), "1: 2");
	ck_assert_str_eq(str_c(&given.reports),
			 "10:15: condition 1 is taken as false: dns_query(\"example.org\", \"mx\") "
			 "failed: SERVFAIL\n");
	make(&given, &blocks, failing);
	given.env.memo = NULL;
	ck_assert_str_eq(run(&given, &blocks.block), "1: failed 12:1");
	given_free(&given);
}
END_TEST

START_TEST(test_unset)
{
	static const char *const unset[] = {"", NULL};
	static const char *const inner[] = {"mx != ''", "()", "1", NULL};
	struct given given;
	struct blocks blocks;

	given_init(&given);
	make(&given, &blocks, unset);
	ck_assert(expr_block_is_unset(&blocks.block));
	ck_assert_str_eq(run(&given, &blocks.block), "0: failed 10:1");
	make(&given, &blocks, inner);
	ck_assert(!expr_block_is_unset(&blocks.block));
	ck_assert_str_eq(run(&given, &blocks.block), "0: failed 11:1");
	given_free(&given);
}
END_TEST

START_TEST(test_check)
{
	static const char *const fine[] = {"mx == 'a'", "1", "mx == 'b'", "2", "3", NULL};
	static const char *const odd[] = {"mx == 'a'", "1",     "0", "2", " mx == 'a' ",
					  "3",         "1 < 2", "4", "5", NULL};
	static const char *const captures[] = {"$1 == ''", "1", "$1 == ''", "2", "3", NULL};
	struct given given;
	struct blocks blocks;

	given_init(&given);
	make(&given, &blocks, fine);
	expr_block_check(&blocks.block, given_report, &given);
	ck_assert_str_eq(str_c(&given.reports), "");
	make(&given, &blocks, captures);
	expr_block_check(&blocks.block, given_report, &given);
	ck_assert_str_eq(str_c(&given.reports), "");
	make(&given, &blocks, odd);
	expr_block_check(&blocks.block, given_report, &given);
	ck_assert_str_eq(str_c(&given.reports),
			 "12:8: the condition is always false: its value is never used\n"
			 "14:8: the condition can never be reached: it is the same as in line 10\n"
			 "16:8: the condition is always true: what follows is never reached\n");
	given_free(&given);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("expr/block");
	TCase *t = tcase_create("expr/block");

	tcase_add_test(t, test_first_true_decides);
	tcase_add_test(t, test_dynamic_values);
	tcase_add_test(t, test_captures_survive);
	tcase_add_test(t, test_failed_condition_is_false);
	tcase_add_test(t, test_unset);
	tcase_add_test(t, test_check);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
