#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/expr/scope.h"
#include "common/expr/value.h"

/*
 * The tree of an expression. parse.c makes it, with words as they were written; check.c turns words
 * into variables and constants and folds what never changes; eval.c reads it. Nodes live in the
 * expression's arena. How deep a tree can be is bounded by the parser, so walking it may recurse.
 */
struct expr_function;
struct expr_regex;

enum expr_node_kind {
	EXPR_NODE_CONSTANT,
	EXPR_NODE_VARIABLE,
	EXPR_NODE_CAPTURE,
	EXPR_NODE_WORD, /* not after check.c */
	EXPR_NODE_CALL,
	EXPR_NODE_MATCH, /* matches(): args[0] is the subject */
	EXPR_NODE_ARRAY,
	EXPR_NODE_INDEX, /* args: the array, the index */
	/*
	 * Operands joined by operators of equal precedence, folded from the left. One node for all
	 * of them keeps a condition of a thousand alternatives flat.
	 */
	EXPR_NODE_CHAIN,
	EXPR_NODE_NOT,
	EXPR_NODE_NEGATE,
};

struct expr_node {
	enum expr_node_kind kind;
	unsigned column;
	size_t start;                         /* byte offset in the expression */
	bool literal;                         /* CONSTANT: a text in quotes */
	bool tight;                           /* CALL: "(" follows the name without a space */
	bool duration;                        /* made of a duration literal: milliseconds */
	bool seconds;                         /* made of expires_in */
	struct slice name;                    /* of WORD and CALL */
	struct expr_value value;              /* of CONSTANT */
	enum expr_variable variable;          /* of VARIABLE */
	unsigned capture;                     /* of CAPTURE: 0 is the whole match */
	const struct expr_function *function; /* of CALL, after check.c */
	const struct expr_regex *regex;       /* of MATCH */
	struct expr_node **args;              /* operands, arguments, items */
	unsigned char *ops;                   /* of CHAIN: ops[i] stands before args[i]; i > 0 */
	size_t arg_count;
};
