#include "common/expr/builtin.h"

#include <assert.h>
#include <string.h>

#include "common/arena.h"
#include "common/expr/eval.h"

void
expr_builtin_array_count(struct expr_run *run, unsigned column, const struct expr_value *args,
			 struct expr_value *result)
{
	const struct expr_value *items;
	size_t count;

	expr_value_to_list(&args[0], &items, &count);
	*result = expr_value_integer((int64_t)count);
}

/* Merges the sorted halves from[0..half) and from[half..count). */
static void
expr_builtin_array_merge(const struct expr_value *from, size_t half, size_t count,
			 enum expr_order swapped, struct expr_value *to)
{
	size_t left = 0;
	size_t right = half;

	for (size_t i = 0; i < count; i++) {
		bool take_right = left == half;

		if (left < half && right < count)
			take_right = expr_value_compare(&from[left], &from[right]) == swapped;
		to[i] = from[take_right ? right++ : left++];
	}
}

/* A merge sort: items of mixed types need not have a consistent order, which qsort() demands. */
void
expr_builtin_array_sort(struct expr_run *run, unsigned column, const struct expr_value *args,
			struct expr_value *result)
{
	enum expr_order swapped = expr_truth(&args[1]) ? EXPR_LESS : EXPR_GREATER;
	size_t count = args[0].type == EXPR_ARRAY ? args[0].array.count : 0;
	struct expr_value *from;
	struct expr_value *to;

	*result = args[0];
	if (count < 2)
		return;
	from = arena_array(run->env->arena, count, sizeof(*from));
	to = arena_array(run->env->arena, count, sizeof(*to));
	memcpy(from, args[0].array.items, count * sizeof(*from));
	for (size_t half = 1; half < count; half *= 2) {
		struct expr_value *sorted = to;

		for (size_t at = 0; at < count; at += 2 * half) {
			size_t left = count - at;

			expr_builtin_array_merge(from + at, left < half ? left : half,
						 left < 2 * half ? left : 2 * half, swapped,
						 to + at);
		}
		to = from;
		from = sorted;
	}
	*result = expr_value_array(from, count);
}

static bool
expr_builtin_array_has(const struct expr_value *items, size_t count, const struct expr_value *item)
{
	for (size_t i = 0; i < count; i++) {
		if (expr_value_equal(&items[i], item))
			return true;
	}
	return false;
}

void
expr_builtin_array_dedup(struct expr_run *run, unsigned column, const struct expr_value *args,
			 struct expr_value *result)
{
	struct expr_value *items;
	size_t count = 0;

	*result = args[0];
	if (args[0].type != EXPR_ARRAY)
		return;
	items = arena_array(run->env->arena, args[0].array.count, sizeof(*items));
	for (size_t i = 0; i < args[0].array.count; i++) {
		if (!expr_builtin_array_has(items, count, &args[0].array.items[i]))
			items[count++] = args[0].array.items[i];
	}
	*result = expr_value_array(items, count);
}

static bool
expr_builtin_array_is_nothing(const struct expr_value *value)
{
	return (value->type == EXPR_TEXT || value->type == EXPR_ARRAY) && !expr_truth(value);
}

void
expr_builtin_array_winnow(struct expr_run *run, unsigned column, const struct expr_value *args,
			  struct expr_value *result)
{
	struct expr_value *items;
	size_t count = 0;

	*result = args[0];
	if (args[0].type != EXPR_ARRAY)
		return;
	items = arena_array(run->env->arena, args[0].array.count, sizeof(*items));
	for (size_t i = 0; i < args[0].array.count; i++) {
		if (!expr_builtin_array_is_nothing(&args[0].array.items[i]))
			items[count++] = args[0].array.items[i];
	}
	*result = expr_value_array(items, count);
}

void
expr_builtin_array_is_intersect(struct expr_run *run, unsigned column,
				const struct expr_value *args, struct expr_value *result)
{
	const struct expr_value *a = &args[args[0].type == EXPR_ARRAY ? 0 : 1];
	const struct expr_value *b = a == &args[0] ? &args[1] : &args[0];
	bool shared = false;

	if (a->type == EXPR_ARRAY && b->type != EXPR_ARRAY)
		shared = expr_builtin_array_has(a->array.items, a->array.count, b);
	else if (a->type == EXPR_ARRAY)
		for (size_t i = 0; i < b->array.count && !shared; i++)
			shared = expr_builtin_array_has(a->array.items, a->array.count,
							&b->array.items[i]);
	*result = expr_value_integer(shared);
}

void
expr_builtin_array_is_empty(struct expr_run *run, unsigned column, const struct expr_value *args,
			    struct expr_value *result)
{
	*result = expr_value_integer(expr_builtin_array_is_nothing(&args[0]));
}

void
expr_builtin_array_is_number(struct expr_run *run, unsigned column, const struct expr_value *args,
			     struct expr_value *result)
{
	*result = expr_value_integer(args[0].type == EXPR_INTEGER || args[0].type == EXPR_FLOAT);
}

void
expr_builtin_array_if_then(struct expr_run *run, unsigned column, const struct expr_value *args,
			   struct expr_value *result)
{
	*result = args[expr_truth(&args[0]) ? 1 : 2];
}

/* matches() has a node of its own, so that this is never called. */
void
expr_builtin_array_never(struct expr_run *run, unsigned column, const struct expr_value *args,
			 struct expr_value *result)
{
	assert(run == NULL);
}
