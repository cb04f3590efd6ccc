#include "common/expr/builtin.h"

#include <string.h>

#include "common/arena.h"
#include "common/expr/eval.h"
#include "common/expr/number.h"
#include "common/expr/utf8.h"

/* Parts while their number is not known; they live in the arena. */
struct expr_builtin_split {
	struct arena *arena;
	struct expr_value *items;
	size_t count;
	size_t room;
};

static void
expr_builtin_split_push(struct expr_builtin_split *parts, const char *data, size_t len)
{
	if (parts->count == parts->room) {
		size_t room = parts->room ? parts->room * 2 : 8;
		struct expr_value *items = arena_array(parts->arena, room, sizeof(*items));

		if (parts->count > 0)
			memcpy(items, parts->items, parts->count * sizeof(*items));
		parts->items = items;
		parts->room = room;
	}
	parts->items[parts->count++] = expr_value_text((struct slice){data, len});
}

static struct slice
expr_builtin_split_of(struct expr_run *run, const struct expr_value *value)
{
	return expr_value_stringify(value, run->env->arena);
}

static int64_t
expr_builtin_split_number(const struct expr_value *value)
{
	struct expr_value number = expr_value_number(value);

	return number.type == EXPR_FLOAT ? expr_number_truncate(number.real) : number.integer;
}

/* Behind where, which is inside text. */
static struct slice
expr_builtin_split_rest(struct slice text, const char *where)
{
	return (struct slice){where, text.len - (size_t)(where - text.data)};
}

void
expr_builtin_split_substring(struct expr_run *run, unsigned column, const struct expr_value *args,
			     struct expr_value *result)
{
	struct slice text = expr_builtin_split_of(run, &args[0]);
	int64_t start = expr_builtin_split_number(&args[1]);
	int64_t length = expr_builtin_split_number(&args[2]);
	struct slice rest;

	*result = expr_value_text((struct slice){"", 0});
	if (start < 0 || length < 0)
		return;
	text = expr_utf8_skip(text, (size_t)start);
	rest = expr_utf8_skip(text, (size_t)length);
	*result = expr_value_text((struct slice){text.data, text.len - rest.len});
}

void
expr_builtin_split_lines(struct expr_run *run, unsigned column, const struct expr_value *args,
			 struct expr_value *result)
{
	struct slice text = expr_builtin_split_of(run, &args[0]);
	struct expr_builtin_split parts = {.arena = run->env->arena};

	while (text.len > 0) {
		const char *end = memchr(text.data, '\n', text.len);
		size_t len = end != NULL ? (size_t)(end - text.data) : text.len;

		if (end != NULL && len > 0 && end[-1] == '\r')
			expr_builtin_split_push(&parts, text.data, len - 1);
		else
			expr_builtin_split_push(&parts, text.data, len);
		text = expr_builtin_split_rest(text, text.data + len + (end != NULL));
	}
	*result = expr_value_array(parts.items, parts.count);
}

/* An empty separator stands between all characters, and before and behind them. */
static const char *
expr_builtin_split_find(struct slice text, struct slice separator, bool first)
{
	if (separator.len > 0)
		return memmem(text.data, text.len, separator.data, separator.len);
	if (first)
		return text.data;
	return text.len > 0 ? expr_utf8_skip(text, 1).data : NULL;
}

static void
expr_builtin_split_run(struct expr_builtin_split *parts, struct slice text, struct slice separator,
		       int64_t most)
{
	const char *found;

	for (int64_t i = 0; i < most; i++) {
		found = expr_builtin_split_find(text, separator, i == 0);
		if (found == NULL)
			break;
		expr_builtin_split_push(parts, text.data, (size_t)(found - text.data));
		text = expr_builtin_split_rest(text, found + separator.len);
	}
	expr_builtin_split_push(parts, text.data, text.len);
}

void
expr_builtin_split_split(struct expr_run *run, unsigned column, const struct expr_value *args,
			 struct expr_value *result)
{
	struct expr_builtin_split parts = {.arena = run->env->arena};

	expr_builtin_split_run(&parts, expr_builtin_split_of(run, &args[0]),
			       expr_builtin_split_of(run, &args[1]), INT64_MAX);
	*result = expr_value_array(parts.items, parts.count);
}

void
expr_builtin_split_rsplit(struct expr_run *run, unsigned column, const struct expr_value *args,
			  struct expr_value *result)
{
	struct slice text = expr_builtin_split_of(run, &args[0]);
	struct slice separator = expr_builtin_split_of(run, &args[1]);
	struct expr_builtin_split parts = {.arena = run->env->arena};
	size_t end = text.len;

	/* From the end: with a separator like aa that is not the reverse of the way from the start.
	 */
	for (size_t at = text.len; separator.len > 0 && at-- > 0;) {
		if (at + separator.len > end ||
		    memcmp(text.data + at, separator.data, separator.len) != 0)
			continue;
		expr_builtin_split_push(&parts, text.data + at + separator.len,
					end - at - separator.len);
		end = at;
	}
	expr_builtin_split_push(&parts, text.data, end);
	if (separator.len == 0) {
		parts.count = 0;
		expr_builtin_split_run(&parts, text, separator, INT64_MAX);
		for (size_t i = 0; i < parts.count / 2; i++) {
			struct expr_value swapped = parts.items[i];

			parts.items[i] = parts.items[parts.count - 1 - i];
			parts.items[parts.count - 1 - i] = swapped;
		}
	}
	*result = expr_value_array(parts.items, parts.count);
}

/* [before, after], or "" when found is NULL. */
static struct expr_value
expr_builtin_split_pair(struct arena *arena, struct slice text, const char *found, size_t skip)
{
	struct expr_builtin_split parts = {.arena = arena};
	struct slice rest;

	if (found == NULL)
		return expr_value_text((struct slice){"", 0});
	rest = expr_builtin_split_rest(text, found + skip);
	expr_builtin_split_push(&parts, text.data, (size_t)(found - text.data));
	expr_builtin_split_push(&parts, rest.data, rest.len);
	return expr_value_array(parts.items, parts.count);
}

void
expr_builtin_split_split_once(struct expr_run *run, unsigned column, const struct expr_value *args,
			      struct expr_value *result)
{
	struct slice text = expr_builtin_split_of(run, &args[0]);
	struct slice separator = expr_builtin_split_of(run, &args[1]);

	*result = expr_builtin_split_pair(
	    run->env->arena, text, expr_builtin_split_find(text, separator, true), separator.len);
}

void
expr_builtin_split_rsplit_once(struct expr_run *run, unsigned column, const struct expr_value *args,
			       struct expr_value *result)
{
	struct slice text = expr_builtin_split_of(run, &args[0]);
	struct slice separator = expr_builtin_split_of(run, &args[1]);
	const char *found = NULL;

	for (size_t at = text.len + 1; found == NULL && at-- > 0;) {
		if (at + separator.len <= text.len &&
		    memcmp(text.data + at, separator.data, separator.len) == 0)
			found = text.data + at;
	}
	*result = expr_builtin_split_pair(run->env->arena, text, found, separator.len);
}

void
expr_builtin_split_split_n(struct expr_run *run, unsigned column, const struct expr_value *args,
			   struct expr_value *result)
{
	struct expr_builtin_split parts = {.arena = run->env->arena};

	expr_builtin_split_run(&parts, expr_builtin_split_of(run, &args[0]),
			       expr_builtin_split_of(run, &args[1]),
			       expr_builtin_split_number(&args[2]));
	*result = expr_value_array(parts.items, parts.count);
}

void
expr_builtin_split_split_words(struct expr_run *run, unsigned column, const struct expr_value *args,
			       struct expr_value *result)
{
	struct slice text = expr_builtin_split_of(run, &args[0]);
	struct expr_builtin_split parts = {.arena = run->env->arena};

	while (text.len > 0) {
		const char *start = text.data;
		bool plain = true;
		uint32_t code;
		size_t len;

		while ((len = expr_utf8_next(text, &code)) > 0 && !expr_utf8_is_space(code)) {
			plain = plain && expr_utf8_is_alphanumeric(code);
			text = expr_builtin_split_rest(text, text.data + len);
		}
		if (plain && text.data > start)
			expr_builtin_split_push(&parts, start, (size_t)(text.data - start));
		text = expr_builtin_split_rest(text, text.data + len);
	}
	*result = expr_value_array(parts.items, parts.count);
}
