#include "common/expr/expr.h"

#include "common/arena.h"
#include "common/expr/ast.h"
#include "common/expr/check.h"
#include "common/expr/eval.h"
#include "common/expr/parse.h"

struct expr {
	struct slice text;
	struct expr_node *root; /* NULL: unset */
	uint64_t variables;     /* EXPR_BIT() of those read */
	bool asynchronous;      /* may answer EXPR_WAIT */
	bool captures;          /* reads $0, $1, ... */
};

struct expr *
expr_compile(struct arena *arena, struct slice text, const struct expr_scope *scope,
	     expr_warn_fn warn, void *warn_arg, struct why *why)
{
	struct expr *expr = arena_zero(arena, struct expr);
	struct expr_check check = {
	    .arena = arena,
	    .scope = scope,
	    .warn = warn,
	    .warn_arg = warn_arg,
	    .why = why,
	};

	expr->text = (struct slice){arena_copy(arena, text.data, text.len), text.len};
	if (!expr_parse(arena, expr->text, &expr->root, why))
		return NULL;
	check.text = expr->text;
	if (expr->root != NULL && !expr_check_tree(&check, expr->root))
		return NULL;
	expr->variables = check.variables;
	expr->asynchronous = check.asynchronous;
	expr->captures = check.captures;
	return expr;
}

bool
expr_is_unset(const struct expr *expr)
{
	return expr->root == NULL;
}

bool
expr_is_constant(const struct expr *expr, struct expr_value *value)
{
	if (expr->root == NULL || expr->root->kind != EXPR_NODE_CONSTANT)
		return false;
	*value = expr->root->value;
	return true;
}

uint64_t
expr_variables(const struct expr *expr)
{
	return expr->variables;
}

bool
expr_is_asynchronous(const struct expr *expr)
{
	return expr->asynchronous;
}

bool
expr_uses_captures(const struct expr *expr)
{
	return expr->captures;
}

struct slice
expr_text(const struct expr *expr)
{
	return expr->text;
}

enum expr_status
expr_eval(const struct expr *expr, struct expr_env *env, struct expr_value *result, struct why *why)
{
	struct expr_run run = {.env = env, .why = why};
	struct expr_value scratch;
	const struct expr_value *value;

	if (expr->root == NULL) {
		*result = expr_value_text((struct slice){"", 0});
		return EXPR_OK;
	}
	value = expr_eval_node(expr->root, &run, &scratch);
	if (value != NULL)
		*result = *value;
	return run.status;
}
