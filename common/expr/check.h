#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/expr/expr.h"

/*
 * What the grammar cannot know: turns words into variables and constants of one setting, checks
 * functions and their arguments, compiles regular expressions, warns of what is probably not meant,
 * and replaces every part that can never change by its value.
 */
struct expr_node;

struct expr_check {
	struct arena *arena;
	struct slice text; /* the whole expression */
	const struct expr_scope *scope;
	expr_warn_fn warn; /* may be NULL */
	void *warn_arg;
	struct why *why;
	uint64_t variables; /* set: EXPR_BIT() of those used */
	bool asynchronous;  /* set: a function that may wait is used */
	bool captures;      /* set: $0, $1, ... are used */
};

/* False on error, with why->column. */
bool expr_check_tree(struct expr_check *check, struct expr_node *root);
