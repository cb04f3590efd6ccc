#include "master/cli/eval.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/expr/expr.h"
#include "tests/unit/unit.h"

enum { ARGUMENTS = 6 };

struct row {
	const char *arguments[ARGUMENTS]; /* NULL ends */
	int status;
	const char *out;
	const char *err; /* beginning */
};

static const struct row rows[] = {
    {{"1 + 2 * 3"}, 0, "7\n", ""},
    {{"6 / 2"}, 0, "3.0\n", ""},
    {{"'a\"b'"}, 0, "\"a\\\"b\"\n", ""},
    {{"[1, 'a']"}, 0, "[1,\"a\"]\n", ""},
    {{"- retry_num", "retry_num=2"}, 0, "-2\n", ""},
    {{"--", "--1"}, 0, "1\n", ""},
    {{"sender + retry_num + count(recipients)"}, 0, "0\n", ""},
    {{"sender", "sender=a=b"}, 0, "\"a=b\"\n", ""},
    {{"recipients", "recipients=a@b.c, d@e.f"}, 0, "[\"a@b.c\",\"d@e.f\"]\n", ""},
    {{"recipients", "recipients=['a@b.c']"}, 0, "[\"a@b.c\"]\n", ""},
    {{"recipients", "recipients="}, 0, "[]\n", ""},
    {{"ipv4_only + weekly"}, 0, "6\n", ""},
    {{""}, 0, "unset\n", ""},
    {{"1 +"}, 1, "", "column 4: An operand is missing after \"+\"\n"},
    {{"expires_in < 1h", "expires_in=60"}, 0, "1\n", "column 1: warning: expires_in counts"},
    {{"dns_query('a', 'mx')"}, EX_UNAVAILABLE, "", "column 1: dns_query"},
    {{"--for", "queue.outbound.ip-strategy", "ipv4_only"}, 0, "2\n", ""},
    {{"--for", "queue.outbound.ip-strategy", "optional"}, 1, "", "column 1: Invalid variable"},
    {{"--for", "queue.outbound.ip-strategy", "mx", "mx=a"}, 1, "", "column 1: Invalid variable"},
    {{"--for", "queue.nothing", "1"}, EX_USAGE, "", "postrider eval: queue.nothing"},
    {{"--for"}, EX_USAGE, "", "postrider eval: --for"},
    {{NULL}, EX_USAGE, "", "usage:"},
    {{"1", "x"}, EX_USAGE, "", "postrider eval: x: not of the form"},
    {{"1", "x=1"}, EX_USAGE, "", "postrider eval: x=1: there is no such variable"},
    {{"1", "retry_num=x"}, EX_USAGE, "", "postrider eval: retry_num=x: this variable is a number"},
    {{"1", "recipients=[mx]"}, EX_USAGE, "", "postrider eval: recipients=[mx]: this variable is"},
};

static const struct expr_scope *
scope_for(const char *key, void *arg)
{
	static struct expr_scope scope = {.key = "queue.outbound.ip-strategy",
					  .variables = EXPR_BIT(EXPR_VAR_RETRY_NUM)};

	scope.constants = expr_scope_strategies(&scope.constant_count);
	return strcmp(key, scope.key) == 0 ? &scope : NULL;
}

START_TEST(test_command_lines)
{
	static const struct cli_eval_config config = {.scope_for = scope_for};
	const struct row *row = &rows[_i];
	FILE *outputs[2] = {stdout, stderr};
	char *argv[ARGUMENTS + 2] = {"eval"};
	char *texts[2];
	size_t sizes[2];
	int argc = 1;
	int status;

	for (; row->arguments[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)row->arguments[argc - 1];
	stdout = open_memstream(&texts[0], &sizes[0]);
	stderr = open_memstream(&texts[1], &sizes[1]);
	status = cli_eval(argc, argv, &config);
	fclose(stdout);
	fclose(stderr);
	stdout = outputs[0];
	stderr = outputs[1];
	ck_assert_str_eq(texts[0], row->out);
	ck_assert_msg(strncmp(texts[1], row->err, strlen(row->err)) == 0, "%s", texts[1]);
	ck_assert((texts[1][0] == '\0') == (row->err[0] == '\0'));
	ck_assert_int_eq(status, row->status);
	free(texts[0]);
	free(texts[1]);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("cli/eval");
	TCase *t = tcase_create("cli/eval");

	tcase_add_loop_test(t, test_command_lines, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
