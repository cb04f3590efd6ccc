#include "common/expr/scope.h"

#include <string.h>

#define EXPR_SCOPE_COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct expr_variable_info expr_scope_variables[EXPR_VARIABLE_COUNT] = {
#define EXPR_VARIABLE(id, word, value_type, is_settable, means) \
	[EXPR_VAR_##id] = {#word, means, EXPR_##value_type, is_settable},
#include "common/tbl/variable.def"
#undef EXPR_VARIABLE
};

/* What a variable is that nothing is known about. */
#define EXPR_SCOPE_BLANK_TEXT    .text = {"", 0}
#define EXPR_SCOPE_BLANK_ARRAY   .array = {NULL, 0}
#define EXPR_SCOPE_BLANK_INTEGER .integer = 0

static const struct expr_value expr_scope_blanks[EXPR_VARIABLE_COUNT] = {
#define EXPR_VARIABLE(id, word, value_type, is_settable, means) \
	[EXPR_VAR_##id] = {.type = EXPR_##value_type, EXPR_SCOPE_BLANK_##value_type},
#include "common/tbl/variable.def"
#undef EXPR_VARIABLE
};

/* One list, three windows into it: a group is consecutive in the table. */
enum expr_scope_group { EXPR_SCOPE_STRATEGY, EXPR_SCOPE_REQUIREMENT, EXPR_SCOPE_FREQUENCY };

static const struct expr_constant expr_scope_constants[] = {
#define EXPR_CONSTANT(group, word, number) {#word, number},
#include "common/tbl/constant.def"
#undef EXPR_CONSTANT
};

static const enum expr_scope_group expr_scope_groups[] = {
#define EXPR_CONSTANT(group, word, number) EXPR_SCOPE_##group,
#include "common/tbl/constant.def"
#undef EXPR_CONSTANT
};

const struct expr_variable_info *
expr_scope_variable(enum expr_variable variable)
{
	return &expr_scope_variables[variable];
}

bool
expr_scope_find_variable(struct slice name, enum expr_variable *variable)
{
	for (size_t i = 0; i < EXPR_VARIABLE_COUNT; i++) {
		if (!slice_is(name, expr_scope_variables[i].name))
			continue;
		*variable = (enum expr_variable)i;
		return true;
	}
	return false;
}

void
expr_scope_blank(struct expr_value values[EXPR_VARIABLE_COUNT])
{
	memcpy(values, expr_scope_blanks, sizeof(expr_scope_blanks));
}

static const struct expr_constant *
expr_scope_window(enum expr_scope_group group, size_t *count)
{
	size_t first = 0;

	while (expr_scope_groups[first] != group)
		first++;
	*count = 0;
	while (first + *count < EXPR_SCOPE_COUNT(expr_scope_groups) &&
	       expr_scope_groups[first + *count] == group)
		(*count)++;
	return &expr_scope_constants[first];
}

const struct expr_constant *
expr_scope_strategies(size_t *count)
{
	return expr_scope_window(EXPR_SCOPE_STRATEGY, count);
}

const struct expr_constant *
expr_scope_requirements(size_t *count)
{
	return expr_scope_window(EXPR_SCOPE_REQUIREMENT, count);
}

const struct expr_constant *
expr_scope_frequencies(size_t *count)
{
	return expr_scope_window(EXPR_SCOPE_FREQUENCY, count);
}

const struct expr_scope *
expr_scope_all(void)
{
	static const struct expr_scope all = {
	    .variables = EXPR_BIT(EXPR_VARIABLE_COUNT) - 1,
	    .constants = expr_scope_constants,
	    .constant_count = EXPR_SCOPE_COUNT(expr_scope_constants),
	    .asynchronous = true,
	};

	return &all;
}
