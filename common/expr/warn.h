#pragma once

#include "common/expr/expr.h"

/*
 * Complaints about expressions that are valid and probably not meant. Called for each node after
 * its operands and before it is folded, so that operands are still what was written; also carries
 * upwards which values are durations in milliseconds and which are expires_in, in seconds.
 */
struct expr_node;

/* warn may be NULL. */
void expr_warn_node(struct expr_node *node, expr_warn_fn warn, void *arg);
