#include "common/expr/eval.h"

#include <assert.h>

#include "common/arena.h"
#include "common/expr/ast.h"
#include "common/expr/builtin.h"
#include "common/expr/lex.h"
#include "common/expr/operator.h"
#include "common/expr/regex.h"

static const struct expr_value *
expr_eval_match(const struct expr_node *node, struct expr_run *run, struct expr_value *scratch)
{
	const struct expr_value *subject = expr_eval_node(node->args[0], run, scratch);
	struct expr_env *env = run->env;
	bool limited;
	bool matched;

	if (subject == NULL)
		return NULL;
	matched = expr_regex_match(node->regex, expr_value_stringify(subject, env->arena),
				   &env->captures, &limited);
	if (limited) {
		env->regex_too_long++;
		if (env->report != NULL)
			env->report(env->line, node->column,
				    "matches() was given up: the regular expression takes too long "
				    "on this text; taken as no match",
				    env->report_arg);
	}
	*scratch = expr_value_integer(matched);
	return scratch;
}

static const struct expr_value *
expr_eval_call(const struct expr_node *node, struct expr_run *run, struct expr_value *scratch)
{
	struct expr_value args[EXPR_BUILTIN_ARGS];

	assert(node->arg_count <= EXPR_BUILTIN_ARGS);
	for (size_t i = 0; i < node->arg_count; i++) {
		const struct expr_value *value = expr_eval_node(node->args[i], run, &args[i]);

		if (value == NULL)
			return NULL;
		if (value != &args[i])
			args[i] = *value;
	}
	node->function->fn(run, node->column, args, scratch);
	return run->status == EXPR_OK ? scratch : NULL;
}

static const struct expr_value *
expr_eval_array(const struct expr_node *node, struct expr_run *run, struct expr_value *scratch)
{
	struct expr_value *items = arena_array(run->env->arena, node->arg_count, sizeof(*items));

	for (size_t i = 0; i < node->arg_count; i++) {
		const struct expr_value *value = expr_eval_node(node->args[i], run, &items[i]);

		if (value == NULL)
			return NULL;
		if (value != &items[i])
			items[i] = *value;
	}
	*scratch = expr_value_array(items, node->arg_count);
	return scratch;
}

/* Out of range and no number give "", as does anything but [0] of a value that is no array. */
static const struct expr_value *
expr_eval_index(const struct expr_node *node, struct expr_run *run, struct expr_value *scratch)
{
	static const struct expr_value nothing = {.type = EXPR_TEXT, .text = {"", 0}};
	struct expr_value array_scratch;
	struct expr_value index_scratch;
	const struct expr_value *array = expr_eval_node(node->args[0], run, &array_scratch);
	const struct expr_value *index;

	if (array == NULL)
		return NULL;
	index = expr_eval_node(node->args[1], run, &index_scratch);
	if (index == NULL)
		return NULL;
	*scratch = nothing;
	if (index->type != EXPR_INTEGER || index->integer < 0)
		return scratch;
	if (array->type == EXPR_ARRAY && (uint64_t)index->integer < array->array.count)
		*scratch = array->array.items[index->integer];
	else if (array->type != EXPR_ARRAY && index->integer == 0)
		*scratch = *array;
	return scratch;
}

/*
 * The first operand that decides an && or || is the result as it is; the last one gives 0 or 1.
 * Once an || is decided the rest of its chain cannot change that, nor after &&, as a chain has
 * only one of the two operators.
 */
static const struct expr_value *
expr_eval_logic(const struct expr_node *node, struct expr_run *run, struct expr_value *scratch)
{
	bool decides = node->ops[1] == EXPR_OP_OR;

	for (size_t i = 0; i < node->arg_count; i++) {
		const struct expr_value *value = expr_eval_node(node->args[i], run, scratch);

		if (value == NULL)
			return NULL;
		if (expr_truth(value) != decides)
			continue;
		if (i == 0)
			return value;
		*scratch = expr_value_integer(decides);
		return scratch;
	}
	*scratch = expr_value_integer(!decides);
	return scratch;
}

static const struct expr_value *
expr_eval_chain(const struct expr_node *node, struct expr_run *run, struct expr_value *scratch)
{
	struct expr_value right_scratch;
	const struct expr_value *left;

	if (node->ops[1] == EXPR_OP_OR || node->ops[1] == EXPR_OP_AND)
		return expr_eval_logic(node, run, scratch);
	left = expr_eval_node(node->args[0], run, scratch);
	for (size_t i = 1; left != NULL && i < node->arg_count; i++) {
		const struct expr_value *right = expr_eval_node(node->args[i], run, &right_scratch);

		if (right == NULL)
			return NULL;
		*scratch = expr_operator_apply((enum expr_operator)node->ops[i], left, right,
					       run->env->arena);
		left = scratch;
	}
	return left;
}

static const struct expr_value *
expr_eval_unary(const struct expr_node *node, struct expr_run *run, struct expr_value *scratch)
{
	const struct expr_value *value = expr_eval_node(node->args[0], run, scratch);

	if (value == NULL)
		return NULL;
	*scratch = node->kind == EXPR_NODE_NOT ? expr_value_integer(!expr_truth(value))
					       : expr_operator_negate(value);
	return scratch;
}

const struct expr_value *
expr_eval_node(const struct expr_node *node, struct expr_run *run, struct expr_value *scratch)
{
	const struct expr_captures *captures = &run->env->captures;

	switch (node->kind) {
	case EXPR_NODE_CONSTANT:
		return &node->value;
	case EXPR_NODE_VARIABLE:
		return &run->env->variables[node->variable];
	case EXPR_NODE_CAPTURE:
		*scratch = expr_value_text((struct slice){"", 0});
		if (node->capture < captures->count)
			scratch->text = captures->groups[node->capture];
		return scratch;
	case EXPR_NODE_CALL:
		return expr_eval_call(node, run, scratch);
	case EXPR_NODE_MATCH:
		return expr_eval_match(node, run, scratch);
	case EXPR_NODE_ARRAY:
		return expr_eval_array(node, run, scratch);
	case EXPR_NODE_INDEX:
		return expr_eval_index(node, run, scratch);
	case EXPR_NODE_CHAIN:
		return expr_eval_chain(node, run, scratch);
	case EXPR_NODE_NOT:
	case EXPR_NODE_NEGATE:
		return expr_eval_unary(node, run, scratch);
	case EXPR_NODE_WORD:
		break;
	}
	/* The checker left a word unresolved. */
	assert(node->kind != EXPR_NODE_WORD);
	return NULL;
}
