#include "tests/unit/common/expr/given.h"

#include <string.h>

#include "common/arena.h"
#include "common/why.h"
#include "tests/unit/unit.h"

void
given_set(struct given *given, enum expr_variable variable, const char *text)
{
	given->variables[variable] = expr_value_text(slice_of(text));
}

void
given_report(unsigned line, unsigned column, const char *text, void *arg)
{
	struct given *given = arg;

	str_printf(&given->reports, "%u:%u: %s\n", line, column, text);
}

void
given_init(struct given *given)
{
	*given = (struct given){.arena = arena_new(), .scope = expr_scope_all()};
	expr_scope_blank(given->variables);
	given_set(given, EXPR_VAR_SENDER, "bill@foo.net");
	given_set(given, EXPR_VAR_SENDER_DOMAIN, "foo.net");
	given_set(given, EXPR_VAR_RCPT_DOMAIN, "example.org");
	given_set(given, EXPR_VAR_MX, "mx1.example.org");
	given->variables[EXPR_VAR_PRIORITY] = expr_value_integer(-4);
	given->variables[EXPR_VAR_RETRY_NUM] = expr_value_integer(2);
	given->variables[EXPR_VAR_EXPIRES_IN] = expr_value_integer(3600);
	given->variables[EXPR_VAR_EXPIRES_IN_MS] = expr_value_integer(3600000);
	given_set(given, EXPR_VAR_LAST_ERROR, "tls");
	given_set(given, EXPR_VAR_LAST_STATUS, "Temporary Failure: x");
	given_set(given, EXPR_VAR_REMOTE_IP, "192.0.2.1");
	given_set(given, EXPR_VAR_LOCAL_IP, "0.0.0.0");
	given->env = (struct expr_env){
	    .variables = given->variables,
	    .arena = given->arena,
	    .report = given_report,
	    .report_arg = given,
	};
}

void
given_free(struct given *given)
{
	str_free(&given->text);
	str_free(&given->warnings);
	str_free(&given->reports);
	arena_free(&given->arena);
}

static void
given_warn(unsigned column, const char *text, void *arg)
{
	struct given *given = arg;

	str_printf(&given->warnings, "column %u: %s\n", column, text);
}

struct expr *
given_compile(struct given *given, const char *expression)
{
	struct why why = {0};
	struct expr *expr;

	str_clear(&given->warnings);
	str_clear(&given->text);
	expr =
	    expr_compile(given->arena, slice_of(expression), given->scope, given_warn, given, &why);
	if (expr == NULL) {
		ck_assert_msg(why.column > 0, "no column: %s: %s", expression, why.text);
		str_printf(&given->text, "column %u: %s", why.column, why.text);
	}
	return expr;
}

const char *
given_eval(struct given *given, const char *expression)
{
	struct expr *expr = given_compile(given, expression);
	struct why why = {0};
	struct expr_value value;

	if (expr == NULL)
		return str_c(&given->text);
	if (expr_is_unset(expr))
		return "unset";
	given->env.captures.count = 0;
	switch (expr_eval(expr, &given->env, &value, &why)) {
	case EXPR_OK:
		expr_value_print(&given->text, &value);
		break;
	case EXPR_WAIT:
		str_printf(&given->text, "wait %s %s",
			   expr_memo_type_name(given->env.question.type), given->env.question.name);
		break;
	case EXPR_FAILED:
		str_printf(&given->text, "failed: column %u: %s", why.column, why.text);
		break;
	}
	return str_c(&given->text);
}

void
given_check(struct given *given, const struct given_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *got = given_eval(given, rows[i].expression);
		const char *expected = rows[i].expected;
		size_t len = strlen(expected);
		bool same = strcmp(got, expected) == 0;

		if (len > 3 && strcmp(expected + len - 3, "...") == 0)
			same = strncmp(got, expected, len - 3) == 0;
		ck_assert_msg(same, "row %zu: %s: got %s, expected %s", i, rows[i].expression, got,
			      expected);
	}
}
