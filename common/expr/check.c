#include "common/expr/check.h"

#include <string.h>

#include "common/arena.h"
#include "common/expr/ast.h"
#include "common/expr/builtin.h"
#include "common/expr/eval.h"
#include "common/expr/lex.h"
#include "common/expr/regex.h"
#include "common/expr/suggest.h"
#include "common/expr/warn.h"
#include "common/quantity.h"
#include "common/why.h"

static void
expr_check_set(struct expr_node *node, struct expr_value value)
{
	node->kind = EXPR_NODE_CONSTANT;
	node->value = value;
}

static bool
expr_check_unknown(struct expr_check *check, const struct expr_node *node, bool called)
{
	struct str message = {0};

	expr_suggest(&message, check->scope, node->name, expr_lex_phrase(check->text, node->start),
		     called);
	why_at(check->why, 0, node->column, "%s", str_c(&message));
	str_free(&message);
	return false;
}

/* $0, $1, ...; other words that begin with $ are variables of other programs. */
static bool
expr_check_capture(struct expr_check *check, struct expr_node *node)
{
	struct slice digits = {node->name.data + 1, node->name.len - 1};
	unsigned long long number;

	if (!slice_number(digits, &number)) {
		why_at(check->why, 0, node->column,
		       "Invalid variable or constant \"%.*s\": captures are $0, $1, ...",
		       SLICE_ARG(node->name));
		return false;
	}
	if (number >= EXPR_CAPTURE_MAX) {
		why_at(check->why, 0, node->column, "There are captures up to $%d only",
		       EXPR_CAPTURE_MAX - 1);
		return false;
	}
	node->kind = EXPR_NODE_CAPTURE;
	node->capture = (unsigned)number;
	check->captures = true;
	return true;
}

static bool
expr_check_word(struct expr_check *check, struct expr_node *node)
{
	const struct expr_scope *scope = check->scope;
	enum expr_variable variable;
	bool bare;
	int64_t ms;

	if (slice_is(node->name, "true") || slice_is(node->name, "false")) {
		expr_check_set(node, expr_value_integer(node->name.len == 4));
		return true;
	}
	if (node->name.data[0] == '$')
		return expr_check_capture(check, node);
	if (expr_scope_find_variable(node->name, &variable) &&
	    (scope->variables & EXPR_BIT(variable))) {
		node->kind = EXPR_NODE_VARIABLE;
		node->variable = variable;
		node->seconds = variable == EXPR_VAR_EXPIRES_IN;
		check->variables |= EXPR_BIT(variable);
		return true;
	}
	for (size_t i = 0; i < scope->constant_count; i++) {
		if (!slice_is(node->name, scope->constants[i].name))
			continue;
		expr_check_set(node, expr_value_integer(scope->constants[i].value));
		return true;
	}
	if (quantity_duration(node->name, &ms, &bare, NULL) && !bare && ms > 0) {
		expr_check_set(node, expr_value_integer(ms));
		node->duration = true;
		return true;
	}
	return expr_check_unknown(check, node, false);
}

static bool
expr_check_is_literal(enum expr_function_kind kind)
{
	return kind == EXPR_FUNCTION_LITERAL || kind == EXPR_FUNCTION_LITERAL_ASK;
}

static bool
expr_check_count(struct expr_check *check, const struct expr_node *node,
		 const struct expr_function *function)
{
	if (node->arg_count >= function->least && node->arg_count <= function->most)
		return true;
	why_at(check->why, 0, node->column,
	       "Expression function \"%s\" expected %u arguments, got %zu", function->name,
	       function->most, node->arg_count);
	return false;
}

static bool
expr_check_first(struct expr_check *check, const struct expr_node *node,
		 const struct expr_function *function)
{
	if (!node->tight) {
		why_at(check->why, 0, node->column,
		       "Expression function \"%s\" needs its parenthesis at once: write %s(...)",
		       function->name, function->name);
		return false;
	}
	if (!node->args[0]->literal) {
		why_at(check->why, 0, node->args[0]->column,
		       "Expression function \"%s\" needs a text in quotes as its first argument",
		       function->name);
		return false;
	}
	return true;
}

static bool
expr_check_waits(struct expr_check *check, const struct expr_node *node)
{
	check->asynchronous = true;
	if (check->scope->asynchronous)
		return true;
	why_at(check->why, 0, node->column,
	       "Expression function \"%.*s\" is not available in %s: it is evaluated where nothing "
	       "can wait for the network",
	       SLICE_ARG(node->name), check->scope->key ? check->scope->key : "this setting");
	return false;
}

/* The node of matches() keeps the subject only. */
static bool
expr_check_match(struct expr_check *check, struct expr_node *node)
{
	node->regex = expr_regex_compile(check->arena, node->args[0]->value.text,
					 node->args[0]->column, check->why);
	node->kind = EXPR_NODE_MATCH;
	node->args++;
	node->arg_count--;
	return node->regex != NULL;
}

static bool
expr_check_call(struct expr_check *check, struct expr_node *node)
{
	const struct expr_function *function = expr_builtin_find(node->name);

	if (function == NULL)
		return expr_check_unknown(check, node, true);
	if (!expr_check_count(check, node, function))
		return false;
	if (expr_check_is_literal(function->kind) && !expr_check_first(check, node, function))
		return false;
	if (function->kind == EXPR_FUNCTION_WAIT && !expr_check_waits(check, node))
		return false;
	node->function = function;
	return function->kind != EXPR_FUNCTION_LITERAL || expr_check_match(check, node);
}

static bool
expr_check_index(struct expr_check *check, const struct expr_node *node)
{
	const struct expr_node *index = node->args[1];

	if (index->kind != EXPR_NODE_CONSTANT || index->value.type != EXPR_INTEGER ||
	    index->value.integer >= 0)
		return true;
	why_at(check->why, 0, index->column, "Missing array index: items are counted from 0");
	return false;
}

static bool
expr_check_can_fold(const struct expr_node *node)
{
	if (node->kind == EXPR_NODE_CONSTANT || node->kind == EXPR_NODE_VARIABLE ||
	    node->kind == EXPR_NODE_CAPTURE || node->kind == EXPR_NODE_MATCH)
		return false;
	if (node->kind == EXPR_NODE_CALL && node->function->kind != EXPR_FUNCTION_PURE)
		return false;
	for (size_t i = 0; i < node->arg_count; i++) {
		if (node->args[i]->kind != EXPR_NODE_CONSTANT)
			return false;
	}
	return true;
}

static void
expr_check_fold(struct expr_check *check, struct expr_node *node)
{
	struct expr_env env = {.arena = check->arena};
	struct expr_run run = {.env = &env};
	struct expr_value scratch;
	const struct expr_value *value;

	if (!expr_check_can_fold(node))
		return;
	value = expr_eval_node(node, &run, &scratch);
	if (value != NULL)
		expr_check_set(node, *value);
}

static bool
expr_check_node(struct expr_check *check, struct expr_node *node)
{
	for (size_t i = 0; i < node->arg_count; i++) {
		if (!expr_check_node(check, node->args[i]))
			return false;
	}
	if (node->kind == EXPR_NODE_WORD && !expr_check_word(check, node))
		return false;
	if (node->kind == EXPR_NODE_CALL && !expr_check_call(check, node))
		return false;
	if (node->kind == EXPR_NODE_INDEX && !expr_check_index(check, node))
		return false;
	expr_warn_node(node, check->warn, check->warn_arg);
	expr_check_fold(check, node);
	return true;
}

bool
expr_check_tree(struct expr_check *check, struct expr_node *root)
{
	return expr_check_node(check, root);
}
