#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * Values of the expression language: a text, a 64-bit integer, a float or an array of values.
 * There is no boolean, no null and no duration: those are integers. A value owns nothing; its
 * text and items live where they were made (the expression's arena, the evaluation's arena, or
 * the caller's variables). Nothing here fails: a conversion that is impossible returns false.
 */
struct arena;
struct expr_constant;

enum expr_type { EXPR_TEXT, EXPR_INTEGER, EXPR_FLOAT, EXPR_ARRAY };

struct expr_value {
	enum expr_type type;
	union {
		struct slice text;
		int64_t integer;
		double real;
		struct {
			const struct expr_value *items;
			size_t count;
		} array;
	};
};

static inline struct expr_value
expr_value_text(struct slice text)
{
	return (struct expr_value){.type = EXPR_TEXT, .text = text};
}

static inline struct expr_value
expr_value_integer(int64_t integer)
{
	return (struct expr_value){.type = EXPR_INTEGER, .integer = integer};
}

static inline struct expr_value
expr_value_float(double real)
{
	return (struct expr_value){.type = EXPR_FLOAT, .real = real};
}

static inline struct expr_value
expr_value_array(const struct expr_value *items, size_t count)
{
	return (struct expr_value){.type = EXPR_ARRAY, .array = {items, count}};
}

/* A number that is not 0, a text or an array that is not empty; '0' and 'false' are true. */
static inline bool
expr_truth(const struct expr_value *value)
{
	switch (value->type) {
	case EXPR_TEXT:
		return value->text.len > 0;
	case EXPR_INTEGER:
		return value->integer != 0;
	case EXPR_FLOAT:
		return value->real != 0.0;
	case EXPR_ARRAY:
		return value->array.count > 0;
	}
	return false;
}

/* The canonical form `postrider eval` prints: 7, 3.0, 2.5, "text" (JSON), [1,"a"]. */
void expr_value_print(struct str *str, const struct expr_value *value);

/* A copy that lives in the arena with all its text and items. */
struct expr_value expr_value_copy(struct arena *arena, const struct expr_value *value);

/*
 * The text functions see: numbers in digits (floats in their shortest form, 1.0 as 1), items of an
 * array joined by CR LF. Allocates only when the value is no text; data is never NULL.
 */
struct slice expr_value_stringify(const struct expr_value *value, struct arena *arena);

/*
 * The number arithmetic sees, always an integer or a float: a text is read as a decimal integer,
 * else as a float, else is 0; an array is 1 when empty, else 0.
 */
struct expr_value expr_value_number(const struct expr_value *value);

/* The == of the language. */
bool expr_value_equal(const struct expr_value *a, const struct expr_value *b);

enum expr_order {
	EXPR_LESS,
	EXPR_EQUAL,
	EXPR_GREATER,
	EXPR_UNORDERED /* a float is not a number */
};

/*
 * The < of the language. A text and a number compare as numbers, texts by their bytes, arrays item
 * by item; an array is greater than any number and less than any text.
 */
enum expr_order expr_value_compare(const struct expr_value *a, const struct expr_value *b);

/*
 * What a setting makes of the final value. False = it cannot, and the setting takes its documented
 * default; *out is then untouched.
 */

/* Texts only: that a number is none is how `false` means "no text". */
bool expr_value_to_text(const struct expr_value *value, struct slice *text);
/* By truth; cannot fail, the result is for symmetry. */
bool expr_value_to_bool(const struct expr_value *value, bool *truth);
/* An integer, a float (truncated) or a decimal text, 0 or more. */
bool expr_value_to_count(const struct expr_value *value, int64_t *count);
/* Milliseconds, 1 or more: an integer, a float (truncated) or a text like 5m. */
bool expr_value_to_duration_ms(const struct expr_value *value, int64_t *ms);
/*
 * The items of an array; any other value is a list of itself, "" is the empty list. The items stay
 * where they are, so the value must outlive the list.
 */
bool expr_value_to_list(const struct expr_value *value, const struct expr_value **items,
			size_t *count);
/*
 * One of the values of a group of constants. With named, also a text that spells a constant's name
 * in any case ('ipv6_only'), which strategies take and TLS requirements do not.
 */
bool expr_value_to_choice(const struct expr_value *value, const struct expr_constant *constants,
			  size_t constant_count, bool named, int64_t *choice);
