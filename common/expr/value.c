#include "common/expr/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/expr/number.h"
#include "common/expr/scope.h"
#include "common/quantity.h"

void
expr_value_print(struct str *str, const struct expr_value *value)
{
	char number[EXPR_NUMBER_TEXT];

	switch (value->type) {
	case EXPR_TEXT:
		str_json(str, value->text.data, value->text.len);
		break;
	case EXPR_INTEGER:
		str_printf(str, "%" PRId64, value->integer);
		break;
	case EXPR_FLOAT:
		str_bytes(str, number, expr_number_format(number, value->real, true));
		break;
	case EXPR_ARRAY:
		str_char(str, '[');
		for (size_t i = 0; i < value->array.count; i++) {
			if (i > 0)
				str_char(str, ',');
			expr_value_print(str, &value->array.items[i]);
		}
		str_char(str, ']');
		break;
	}
}

struct expr_value
expr_value_copy(struct arena *arena, const struct expr_value *value)
{
	struct expr_value copy = *value;
	struct expr_value *items;

	if (value->type == EXPR_TEXT) {
		copy.text.data = arena_copy(arena, value->text.data, value->text.len);
	} else if (value->type == EXPR_ARRAY) {
		items = arena_array(arena, value->array.count, sizeof(*items));
		for (size_t i = 0; i < value->array.count; i++)
			items[i] = expr_value_copy(arena, &value->array.items[i]);
		copy.array.items = items;
	}
	return copy;
}

/* Text of one number; items of an array one after the other. */
static void
expr_value_append(struct str *str, const struct expr_value *value)
{
	char number[EXPR_NUMBER_TEXT];

	switch (value->type) {
	case EXPR_TEXT:
		str_bytes(str, value->text.data, value->text.len);
		break;
	case EXPR_INTEGER:
		str_printf(str, "%" PRId64, value->integer);
		break;
	case EXPR_FLOAT:
		str_bytes(str, number, expr_number_format(number, value->real, false));
		break;
	case EXPR_ARRAY:
		for (size_t i = 0; i < value->array.count; i++) {
			if (i > 0)
				str_text(str, "\r\n");
			expr_value_append(str, &value->array.items[i]);
		}
		break;
	}
}

struct slice
expr_value_stringify(const struct expr_value *value, struct arena *arena)
{
	struct str text = {0};
	struct slice result;

	/* An empty text may come without data, which not even 0 may be added to. */
	if (value->type == EXPR_TEXT)
		return value->text.len > 0 ? value->text : (struct slice){"", 0};
	expr_value_append(&text, value);
	result = (struct slice){arena_copy(arena, text.data, text.len), text.len};
	str_free(&text);
	return result;
}

struct expr_value
expr_value_number(const struct expr_value *value)
{
	int64_t integer;
	double real;

	switch (value->type) {
	case EXPR_INTEGER:
	case EXPR_FLOAT:
		return *value;
	case EXPR_ARRAY:
		return expr_value_integer(value->array.count == 0);
	case EXPR_TEXT:
		break;
	}
	if (expr_number_integer(value->text, &integer))
		return expr_value_integer(integer);
	if (expr_number_float(value->text, &real))
		return expr_value_float(real);
	return expr_value_integer(0);
}

static double
expr_value_real(const struct expr_value *number)
{
	return number->type == EXPR_FLOAT ? number->real : (double)number->integer;
}

static enum expr_order
expr_value_compare_numbers(const struct expr_value *a, const struct expr_value *b)
{
	double left;
	double right;

	if (a->type == EXPR_INTEGER && b->type == EXPR_INTEGER)
		return a->integer < b->integer   ? EXPR_LESS
		       : a->integer > b->integer ? EXPR_GREATER
						 : EXPR_EQUAL;
	left = expr_value_real(a);
	right = expr_value_real(b);
	return left < right    ? EXPR_LESS
	       : left > right  ? EXPR_GREATER
	       : left == right ? EXPR_EQUAL
			       : EXPR_UNORDERED;
}

bool
expr_value_equal(const struct expr_value *a, const struct expr_value *b)
{
	struct expr_value left;
	struct expr_value right;

	if (a->type == EXPR_TEXT && b->type == EXPR_TEXT)
		return slice_equal(a->text, b->text);
	if (a->type == EXPR_INTEGER && b->type == EXPR_INTEGER)
		return a->integer == b->integer;
	if (a->type == EXPR_ARRAY && b->type == EXPR_ARRAY) {
		if (a->array.count != b->array.count)
			return false;
		for (size_t i = 0; i < a->array.count; i++) {
			if (!expr_value_equal(&a->array.items[i], &b->array.items[i]))
				return false;
		}
		return true;
	}
	if (a->type == EXPR_ARRAY || b->type == EXPR_ARRAY)
		return false;
	left = expr_value_number(a);
	right = expr_value_number(b);
	return expr_value_compare_numbers(&left, &right) == EXPR_EQUAL;
}

static enum expr_order
expr_value_compare_texts(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

	if (order != 0)
		return order < 0 ? EXPR_LESS : EXPR_GREATER;
	return a.len < b.len ? EXPR_LESS : a.len > b.len ? EXPR_GREATER : EXPR_EQUAL;
}

static enum expr_order
expr_value_compare_arrays(const struct expr_value *a, const struct expr_value *b)
{
	for (size_t i = 0; i < a->array.count && i < b->array.count; i++) {
		enum expr_order order = expr_value_compare(&a->array.items[i], &b->array.items[i]);

		if (order != EXPR_EQUAL)
			return order;
	}
	return a->array.count < b->array.count   ? EXPR_LESS
	       : a->array.count > b->array.count ? EXPR_GREATER
						 : EXPR_EQUAL;
}

enum expr_order
expr_value_compare(const struct expr_value *a, const struct expr_value *b)
{
	struct expr_value left;
	struct expr_value right;

	if (a->type == EXPR_TEXT && b->type == EXPR_TEXT)
		return expr_value_compare_texts(a->text, b->text);
	if (a->type == EXPR_ARRAY && b->type == EXPR_ARRAY)
		return expr_value_compare_arrays(a, b);
	if (a->type == EXPR_ARRAY)
		return b->type == EXPR_TEXT ? EXPR_LESS : EXPR_GREATER;
	if (b->type == EXPR_ARRAY)
		return a->type == EXPR_TEXT ? EXPR_GREATER : EXPR_LESS;
	left = expr_value_number(a);
	right = expr_value_number(b);
	return expr_value_compare_numbers(&left, &right);
}

bool
expr_value_to_text(const struct expr_value *value, struct slice *text)
{
	if (value->type != EXPR_TEXT)
		return false;
	*text = value->text;
	return true;
}

bool
expr_value_to_bool(const struct expr_value *value, bool *truth)
{
	*truth = expr_truth(value);
	return true;
}

bool
expr_value_to_count(const struct expr_value *value, int64_t *count)
{
	int64_t number;

	if (value->type == EXPR_ARRAY)
		return false;
	if (value->type == EXPR_TEXT && !expr_number_integer(value->text, &number))
		return false;
	if (value->type == EXPR_INTEGER)
		number = value->integer;
	if (value->type == EXPR_FLOAT) {
		if (!(value->real >= 0))
			return false;
		number = expr_number_truncate(value->real);
	}
	if (number < 0)
		return false;
	*count = number;
	return true;
}

bool
expr_value_to_duration_ms(const struct expr_value *value, int64_t *ms)
{
	int64_t number = 0;

	switch (value->type) {
	case EXPR_INTEGER:
		number = value->integer;
		break;
	case EXPR_FLOAT:
		number = expr_number_truncate(value->real);
		break;
	case EXPR_TEXT:
		if (!quantity_duration(value->text, &number, NULL, NULL))
			return false;
		break;
	case EXPR_ARRAY:
		return false;
	}
	if (number <= 0)
		return false;
	*ms = number;
	return true;
}

bool
expr_value_to_list(const struct expr_value *value, const struct expr_value **items, size_t *count)
{
	*items = value->type == EXPR_ARRAY ? value->array.items : value;
	*count = value->type == EXPR_ARRAY                          ? value->array.count
		 : value->type == EXPR_TEXT && value->text.len == 0 ? 0
								    : 1;
	return true;
}

bool
expr_value_to_choice(const struct expr_value *value, const struct expr_constant *constants,
		     size_t constant_count, bool named, int64_t *choice)
{
	for (size_t i = 0; i < constant_count; i++) {
		bool same = value->type == EXPR_INTEGER && value->integer == constants[i].value;

		if (value->type == EXPR_TEXT && named)
			same = slice_is_nocase(value->text, constants[i].name);
		if (!same)
			continue;
		*choice = constants[i].value;
		return true;
	}
	return false;
}
