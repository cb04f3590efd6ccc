#include "common/expr/builtin.h"

#include <string.h>
#include <strings.h>

#include "common/arena.h"
#include "common/expr/eval.h"
#include "common/expr/utf8.h"

typedef bool expr_builtin_text_class_fn(uint32_t code);

static struct slice
expr_builtin_text_of(struct expr_run *run, const struct expr_value *value)
{
	return expr_value_stringify(value, run->env->arena);
}

void
expr_builtin_text_len(struct expr_run *run, unsigned column, const struct expr_value *args,
		      struct expr_value *result)
{
	if (args[0].type == EXPR_ARRAY)
		*result = expr_value_integer((int64_t)args[0].array.count);
	else
		*result = expr_value_integer((int64_t)expr_builtin_text_of(run, &args[0]).len);
}

void
expr_builtin_text_count_chars(struct expr_run *run, unsigned column, const struct expr_value *args,
			      struct expr_value *result)
{
	struct slice text = expr_builtin_text_of(run, &args[0]);

	*result = expr_value_integer((int64_t)expr_utf8_count(text));
}

static struct expr_value
expr_builtin_text_count(struct slice text, expr_builtin_text_class_fn *is)
{
	int64_t count = 0;

	while (text.len > 0) {
		uint32_t code;
		size_t len = expr_utf8_next(text, &code);

		count += is(code);
		text.data += len;
		text.len -= len;
	}
	return expr_value_integer(count);
}

void
expr_builtin_text_count_spaces(struct expr_run *run, unsigned column, const struct expr_value *args,
			       struct expr_value *result)
{
	*result = expr_builtin_text_count(expr_builtin_text_of(run, &args[0]), expr_utf8_is_space);
}

void
expr_builtin_text_count_uppercase(struct expr_run *run, unsigned column,
				  const struct expr_value *args, struct expr_value *result)
{
	*result = expr_builtin_text_count(expr_builtin_text_of(run, &args[0]), expr_utf8_is_upper);
}

void
expr_builtin_text_count_lowercase(struct expr_run *run, unsigned column,
				  const struct expr_value *args, struct expr_value *result)
{
	*result = expr_builtin_text_count(expr_builtin_text_of(run, &args[0]), expr_utf8_is_lower);
}

static struct slice
expr_builtin_text_left(struct arena *arena, struct slice text, void *arg)
{
	uint32_t code;
	size_t len;

	while ((len = expr_utf8_next(text, &code)) > 0 && expr_utf8_is_space(code)) {
		text.data += len;
		text.len -= len;
	}
	return text;
}

static struct slice
expr_builtin_text_right(struct arena *arena, struct slice text, void *arg)
{
	size_t end = 0;
	size_t at = 0;

	while (at < text.len) {
		uint32_t code;

		at += expr_utf8_next((struct slice){text.data + at, text.len - at}, &code);
		if (!expr_utf8_is_space(code))
			end = at;
	}
	return (struct slice){text.data, end};
}

static struct slice
expr_builtin_text_both(struct arena *arena, struct slice text, void *arg)
{
	return expr_builtin_text_right(arena, expr_builtin_text_left(arena, text, arg), arg);
}

void
expr_builtin_text_trim(struct expr_run *run, unsigned column, const struct expr_value *args,
		       struct expr_value *result)
{
	*result = expr_builtin_map(run->env->arena, &args[0], expr_builtin_text_both, NULL);
}

void
expr_builtin_text_trim_start(struct expr_run *run, unsigned column, const struct expr_value *args,
			     struct expr_value *result)
{
	*result = expr_builtin_map(run->env->arena, &args[0], expr_builtin_text_left, NULL);
}

void
expr_builtin_text_trim_end(struct expr_run *run, unsigned column, const struct expr_value *args,
			   struct expr_value *result)
{
	*result = expr_builtin_map(run->env->arena, &args[0], expr_builtin_text_right, NULL);
}

static struct slice
expr_builtin_text_lower(struct arena *arena, struct slice text, void *arg)
{
	return expr_utf8_lower(arena, text);
}

static struct slice
expr_builtin_text_upper(struct arena *arena, struct slice text, void *arg)
{
	return expr_utf8_upper(arena, text);
}

void
expr_builtin_text_to_lowercase(struct expr_run *run, unsigned column, const struct expr_value *args,
			       struct expr_value *result)
{
	*result = expr_builtin_map(run->env->arena, &args[0], expr_builtin_text_lower, NULL);
}

void
expr_builtin_text_to_uppercase(struct expr_run *run, unsigned column, const struct expr_value *args,
			       struct expr_value *result)
{
	*result = expr_builtin_map(run->env->arena, &args[0], expr_builtin_text_upper, NULL);
}

/* As expr_builtin_map(), for functions whose answer is yes or no. */
static struct expr_value
expr_builtin_text_ask(struct expr_run *run, const struct expr_value *value,
		      bool (*is)(struct slice text))
{
	struct expr_value *items;

	if (value->type != EXPR_ARRAY)
		return expr_value_integer(is(expr_builtin_text_of(run, value)));
	items = arena_array(run->env->arena, value->array.count, sizeof(*items));
	for (size_t i = 0; i < value->array.count; i++)
		items[i] =
		    expr_value_integer(is(expr_builtin_text_of(run, &value->array.items[i])));
	return expr_value_array(items, value->array.count);
}

static bool
expr_builtin_text_all(struct slice text, expr_builtin_text_class_fn *is)
{
	while (text.len > 0) {
		uint32_t code;
		size_t len = expr_utf8_next(text, &code);

		if (expr_utf8_is_letter(code) && !is(code))
			return false;
		text.data += len;
		text.len -= len;
	}
	return true;
}

static bool
expr_builtin_text_all_upper(struct slice text)
{
	return expr_builtin_text_all(text, expr_utf8_is_upper);
}

static bool
expr_builtin_text_all_lower(struct slice text)
{
	return expr_builtin_text_all(text, expr_utf8_is_lower);
}

static bool
expr_builtin_text_any_digit(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] >= '0' && text.data[i] <= '9')
			return true;
	}
	return false;
}

void
expr_builtin_text_is_uppercase(struct expr_run *run, unsigned column, const struct expr_value *args,
			       struct expr_value *result)
{
	*result = expr_builtin_text_ask(run, &args[0], expr_builtin_text_all_upper);
}

void
expr_builtin_text_is_lowercase(struct expr_run *run, unsigned column, const struct expr_value *args,
			       struct expr_value *result)
{
	*result = expr_builtin_text_ask(run, &args[0], expr_builtin_text_all_lower);
}

void
expr_builtin_text_has_digits(struct expr_run *run, unsigned column, const struct expr_value *args,
			     struct expr_value *result)
{
	*result = expr_builtin_text_ask(run, &args[0], expr_builtin_text_any_digit);
}

static bool
expr_builtin_text_has(struct slice text, struct slice part)
{
	return part.len == 0 ||
	       (part.len <= text.len && memmem(text.data, text.len, part.data, part.len) != NULL);
}

void
expr_builtin_text_contains(struct expr_run *run, unsigned column, const struct expr_value *args,
			   struct expr_value *result)
{
	bool found = false;

	if (args[0].type == EXPR_ARRAY)
		for (size_t i = 0; i < args[0].array.count && !found; i++)
			found = expr_value_equal(&args[0].array.items[i], &args[1]);
	else
		found = expr_builtin_text_has(expr_builtin_text_of(run, &args[0]),
					      expr_builtin_text_of(run, &args[1]));
	*result = expr_value_integer(found);
}

static bool
expr_builtin_text_same(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.data, b.data, a.len) == 0);
}

void
expr_builtin_text_contains_ignore_case(struct expr_run *run, unsigned column,
				       const struct expr_value *args, struct expr_value *result)
{
	struct slice needle = expr_builtin_text_of(run, &args[1]);
	bool found = false;

	if (args[0].type == EXPR_ARRAY)
		for (size_t i = 0; i < args[0].array.count && !found; i++)
			found = expr_builtin_text_same(
			    expr_builtin_text_of(run, &args[0].array.items[i]), needle);
	else
		found = expr_builtin_text_has(
		    expr_utf8_lower(run->env->arena, expr_builtin_text_of(run, &args[0])),
		    expr_utf8_lower(run->env->arena, needle));
	*result = expr_value_integer(found);
}

void
expr_builtin_text_eq_ignore_case(struct expr_run *run, unsigned column,
				 const struct expr_value *args, struct expr_value *result)
{
	*result = expr_value_integer(expr_builtin_text_same(expr_builtin_text_of(run, &args[0]),
							    expr_builtin_text_of(run, &args[1])));
}

static bool
expr_builtin_text_begins(struct slice text, struct slice part)
{
	return part.len <= text.len && slice_equal((struct slice){text.data, part.len}, part);
}

static bool
expr_builtin_text_finishes(struct slice text, struct slice part)
{
	return part.len <= text.len &&
	       slice_equal((struct slice){text.data + text.len - part.len, part.len}, part);
}

void
expr_builtin_text_starts_with(struct expr_run *run, unsigned column, const struct expr_value *args,
			      struct expr_value *result)
{
	*result = expr_value_integer(expr_builtin_text_begins(expr_builtin_text_of(run, &args[0]),
							      expr_builtin_text_of(run, &args[1])));
}

void
expr_builtin_text_ends_with(struct expr_run *run, unsigned column, const struct expr_value *args,
			    struct expr_value *result)
{
	*result = expr_value_integer(expr_builtin_text_finishes(
	    expr_builtin_text_of(run, &args[0]), expr_builtin_text_of(run, &args[1])));
}

static struct slice
expr_builtin_text_behind(struct arena *arena, struct slice text, void *arg)
{
	const struct slice *prefix = arg;

	if (!expr_builtin_text_begins(text, *prefix))
		return (struct slice){"", 0};
	return (struct slice){text.data + prefix->len, text.len - prefix->len};
}

static struct slice
expr_builtin_text_before(struct arena *arena, struct slice text, void *arg)
{
	const struct slice *suffix = arg;

	if (!expr_builtin_text_finishes(text, *suffix))
		return (struct slice){"", 0};
	return (struct slice){text.data, text.len - suffix->len};
}

void
expr_builtin_text_strip_prefix(struct expr_run *run, unsigned column, const struct expr_value *args,
			       struct expr_value *result)
{
	struct slice prefix = expr_builtin_text_of(run, &args[1]);

	*result = expr_builtin_map(run->env->arena, &args[0], expr_builtin_text_behind, &prefix);
}

void
expr_builtin_text_strip_suffix(struct expr_run *run, unsigned column, const struct expr_value *args,
			       struct expr_value *result)
{
	struct slice suffix = expr_builtin_text_of(run, &args[1]);

	*result = expr_builtin_map(run->env->arena, &args[0], expr_builtin_text_before, &suffix);
}
