#pragma once

#include "common/expr/expr.h"

/*
 * Walks a checked tree. Constants and variables are not copied: a node's value is a pointer to
 * where it is, or to scratch the caller gives.
 */
struct expr_node;

/* One walk; status leaves EXPR_OK when an asynchronous function could not answer. */
struct expr_run {
	struct expr_env *env;
	enum expr_status status;
	struct why *why;
};

/* NULL when run->status is no longer EXPR_OK. */
const struct expr_value *expr_eval_node(const struct expr_node *node, struct expr_run *run,
					struct expr_value *scratch);
