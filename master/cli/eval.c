#include "master/cli/eval.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/expr/expr.h"
#include "common/expr/number.h"
#include "common/why.h"

struct cli_eval {
	const struct cli_eval_config *config;
	struct arena *arena;
	const struct expr_scope *scope;
	const char *expression;
	struct expr_value variables[EXPR_VARIABLE_COUNT];
};

static int
cli_eval_usage(const char *problem, const char *what)
{
	if (problem != NULL)
		fprintf(stderr, "postrider eval: %s: %s\n", what, problem);
	fprintf(stderr, "usage: postrider eval [--for KEY] EXPR [NAME=VALUE...]\n");
	return EX_USAGE;
}

static void
cli_eval_warn(unsigned column, const char *text, void *arg)
{
	fprintf(stderr, "column %u: warning: %s\n", column, text);
}

static void
cli_eval_report(unsigned line, unsigned column, const char *text, void *arg)
{
	cli_eval_warn(column, text, arg);
}

/* "[...]" is an expression without variables; anything else is separated by commas. */
static bool
cli_eval_list(struct cli_eval *eval, const char *text, struct expr_value *list)
{
	static const struct expr_scope nothing = {.key = "a value"};
	struct expr_value *items;
	struct expr *expr;
	size_t count = 0;

	if (text[0] == '[') {
		expr = expr_compile(eval->arena, slice_of(text), &nothing, NULL, NULL, NULL);
		return expr != NULL && expr_is_constant(expr, list) && list->type == EXPR_ARRAY;
	}
	items = arena_array(eval->arena, strlen(text) + 1, sizeof(*items));
	while (*text != '\0') {
		size_t len = strcspn(text, ",");

		items[count++] = expr_value_text(slice_trim((struct slice){text, len}));
		text += len + (text[len] == ',');
	}
	*list = expr_value_array(items, count);
	return true;
}

/* NULL, or what is wrong with NAME=VALUE. */
static const char *
cli_eval_assign(struct cli_eval *eval, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	enum expr_variable variable;
	struct expr_value *value;
	int64_t number;

	if (equals == NULL)
		return "not of the form NAME=VALUE";
	if (!expr_scope_find_variable((struct slice){assignment, (size_t)(equals - assignment)},
				      &variable))
		return "there is no such variable";
	value = &eval->variables[variable];
	switch (expr_scope_variable(variable)->type) {
	case EXPR_INTEGER:
	case EXPR_FLOAT:
		if (!expr_number_integer(slice_of(equals + 1), &number))
			return "this variable is a number";
		*value = expr_value_integer(number);
		return NULL;
	case EXPR_ARRAY:
		return cli_eval_list(eval, equals + 1, value)
			   ? NULL
			   : "this variable is a list: a@b.c,d@e.f or ['a@b.c', 'd@e.f']";
	case EXPR_TEXT:
		*value = expr_value_text(slice_of(equals + 1));
		break;
	}
	return NULL;
}

static void
cli_eval_print(const struct expr_value *value)
{
	struct str text = {0};

	expr_value_print(&text, value);
	puts(str_c(&text));
	str_free(&text);
}

static int
cli_eval_run(struct cli_eval *eval)
{
	struct expr_env env = {
	    .variables = eval->variables,
	    .arena = eval->arena,
	    .lookup = eval->config->lookup,
	    .lookup_arg = eval->config->arg,
	    .report = cli_eval_report,
	};
	struct why why = {0};
	struct expr_value value;
	struct expr *expr = expr_compile(eval->arena, slice_of(eval->expression), eval->scope,
					 cli_eval_warn, NULL, &why);

	if (expr == NULL) {
		fprintf(stderr, "column %u: %s\n", why.column, why.text);
		return 1;
	}
	if (expr_is_unset(expr)) {
		puts("unset");
		return 0;
	}
	if (expr_eval(expr, &env, &value, &why) != EXPR_OK) {
		fprintf(stderr, "column %u: %s\n", why.column, why.text);
		return EX_UNAVAILABLE;
	}
	cli_eval_print(&value);
	return 0;
}

/* EX_OK, or the status to end with. */
static int
cli_eval_arguments(struct cli_eval *eval, int argc, char **argv)
{
	int at = 1;

	if (at < argc && strcmp(argv[at], "--for") == 0) {
		if (at + 1 == argc)
			return cli_eval_usage("needs the name of a setting", "--for");
		eval->scope = NULL;
		if (eval->config->scope_for != NULL)
			eval->scope = eval->config->scope_for(argv[at + 1], eval->config->arg);
		if (eval->scope == NULL)
			return cli_eval_usage("there is no such setting", argv[at + 1]);
		at += 2;
	}
	/* An expression may begin with a minus sign, an option only with two of them. */
	if (at < argc && strcmp(argv[at], "--") == 0)
		at++;
	if (at == argc)
		return cli_eval_usage(NULL, NULL);
	eval->expression = argv[at++];
	for (; at < argc; at++) {
		const char *problem = cli_eval_assign(eval, argv[at]);

		if (problem != NULL)
			return cli_eval_usage(problem, argv[at]);
	}
	return EX_OK;
}

int
cli_eval(int argc, char **argv, const struct cli_eval_config *config)
{
	struct cli_eval eval = {
	    .config = config,
	    .arena = arena_new(),
	    .scope = expr_scope_all(),
	};
	int status;

	expr_scope_blank(eval.variables);
	status = cli_eval_arguments(&eval, argc, argv);
	if (status == EX_OK)
		status = cli_eval_run(&eval);
	arena_free(&eval.arena);
	return status;
}
