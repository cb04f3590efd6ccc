#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/expr/expr.h"

/*
 * A setting's value: a list of conditions, each with the expression to use when it is the first
 * that is true, and one for when none is. A setting that is one expression is a block without
 * rules. Whoever reads the configuration makes blocks; everything in them lives in its arena.
 */
struct expr_place {
	unsigned line; /* 1-based, in the configuration file */
	unsigned column;
};

struct expr_rule {
	const struct expr *condition;
	const struct expr *value;
	struct expr_place condition_place; /* where the text of the condition begins */
	struct expr_place value_place;
};

struct expr_block {
	const struct expr_rule *rules;
	size_t rule_count;
	const struct expr *otherwise; /* the else, never NULL */
	struct expr_place otherwise_place;
};

/*
 * The value of the first rule whose condition is true, else of the else. Captures start empty and
 * survive from a condition to its value and to later conditions. A condition that fails is reported
 * and taken as false. *which becomes the index of the rule that decided, rule_count for the else.
 * EXPR_FAILED is about the chosen value; a value that is unset gives EXPR_FAILED too. After
 * EXPR_WAIT call again with the same env.
 */
enum expr_status expr_block_eval(const struct expr_block *block, struct expr_env *env,
				 struct expr_value *result, size_t *which, struct why *why);

/* The place of the rule that decided, as *which says. */
struct expr_place expr_block_place(const struct expr_block *block, size_t which);

/* One expression, and that is unset. */
bool expr_block_is_unset(const struct expr_block *block);
/* The value is the same for every delivery, and is *value. */
bool expr_block_is_constant(const struct expr_block *block, struct expr_value *value);
/* EXPR_BIT() of each variable any part reads. */
uint64_t expr_block_variables(const struct expr_block *block);
bool expr_block_is_asynchronous(const struct expr_block *block);

/* Reports conditions and values that can never be reached. */
void expr_block_check(const struct expr_block *block, expr_report_fn report, void *arg);
