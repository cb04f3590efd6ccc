#include "common/expr/builtin.h"

#include "common/arena.h"

static const struct expr_function expr_builtin_table[] = {
#define EXPR_FUNCTION(name, least, most, fn, kind, meaning) \
	{#name, least, most, fn, EXPR_FUNCTION_##kind, meaning},
#include "common/tbl/function.def"
#undef EXPR_FUNCTION
};

enum { EXPR_BUILTIN_COUNT = sizeof(expr_builtin_table) / sizeof(expr_builtin_table[0]) };

static const struct {
	const char *name;
	const char *why;
} expr_builtin_refusals[] = {
    {"key_set", "expressions change nothing here"},
    {"counter_incr", "expressions change nothing here"},
    {"counter_get", "there are no counters here; key_get reads static values"},
    {"sql_query", "there are no databases to ask here; key_get reads static values"},
};

const struct expr_function *
expr_builtin_find(struct slice name)
{
	for (size_t i = 0; i < EXPR_BUILTIN_COUNT; i++) {
		if (slice_is(name, expr_builtin_table[i].name))
			return &expr_builtin_table[i];
	}
	return NULL;
}

const struct expr_function *
expr_builtin_at(size_t index)
{
	return index < EXPR_BUILTIN_COUNT ? &expr_builtin_table[index] : NULL;
}

const char *
expr_builtin_refused(struct slice name)
{
	size_t count = sizeof(expr_builtin_refusals) / sizeof(expr_builtin_refusals[0]);

	for (size_t i = 0; i < count; i++) {
		if (slice_is(name, expr_builtin_refusals[i].name))
			return expr_builtin_refusals[i].why;
	}
	return NULL;
}

struct expr_value
expr_builtin_map(struct arena *arena, const struct expr_value *value, expr_builtin_map_fn *map,
		 void *arg)
{
	struct expr_value *items;

	if (value->type != EXPR_ARRAY)
		return expr_value_text(map(arena, expr_value_stringify(value, arena), arg));
	items = arena_array(arena, value->array.count, sizeof(*items));
	for (size_t i = 0; i < value->array.count; i++) {
		struct slice text = expr_value_stringify(&value->array.items[i], arena);

		items[i] = expr_value_text(map(arena, text, arg));
	}
	return expr_value_array(items, value->array.count);
}
