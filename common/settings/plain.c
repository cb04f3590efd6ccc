#include "common/settings/plain.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/domain.h"
#include "common/expr/scope.h"
#include "common/quantity.h"
#include "common/settings/convert.h"
#include "common/settings/table.h"
#include "common/toml/tree.h"
#include "common/why.h"

enum { SETTINGS_PLAIN_DNS = 53, SETTINGS_PLAIN_PERCENT = 100, SETTINGS_PLAIN_MODE = 07777 };

/* A value being read. */
struct settings_plain_reader {
	struct arena *arena;
	enum setting_id id;
	enum settings_type type;
	const struct toml_node *node;
	struct settings_datum *datum;
	const char **warning;
	struct why *why;
};

typedef bool (*settings_plain_fn)(struct settings_plain_reader *reader);

/* The elements of a list, or the one value that stands for a list of itself. */
static size_t
settings_plain_items(const struct toml_node *node, const struct toml_node *const **items,
		     const struct toml_node *const *single)
{
	if (node->type == TOML_ARRAY) {
		*items = (const struct toml_node *const *)node->items;
		return node->count;
	}
	*items = single;
	return node->type == TOML_STRING && node->text.len == 0 ? 0 : 1;
}

static bool
settings_plain_text(struct settings_plain_reader *reader)
{
	struct slice text = reader->node->text;

	if (reader->node->type != TOML_STRING || memchr(text.data, '\0', text.len) != NULL)
		return false;
	if ((reader->type == SETTINGS_TYPE_HOST || reader->type == SETTINGS_TYPE_DOMAIN) &&
	    text.len > 2 && text.data[0] == '\'' && text.data[text.len - 1] == '\'') {
		why_set(reader->why, "is no expression: write \"%.*s\", without quotes inside",
			(int)text.len - 2, text.data + 1);
		return false;
	}
	if ((reader->type == SETTINGS_TYPE_HOST && text.len > 0 && !domain_is_ehlo_name(text)) ||
	    (reader->type == SETTINGS_TYPE_DOMAIN && text.len > 0 && !domain_is_valid(text)) ||
	    (reader->type == SETTINGS_TYPE_PATH && text.len > 0 && text.data[0] != '/'))
		return false;
	reader->datum->text =
	    (struct slice){arena_copy(reader->arena, text.data, text.len), text.len};
	reader->datum->unset = text.len == 0;
	return true;
}

static bool
settings_plain_duration(struct settings_plain_reader *reader)
{
	const struct toml_node *node = reader->node;
	bool bare = true;

	if (node->type == TOML_INTEGER)
		reader->datum->integer = node->integer;
	else if (node->type != TOML_STRING ||
		 !quantity_duration(node->text, &reader->datum->integer, &bare, NULL))
		return false;
	if (bare && reader->datum->integer > 0)
		*reader->warning =
		    "a number without a unit is milliseconds: write a unit, d h m s ms";
	return reader->datum->integer >= (reader->type == SETTINGS_TYPE_DURATION);
}

static bool
settings_plain_number(struct settings_plain_reader *reader)
{
	const struct toml_node *node = reader->node;
	unsigned long long number;

	if (reader->type == SETTINGS_TYPE_WORKERS && node->type == TOML_STRING &&
	    slice_is(node->text, "auto")) {
		reader->datum->integer = -1;
		return true;
	}
	if (node->type == TOML_INTEGER && node->integer >= 0)
		number = (unsigned long long)node->integer;
	else if (node->type != TOML_STRING || !slice_number(node->text, &number))
		return false;
	if (number > INT32_MAX)
		return false;
	reader->datum->integer = (int64_t)number;
	return reader->type != SETTINGS_TYPE_COUNT || number >= 1;
}

static bool
settings_plain_size(struct settings_plain_reader *reader)
{
	const struct toml_node *node = reader->node;

	if (node->type == TOML_INTEGER)
		reader->datum->integer = node->integer;
	else if (node->type != TOML_STRING ||
		 !quantity_size(node->text, &reader->datum->integer, NULL))
		return false;
	return reader->datum->integer >= 1;
}

/* "2 %" to a whole number of percent. */
static bool
settings_plain_percent(struct slice text, int *percent)
{
	unsigned long long number;

	text = slice_trim(text);
	if (text.len < 2 || text.data[text.len - 1] != '%')
		return false;
	text.len--;
	if (!slice_number(slice_trim(text), &number) || number > SETTINGS_PLAIN_PERCENT)
		return false;
	*percent = (int)number;
	return true;
}

static bool
settings_plain_space(struct settings_plain_reader *reader)
{
	struct slice text = reader->node->text;
	struct settings_datum *datum = reader->datum;
	const char * or ;
	struct slice size;

	if (reader->node->type == TOML_INTEGER) {
		datum->integer = reader->node->integer;
		return datum->integer >= 0;
	}
	if (reader->node->type != TOML_STRING)
		return false;
	if (settings_plain_percent(text, &datum->percent))
		return true;
	or = text.len ? memmem(text.data, text.len, " or ", 4) : NULL;
	if (or == NULL)
		return quantity_size(text, &datum->integer, NULL);
	size = (struct slice){text.data, (size_t)(or -text.data)};
	text = (struct slice){ or +4, text.len - size.len - 4};
	return quantity_size(size, &datum->integer, NULL) &&
	       settings_plain_percent(text, &datum->percent);
}

static bool
settings_plain_bool(struct settings_plain_reader *reader)
{
	const struct toml_node *node = reader->node;

	if (node->type == TOML_BOOL)
		reader->datum->integer = node->boolean;
	else if (node->type == TOML_STRING && slice_is(node->text, "true"))
		reader->datum->integer = true;
	else
		return node->type == TOML_STRING && slice_is(node->text, "false");
	return true;
}

static bool
settings_plain_choice(struct settings_plain_reader *reader)
{
	struct slice word = reader->node->text;
	size_t count;
	const struct expr_constant *words = settings_table_words(reader->type, &count);

	if (reader->node->type != TOML_STRING && reader->node->type != TOML_BOOL)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (slice_is_nocase(word, words[i].name)) {
			reader->datum->integer = words[i].value;
			return true;
		}
	}
	return false;
}

static bool
settings_plain_endpoint(struct settings_plain_reader *reader, const struct toml_node *node,
			struct settings_endpoint *endpoint)
{
	bool server = reader->type == SETTINGS_TYPE_ENDPOINTS;
	uint16_t port = reader->id == SETTING_RESOLVER_SERVERS ? SETTINGS_PLAIN_DNS : 0;

	if (node->type != TOML_STRING)
		return false;
	if (server && slice_starts_nocase(node->text, "unix:")) {
		endpoint->path = arena_copy(reader->arena, node->text.data + 5, node->text.len - 5);
		if (endpoint->path[0] == '/')
			return true;
		why_set(reader->why, "\"%.*s\" has no absolute path: write \"unix:/PATH\"",
			SLICE_ARG(node->text));
		return false;
	}
	if (!netaddr_parse_port(node->text, port, &endpoint->address, reader->why))
		return false;
	if (!server || netaddr_port(&endpoint->address) != 0)
		return true;
	why_set(reader->why, "\"%.*s\" has no port: write \"127.0.0.1:2525\"",
		SLICE_ARG(node->text));
	return false;
}

static bool
settings_plain_endpoints(struct settings_plain_reader *reader)
{
	const struct toml_node *const *items;
	size_t count = settings_plain_items(reader->node, &items, &reader->node);
	struct settings_endpoint *list = arena_array(reader->arena, count + 1, sizeof(*list));

	for (size_t i = 0; i < count; i++) {
		if (!settings_plain_endpoint(reader, items[i], &list[i]))
			return false;
	}
	reader->datum->endpoints = list;
	reader->datum->count = count;
	reader->datum->unset = count == 0;
	return true;
}

static bool
settings_plain_prefixes(struct settings_plain_reader *reader)
{
	const struct toml_node *const *items;
	size_t count = settings_plain_items(reader->node, &items, &reader->node);
	struct netaddr_prefix *list = arena_array(reader->arena, count + 1, sizeof(*list));

	for (size_t i = 0; i < count; i++) {
		if (items[i]->type == TOML_STRING && netaddr_parse_prefix(items[i]->text, &list[i]))
			continue;
		why_set(reader->why,
			"%.*s is not a network: write \"192.0.2.0/24\" or "
			"\"2001:db8::/32\"",
			SLICE_ARG(items[i]->source));
		return false;
	}
	reader->datum->prefixes = list;
	reader->datum->count = count;
	return true;
}

static bool
settings_plain_texts(struct settings_plain_reader *reader)
{
	const struct toml_node *const *items;
	size_t count = settings_plain_items(reader->node, &items, &reader->node);
	const char **list = arena_array(reader->arena, count + 1, sizeof(*list));

	for (size_t i = 0; i < count; i++) {
		if (items[i]->type != TOML_STRING || items[i]->text.len == 0)
			return false;
		list[i] = arena_copy(reader->arena, items[i]->text.data, items[i]->text.len);
	}
	reader->datum->texts = list;
	reader->datum->count = count;
	return true;
}

static bool
settings_plain_mode(struct settings_plain_reader *reader)
{
	const struct toml_node *node = reader->node;
	struct slice digits = node->text;
	int64_t mode = 0;

	/* 666 without quotes is a decimal number, and would be 01232. */
	if (node->type == TOML_INTEGER && slice_starts_nocase(node->source, "0o"))
		mode = node->integer;
	else if (node->type != TOML_STRING || digits.len < 3 || digits.len > 5)
		return false;
	for (size_t i = 0; node->type == TOML_STRING && i < digits.len; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '7')
			return false;
		mode = mode * 8 + (digits.data[i] - '0');
	}
	reader->datum->integer = mode;
	return mode <= SETTINGS_PLAIN_MODE;
}

static const settings_plain_fn settings_plain_readers[] = {
    [SETTINGS_TYPE_TEXT] = settings_plain_text,
    [SETTINGS_TYPE_SECRET] = settings_plain_text,
    [SETTINGS_TYPE_HOST] = settings_plain_text,
    [SETTINGS_TYPE_DOMAIN] = settings_plain_text,
    [SETTINGS_TYPE_PATH] = settings_plain_text,
    [SETTINGS_TYPE_DURATION] = settings_plain_duration,
    [SETTINGS_TYPE_COUNT] = settings_plain_number,
    [SETTINGS_TYPE_NUMBER] = settings_plain_number,
    [SETTINGS_TYPE_WORKERS] = settings_plain_number,
    [SETTINGS_TYPE_SIZE] = settings_plain_size,
    [SETTINGS_TYPE_SPACE] = settings_plain_space,
    [SETTINGS_TYPE_BOOL] = settings_plain_bool,
    [SETTINGS_TYPE_TRUST] = settings_plain_choice,
    [SETTINGS_TYPE_NEWLINE] = settings_plain_choice,
    [SETTINGS_TYPE_LEVEL] = settings_plain_choice,
    [SETTINGS_TYPE_ADDRESSES] = settings_plain_endpoints,
    [SETTINGS_TYPE_ENDPOINTS] = settings_plain_endpoints,
    [SETTINGS_TYPE_PREFIXES] = settings_plain_prefixes,
    [SETTINGS_TYPE_TEXTS] = settings_plain_texts,
    [SETTINGS_TYPE_MODE] = settings_plain_mode,
};

bool
settings_plain(struct arena *arena, enum setting_id id, const struct toml_node *node,
	       struct settings_datum *datum, const char **warning, struct why *why)
{
	struct settings_datum made = {0};
	struct settings_plain_reader reader = {
	    arena, id, settings_table_row(id)->type, node, &made, warning, why,
	};

	*warning = NULL;
	why->text[0] = '\0';
	if (settings_plain_readers[reader.type](&reader)) {
		*datum = made;
		return true;
	}
	if (why->text[0] == '\0')
		why_set(why, "%.*s%smust be %s",
			node->type == TOML_TABLE ? 0 : (int)node->source.len, node->source.data,
			node->type == TOML_TABLE ? "" : ": ",
			settings_table_type_words(reader.type));
	return false;
}
