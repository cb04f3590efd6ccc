#include "common/settings/place.h"

#include <stdbool.h>
#include <string.h>

#include "common/settings/macro.h"
#include "common/toml/tree.h"

/* A place in a text, moved forward one character at a time. */
struct settings_place_cursor {
	struct slice rest;
	struct settings_place at;
};

static size_t
settings_place_char(struct slice text)
{
	size_t len = 1;

	while (len < text.len && ((unsigned char)text.data[len] & 0xc0) == 0x80)
		len++;
	return len;
}

static void
settings_place_step(struct settings_place_cursor *cursor, size_t count)
{
	while (count-- > 0 && cursor->rest.len > 0) {
		size_t len = settings_place_char(cursor->rest);

		if (cursor->rest.data[0] == '\n') {
			cursor->at.line++;
			cursor->at.column = 1;
		} else {
			cursor->at.column++;
		}
		cursor->rest.data += len;
		cursor->rest.len -= len;
	}
}

/* A backslash at the end of a line swallows all white space behind it. */
static bool
settings_place_skip_fold(struct settings_place_cursor *cursor)
{
	size_t i = 1;

	while (i < cursor->rest.len &&
	       (cursor->rest.data[i] == ' ' || cursor->rest.data[i] == '\t' ||
		cursor->rest.data[i] == '\r'))
		i++;
	if (i >= cursor->rest.len || cursor->rest.data[i] != '\n')
		return false;
	settings_place_step(cursor, 1);
	while (cursor->rest.len > 0 && strchr(" \t\r\n", cursor->rest.data[0]) != NULL)
		settings_place_step(cursor, 1);
	return true;
}

/* Moves over what stands for one character of the decoded text. */
static void
settings_place_step_decoded(struct settings_place_cursor *cursor, bool basic, bool multiline)
{
	size_t written = 1;

	if (basic && cursor->rest.len > 1 && cursor->rest.data[0] == '\\') {
		char kind = cursor->rest.data[1];

		if (multiline && settings_place_skip_fold(cursor)) {
			settings_place_step_decoded(cursor, basic, multiline);
			return;
		}
		written = kind == 'u' ? 6 : kind == 'U' ? 10 : 2;
	}
	settings_place_step(cursor, written);
}

struct settings_place
settings_place_of(const struct toml_node *node)
{
	return (struct settings_place){node->at.line, node->at.column};
}

struct settings_place
settings_place_inside(const struct toml_node *node, unsigned column)
{
	struct settings_place_cursor cursor = {node->source, settings_place_of(node)};
	struct slice source = node->source;
	bool multiline;
	bool basic;

	if (node->type != TOML_STRING || source.len < 2 || settings_macro_present(source))
		return cursor.at;
	basic = source.data[0] == '"';
	multiline =
	    source.len >= 6 && source.data[1] == source.data[0] && source.data[2] == source.data[0];
	settings_place_step(&cursor, multiline ? 3 : 1);
	if (multiline && cursor.rest.len > 0 && cursor.rest.data[0] == '\r')
		settings_place_step(&cursor, 1);
	if (multiline && cursor.rest.len > 0 && cursor.rest.data[0] == '\n')
		settings_place_step(&cursor, 1);
	while (column-- > 1)
		settings_place_step_decoded(&cursor, basic, multiline);
	if (multiline && basic && cursor.rest.len > 0 && cursor.rest.data[0] == '\\')
		settings_place_skip_fold(&cursor);
	return cursor.at;
}

size_t
settings_place_offset(struct slice text, struct settings_place place)
{
	struct settings_place_cursor cursor = {text, {1, 1}};

	if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
		cursor.rest.data += 3;
		cursor.rest.len -= 3;
	}
	while (cursor.rest.len > 0 &&
	       (cursor.at.line < place.line ||
		(cursor.at.line == place.line && cursor.at.column < place.column)))
		settings_place_step(&cursor, 1);
	return (size_t)(cursor.rest.data - text.data);
}
