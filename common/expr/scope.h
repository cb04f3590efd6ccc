#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/expr/value.h"

/*
 * The names an expression may use: the variables of the language, and which of them, together with
 * which constants, exist in one setting. Scopes are constant tables of the settings.
 */
enum expr_variable {
#define EXPR_VARIABLE(id, name, type, settable, meaning) EXPR_VAR_##id,
#include "common/tbl/variable.def"
#undef EXPR_VARIABLE
	EXPR_VARIABLE_COUNT
};

_Static_assert(EXPR_VARIABLE_COUNT <= 64, "a scope is one word of bits");

#define EXPR_BIT(variable) (UINT64_C(1) << (variable))

/* A word that stands for an integer in some settings. */
struct expr_constant {
	const char *name;
	int64_t value;
};

struct expr_scope {
	uint64_t variables;                    /* EXPR_BIT() of each that may be used */
	const struct expr_constant *constants; /* besides true and false */
	size_t constant_count;
	bool asynchronous; /* the evaluator can wait, so dns_query is allowed */
	const char *key;   /* name of the setting, for messages; NULL: none */
};

struct expr_variable_info {
	const char *name;
	const char *meaning;
	enum expr_type type;
	bool settable; /* false: known to the language, used by no setting */
};

/* The row of a variable. */
const struct expr_variable_info *expr_scope_variable(enum expr_variable variable);
/* False when there is none of this name. */
bool expr_scope_find_variable(struct slice name, enum expr_variable *variable);
/* Sets every value to "", 0 or [] according to the variable's type. */
void expr_scope_blank(struct expr_value values[EXPR_VARIABLE_COUNT]);

/* The groups of constants; *count is set. */
const struct expr_constant *expr_scope_strategies(size_t *count);
const struct expr_constant *expr_scope_requirements(size_t *count);
const struct expr_constant *expr_scope_frequencies(size_t *count);

/* Everything at once: all variables and constants, asynchronous functions. */
const struct expr_scope *expr_scope_all(void);
