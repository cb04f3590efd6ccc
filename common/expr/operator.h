#pragma once

#include "common/expr/lex.h"
#include "common/expr/value.h"

/*
 * The operators between two values that both are known. They take every combination of types and
 * never fail: integers saturate, and what is no number counts as expr_value_number() says.
 */
struct arena;

/* All but || and &&, whose right side is not always looked at. Results may share parts of a and b.
 */
struct expr_value expr_operator_apply(enum expr_operator op, const struct expr_value *a,
				      const struct expr_value *b, struct arena *arena);
/* -a: -[] is -1, because an empty array counts as 1. */
struct expr_value expr_operator_negate(const struct expr_value *a);
