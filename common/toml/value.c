#include "common/toml/value.h"

#include <string.h>

#include "common/arena.h"
#include "common/toml/datetime.h"
#include "common/toml/define.h"
#include "common/toml/key.h"
#include "common/toml/number.h"
#include "common/toml/scan.h"
#include "common/toml/string.h"
#include "common/toml/tree.h"

/* Arrays and inline tables contain values: the recursion ends at TOML_TREE_DEPTH. */
static struct toml_node *value_read(struct toml_scan *scan, unsigned depth);

/* Typographic quotes come with text copied from web pages and word processors. */
static bool
value_has_typographic_quote(struct slice text)
{
	for (size_t i = 0; i + 2 < text.len; i++)
		if (memcmp(text.data + i, "\xe2\x80", 2) == 0 && text.data[i + 2] >= '\x98' &&
		    text.data[i + 2] <= '\x9f')
			return true;
	return false;
}

static bool
value_has_letter(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((text.data[i] | 0x20) >= 'a' && (text.data[i] | 0x20) <= 'z')
			return true;
	return false;
}

/* At a word that is no value: most likely text whose quotes were forgotten. */
static bool
value_unquoted(struct toml_scan *scan, struct toml_position at)
{
	struct slice all = slice_trim(toml_scan_ahead(scan, scan->brackets > 0 ? ",]}#" : "#"));
	const char *shown = toml_scan_quote(scan, all);

	if (value_has_typographic_quote(all))
		return toml_scan_fail(scan, at,
				      "typographic quotes do not count: put plain \" or ' around "
				      "the text");
	if (slice_is_nocase(all, "true") || slice_is_nocase(all, "false"))
		return toml_scan_fail(scan, at, "%s is no value: write true or false in lower case",
				      shown);
	if (slice_is_nocase(all, "null") || slice_is_nocase(all, "nil") ||
	    slice_is_nocase(all, "none"))
		return toml_scan_fail(scan, at,
				      "TOML has no %s: leave the key out, or write \"%s\" if that "
				      "word is meant",
				      shown, shown);
	if (memchr(all.data, '\\', all.len) != NULL || memchr(all.data, '"', all.len) != NULL) {
		if (memchr(all.data, '\'', all.len) != NULL)
			return toml_scan_fail(scan, at,
					      "text needs quotes around all of it, and a quote or "
					      "backslash within is written \\\" or \\\\");
		return toml_scan_fail(scan, at, "text needs quotes around all of it: write '%s'",
				      shown);
	}
	if (value_has_letter(all))
		return toml_scan_fail(scan, at, "a value with letters needs quotes: write \"%s\"",
				      shown);
	return toml_scan_fail(
	    scan, at, "what is neither a number nor a date needs quotes: write \"%s\"", shown);
}

/* The next word, which goes on behind a blank when that stands between a date and a time. */
static struct slice
value_word(const struct toml_scan *scan)
{
	const char *stops = " \t,]}#=";
	struct slice word = toml_scan_ahead(scan, stops);
	const char *end = word.data + word.len;
	struct toml_scan rest = *scan;

	if (!toml_datetime_is_date(word) || scan->end - end < 2 || end[0] != ' ' || end[1] < '0' ||
	    end[1] > '9')
		return word;
	rest.next = end + 1;
	word.len += 1 + toml_scan_ahead(&rest, stops).len;
	return word;
}

/* Nothing where a value should be. */
static bool
value_missing(struct toml_scan *scan)
{
	int c = toml_scan_peek(scan);

	if (c == '=')
		return toml_scan_fail_here(scan, "one = too many: a key has one value");
	if (c == ',')
		return toml_scan_fail_here(scan, "a value is missing before the comma");
	return toml_scan_fail_here(scan, "a value is missing; an empty text is written \"\"");
}

/* Booleans, numbers, dates. */
static bool
value_plain(struct toml_scan *scan, struct toml_node *node)
{
	struct slice word = value_word(scan);
	const char *complaint;

	if (word.len == 0)
		return value_missing(scan);
	if (toml_scan_fails_invisible(scan))
		return false;
	if (slice_is(word, "true") || slice_is(word, "false")) {
		node->type = TOML_BOOL;
		node->boolean = word.data[0] == 't';
		node->text = slice_of(node->boolean ? "true" : "false");
	} else if (!toml_datetime_parse(scan->arena, word, node, &complaint) &&
		   (complaint != NULL || !toml_number_parse(word, node, &complaint))) {
		if (complaint == NULL)
			return value_unquoted(scan, node->at);
		return toml_scan_fail(scan, node->at, "%s: %s", toml_scan_quote(scan, word),
				      complaint);
	}
	scan->next += word.len;
	return true;
}

/* Blanks, comments and line ends between the values of an array. */
static void
value_array_space(struct toml_scan *scan)
{
	do {
		toml_scan_blanks(scan);
		toml_scan_comment(scan);
	} while (toml_scan_newline(scan));
}

/* What stands between two values, when it is neither comma nor closing bracket. */
static bool
value_separator_missing(struct toml_scan *scan, const struct toml_node *node)
{
	bool array = node->type == TOML_ARRAY;
	const char *name = array ? "array" : "inline table";
	char close = array ? ']' : '}';

	if (toml_scan_peek(scan) == -1)
		return toml_scan_fail(scan, node->at,
				      "the %s opened with %c in line %u is never closed: %c is "
				      "missing",
				      name, array ? '[' : '{', node->at.line, close);
	if (toml_scan_fails_invisible(scan))
		return false;
	return toml_scan_fail_here(scan,
				   "before %s there must be a comma, or a %c that closes the %s "
				   "opened in line %u",
				   toml_scan_quote(scan, toml_scan_character(scan)), close, name,
				   node->at.line);
}

static bool
value_array(struct toml_scan *scan, struct toml_node *array)
{
	array->type = TOML_ARRAY;
	toml_scan_take(scan, "[");
	for (;;) {
		struct toml_node *item;

		value_array_space(scan);
		if (toml_scan_take(scan, "]"))
			return true;
		if (toml_scan_peek(scan) == -1)
			return value_separator_missing(scan, array);
		item = value_read(scan, array->depth + 1);
		if (item == NULL)
			return false;
		toml_tree_push(scan->arena, array, item);
		value_array_space(scan);
		if (toml_scan_take(scan, "]"))
			return true;
		if (!toml_scan_take(scan, ","))
			return value_separator_missing(scan, array);
	}
}

/* Blanks inside an inline table; also line ends and comments where they are tolerated. */
static bool
value_table_space(struct toml_scan *scan, const struct toml_node *table, bool *warned)
{
	for (;;) {
		toml_scan_blanks(scan);
		if (!toml_scan_at_line_end(scan) && toml_scan_peek(scan) != '#')
			return true;
		if (toml_scan_peek(scan) == -1)
			return true;
		if ((scan->flags & TOML_LENIENT) == 0)
			return toml_scan_fail_here(
			    scan,
			    "the inline table opened in line %u must end on that line: close it "
			    "with }, or write it as a [table] of its own",
			    table->at.line);
		if (!*warned)
			toml_scan_warn(scan, toml_scan_here(scan),
				       "an inline table over several lines is not TOML 1.0: it was "
				       "opened in line %u",
				       table->at.line);
		*warned = true;
		toml_scan_comment(scan);
		toml_scan_newline(scan);
	}
}

static bool
value_table(struct toml_scan *scan, struct toml_node *table)
{
	struct toml_position comma = {0};
	bool warned = false;

	table->type = TOML_TABLE;
	toml_scan_take(scan, "{");
	for (;;) {
		if (!value_table_space(scan, table, &warned))
			return false;
		if (toml_scan_peek(scan) == '}' && comma.line > 0) {
			const char *text = "a comma before the closing } is not TOML 1.0";

			if ((scan->flags & TOML_LENIENT) == 0)
				return toml_scan_fail(scan, comma, "%s: remove it", text);
			toml_scan_warn(scan, comma, "%s", text);
		}
		if (toml_scan_take(scan, "}"))
			return true;
		if (toml_scan_peek(scan) == -1)
			return value_separator_missing(scan, table);
		if (!toml_value_pair(scan, table) || !value_table_space(scan, table, &warned))
			return false;
		if (toml_scan_take(scan, "}"))
			return true;
		comma = toml_scan_here(scan);
		if (!toml_scan_take(scan, ","))
			return value_separator_missing(scan, table);
	}
}

static bool
value_nested(struct toml_scan *scan, struct toml_node *node)
{
	bool ok;

	scan->brackets++;
	ok = toml_scan_peek(scan) == '[' ? value_array(scan, node) : value_table(scan, node);
	scan->brackets--;
	return ok;
}

static struct toml_node *
value_read(struct toml_scan *scan, unsigned depth)
{
	const char *begin = scan->next;
	struct toml_node *node;
	bool ok;

	if (depth > TOML_TREE_DEPTH) {
		toml_scan_fail_here(scan, "nested more than %d levels deep", TOML_TREE_DEPTH);
		return NULL;
	}
	node = toml_tree_new(scan->arena, TOML_STRING, toml_scan_here(scan), depth);
	node->origin = TOML_ORIGIN_VALUE;
	switch (toml_scan_peek(scan)) {
	case '"':
	case '\'':
		ok = toml_string_read(scan, false, &node->text);
		break;
	case '[':
	case '{':
		ok = value_nested(scan, node);
		break;
	default:
		ok = value_plain(scan, node);
	}
	node->source = (struct slice){begin, (size_t)(scan->next - begin)};
	return ok ? node : NULL;
}

bool
toml_value_pair(struct toml_scan *scan, struct toml_node *table)
{
	struct toml_key key;
	struct toml_node *value;
	const char *name;

	if (!toml_key_read(scan, &key))
		return false;
	if (!toml_scan_take(scan, "=")) {
		name = toml_key_name(scan, &key, key.count - 1);
		if (toml_scan_at_line_end(scan) || toml_scan_peek(scan) == '#')
			return toml_scan_fail_here(
			    scan, "the key %s has no value: write %s = and the value", name, name);
		return toml_scan_fail_here(scan, "behind the key %s there must be a =, not %s",
					   name, toml_scan_quote(scan, toml_scan_character(scan)));
	}
	toml_scan_blanks(scan);
	value = value_read(scan, table->depth + (unsigned)key.count);
	return value != NULL && toml_define_value(scan, table, &key, value);
}
