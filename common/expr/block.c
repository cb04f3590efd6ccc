#include "common/expr/block.h"

#include <stdio.h>

#include "common/why.h"

static void
expr_block_report_failure(const struct expr_block *block, size_t index, struct expr_env *env,
			  const struct why *failure)
{
	char text[sizeof(failure->text) + 64];

	if (env->report == NULL)
		return;
	snprintf(text, sizeof(text), "condition %zu is taken as false: %s", index + 1,
		 failure->text);
	env->report(block->rules[index].condition_place.line, failure->column, text,
		    env->report_arg);
}

/* EXPR_OK with *which set, or EXPR_WAIT: a condition that fails is false. */
static enum expr_status
expr_block_choose(const struct expr_block *block, struct expr_env *env, size_t *which)
{
	for (*which = 0; *which < block->rule_count; (*which)++) {
		const struct expr_rule *rule = &block->rules[*which];
		struct why failure = {0};
		struct expr_value truth;
		enum expr_status status;

		env->line = rule->condition_place.line;
		status = expr_eval(rule->condition, env, &truth, &failure);
		if (status == EXPR_WAIT)
			return EXPR_WAIT;
		if (status == EXPR_FAILED)
			expr_block_report_failure(block, *which, env, &failure);
		else if (expr_truth(&truth))
			break;
	}
	return EXPR_OK;
}

enum expr_status
expr_block_eval(const struct expr_block *block, struct expr_env *env, struct expr_value *result,
		size_t *which, struct why *why)
{
	const struct expr *value;

	env->captures.count = 0;
	if (expr_block_choose(block, env, which) == EXPR_WAIT)
		return EXPR_WAIT;
	value = *which < block->rule_count ? block->rules[*which].value : block->otherwise;
	env->line = expr_block_place(block, *which).line;
	if (expr_is_unset(value)) {
		why_at(why, env->line, 1, "the value is empty");
		return EXPR_FAILED;
	}
	return expr_eval(value, env, result, why);
}

struct expr_place
expr_block_place(const struct expr_block *block, size_t which)
{
	return which < block->rule_count ? block->rules[which].value_place : block->otherwise_place;
}

bool
expr_block_is_unset(const struct expr_block *block)
{
	return block->rule_count == 0 && expr_is_unset(block->otherwise);
}

bool
expr_block_is_constant(const struct expr_block *block, struct expr_value *value)
{
	return block->rule_count == 0 && expr_is_constant(block->otherwise, value);
}

uint64_t
expr_block_variables(const struct expr_block *block)
{
	uint64_t variables = expr_variables(block->otherwise);

	for (size_t i = 0; i < block->rule_count; i++)
		variables |= expr_variables(block->rules[i].condition) |
			     expr_variables(block->rules[i].value);
	return variables;
}

bool
expr_block_is_asynchronous(const struct expr_block *block)
{
	bool asynchronous = expr_is_asynchronous(block->otherwise);

	for (size_t i = 0; i < block->rule_count; i++)
		asynchronous = asynchronous || expr_is_asynchronous(block->rules[i].condition) ||
			       expr_is_asynchronous(block->rules[i].value);
	return asynchronous;
}

/* An earlier condition with the same text; one that reads captures may differ the second time. */
static bool
expr_block_find_same(const struct expr_block *block, size_t index, size_t *same)
{
	const struct expr *condition = block->rules[index].condition;

	for (size_t i = 0; i < index && !expr_uses_captures(condition); i++) {
		if (!slice_equal(slice_trim(expr_text(condition)),
				 slice_trim(expr_text(block->rules[i].condition))))
			continue;
		*same = i;
		return true;
	}
	return false;
}

void
expr_block_check(const struct expr_block *block, expr_report_fn report, void *arg)
{
	for (size_t i = 0; i < block->rule_count; i++) {
		const struct expr_rule *rule = &block->rules[i];
		struct expr_place place = rule->condition_place;
		struct expr_value value;
		char text[128];
		size_t same;

		if (expr_is_unset(rule->condition)) {
			report(place.line, place.column,
			       "the condition is empty: its value is never used", arg);
		} else if (expr_is_constant(rule->condition, &value) && expr_truth(&value)) {
			report(place.line, place.column,
			       "the condition is always true: what follows is never reached", arg);
			return;
		} else if (expr_is_constant(rule->condition, &value)) {
			report(place.line, place.column,
			       "the condition is always false: its value is never used", arg);
		} else if (expr_block_find_same(block, i, &same)) {
			snprintf(text, sizeof(text),
				 "the condition can never be reached: it is the same as in line %u",
				 block->rules[same].condition_place.line);
			report(place.line, place.column, text, arg);
		}
	}
}
