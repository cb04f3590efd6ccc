#include "common/expr/operator.h"

#include <string.h>

#include "common/arena.h"
#include "common/expr/number.h"

static double
expr_operator_real(const struct expr_value *number)
{
	return number->type == EXPR_FLOAT ? number->real : (double)number->integer;
}

/* b behind a. */
static struct expr_value
expr_operator_join(const struct expr_value *a, size_t a_count, const struct expr_value *b,
		   size_t b_count, struct arena *arena)
{
	struct expr_value *items;

	items = arena_array(arena, a_count + b_count, sizeof(*items));
	if (a_count > 0)
		memcpy(items, a, a_count * sizeof(*items));
	if (b_count > 0)
		memcpy(items + a_count, b, b_count * sizeof(*items));
	return expr_value_array(items, a_count + b_count);
}

static struct expr_value
expr_operator_concatenate(const struct expr_value *a, const struct expr_value *b,
			  struct arena *arena)
{
	struct slice left;
	struct slice right;
	char *text;

	/* An empty text changes nothing, not even the type of the other side. */
	if (a->type == EXPR_TEXT && a->text.len == 0)
		return *b;
	if (b->type == EXPR_TEXT && b->text.len == 0)
		return *a;
	left = expr_value_stringify(a, arena);
	right = expr_value_stringify(b, arena);
	text = arena_alloc(arena, left.len + right.len);
	memcpy(text, left.data, left.len);
	memcpy(text + left.len, right.data, right.len);
	return expr_value_text((struct slice){text, left.len + right.len});
}

static struct expr_value
expr_operator_add(const struct expr_value *a, const struct expr_value *b, struct arena *arena)
{
	if (a->type == EXPR_INTEGER && b->type == EXPR_INTEGER)
		return expr_value_integer(expr_number_add(a->integer, b->integer));
	if (a->type == EXPR_ARRAY && b->type == EXPR_ARRAY)
		return expr_operator_join(a->array.items, a->array.count, b->array.items,
					  b->array.count, arena);
	if (a->type == EXPR_ARRAY)
		return expr_operator_join(a->array.items, a->array.count, b, 1, arena);
	if (b->type == EXPR_ARRAY)
		return expr_operator_join(a, 1, b->array.items, b->array.count, arena);
	if (a->type == EXPR_TEXT || b->type == EXPR_TEXT)
		return expr_operator_concatenate(a, b, arena);
	return expr_value_float(expr_operator_real(a) + expr_operator_real(b));
}

static struct expr_value
expr_operator_without(const struct expr_value *array, const struct expr_value *item,
		      struct arena *arena)
{
	struct expr_value *items = arena_array(arena, array->array.count, sizeof(*items));
	size_t count = 0;

	for (size_t i = 0; i < array->array.count; i++) {
		if (!expr_value_equal(&array->array.items[i], item))
			items[count++] = array->array.items[i];
	}
	return expr_value_array(items, count);
}

static struct expr_value
expr_operator_subtract(const struct expr_value *a, const struct expr_value *b, struct arena *arena)
{
	struct expr_value left;
	struct expr_value right;

	if (a->type == EXPR_ARRAY)
		return expr_operator_without(a, b, arena);
	if (b->type == EXPR_ARRAY)
		return expr_operator_without(b, a, arena);
	left = expr_value_number(a);
	right = expr_value_number(b);
	if (left.type == EXPR_INTEGER && right.type == EXPR_INTEGER)
		return expr_value_integer(expr_number_subtract(left.integer, right.integer));
	return expr_value_float(expr_operator_real(&left) - expr_operator_real(&right));
}

static struct expr_value
expr_operator_multiply(const struct expr_value *a, const struct expr_value *b)
{
	struct expr_value left = expr_value_number(a);
	struct expr_value right = expr_value_number(b);

	if (left.type == EXPR_INTEGER && right.type == EXPR_INTEGER)
		return expr_value_integer(expr_number_multiply(left.integer, right.integer));
	return expr_value_float(expr_operator_real(&left) * expr_operator_real(&right));
}

static struct expr_value
expr_operator_divide(const struct expr_value *a, const struct expr_value *b)
{
	struct expr_value left = expr_value_number(a);
	struct expr_value right = expr_value_number(b);

	if (expr_operator_real(&right) == 0.0)
		return expr_value_float(0.0);
	return expr_value_float(expr_operator_real(&left) / expr_operator_real(&right));
}

static bool
expr_operator_relate(enum expr_operator op, const struct expr_value *a, const struct expr_value *b)
{
	enum expr_order order = expr_value_compare(a, b);

	switch (op) {
	case EXPR_OP_LT:
		return order == EXPR_LESS;
	case EXPR_OP_LE:
		return order == EXPR_LESS || order == EXPR_EQUAL;
	case EXPR_OP_GT:
		return order == EXPR_GREATER;
	default:
		return order == EXPR_GREATER || order == EXPR_EQUAL;
	}
}

struct expr_value
expr_operator_apply(enum expr_operator op, const struct expr_value *a, const struct expr_value *b,
		    struct arena *arena)
{
	switch (op) {
	case EXPR_OP_XOR:
		return expr_value_integer(expr_truth(a) != expr_truth(b));
	case EXPR_OP_EQ:
		return expr_value_integer(expr_value_equal(a, b));
	case EXPR_OP_NE:
		return expr_value_integer(!expr_value_equal(a, b));
	case EXPR_OP_ADD:
		return expr_operator_add(a, b, arena);
	case EXPR_OP_SUB:
		return expr_operator_subtract(a, b, arena);
	case EXPR_OP_MUL:
		return expr_operator_multiply(a, b);
	case EXPR_OP_DIV:
		return expr_operator_divide(a, b);
	default:
		return expr_value_integer(expr_operator_relate(op, a, b));
	}
}

struct expr_value
expr_operator_negate(const struct expr_value *a)
{
	struct expr_value number = expr_value_number(a);

	if (number.type == EXPR_FLOAT)
		return expr_value_float(-number.real);
	return expr_value_integer(expr_number_negate(number.integer));
}
