#include "common/settings/compile.h"

#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/expr/expr.h"
#include "common/netaddr.h"
#include "common/quantity.h"
#include "common/settings/load.h"
#include "common/settings/place.h"
#include "common/toml/tree.h"
#include "common/why.h"

/* An expression being compiled, for the positions of what is said about it. */
struct settings_compile_job {
	struct settings_loader *loader;
	const struct toml_node *node;
	const struct settings_block_spec *spec;
};

bool
settings_compile_takes_list(enum settings_type type)
{
	return type == SETTINGS_TYPE_V4_LIST || type == SETTINGS_TYPE_V6_LIST ||
	       type == SETTINGS_TYPE_DURATIONS || type == SETTINGS_TYPE_NOTICES;
}

static bool
settings_compile_is_time(enum settings_type type)
{
	return type == SETTINGS_TYPE_DURATION || type == SETTINGS_TYPE_DELAY ||
	       type == SETTINGS_TYPE_DURATIONS || type == SETTINGS_TYPE_NOTICES;
}

static void
settings_compile_warn(unsigned column, const char *text, void *arg)
{
	struct settings_compile_job *job = arg;

	settings_complaint_warn(job->loader->complaints, settings_place_inside(job->node, column),
				job->spec->key, "%s", text);
}

/* The published meaning of a number without a unit surprises almost everybody. */
static void
settings_compile_bare_number(struct settings_loader *loader, const struct toml_node *node,
			     const struct settings_block_spec *spec, struct slice text)
{
	char shown[QUANTITY_TEXT];
	unsigned long long number;

	if (!settings_compile_is_time(spec->type) || !slice_number(slice_trim(text), &number) ||
	    number == 0 || number > INT64_MAX / 4)
		return;
	settings_complaint_warn(loader->complaints, settings_place_inside(node, 1), spec->key,
				"a number without a unit is milliseconds: write \"%s\"",
				quantity_duration_text(shown, (int64_t)number));
}

/* The word around a column, counted in characters. */
static struct slice
settings_compile_word(struct slice text, unsigned column)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t start = 0;
	size_t len = 0;

	while (column > 1 && start < text.len) {
		start++;
		if (start == text.len || ((unsigned char)text.data[start] & 0xc0) != 0x80)
			column--;
	}
	while (start + len < text.len && text.data[start + len] != '\0' &&
	       strchr(letters, text.data[start + len]) != NULL)
		len++;
	return (struct slice){text.data + start, len};
}

/* What the compiler cannot know about the word it stopped at. */
static const char *
settings_compile_hint(struct settings_loader *loader, const struct settings_block_spec *spec,
		      struct slice text, const struct why *why)
{
	struct slice word = settings_compile_word(text, why->column);
	size_t count;

	if (word.len > 0 && settings_relay_find(loader->settings, word) != NULL)
		return arena_printf(loader->arena,
				    "; it is the id of a remote, which is a text: write \"'%.*s'\"",
				    SLICE_ARG(word));
	if (word.len > 0 && settings_table_words(spec->type, &count) != NULL &&
	    strstr(why->text, "did you mean") == NULL)
		return arena_printf(loader->arena, "; the value must be %s",
				    settings_table_type_words(spec->type));
	return "";
}

static const struct expr *
settings_compile_text(struct settings_loader *loader, const struct toml_node *node,
		      const struct settings_block_spec *spec, struct slice text)
{
	struct settings_compile_job job = {loader, node, spec};
	struct why why = {0};
	const struct expr *expr;

	expr = expr_compile(loader->arena, text, spec->scope, settings_compile_warn, &job, &why);
	if (expr != NULL)
		settings_compile_bare_number(loader, node, spec, text);
	else
		settings_complaint_error(loader->complaints,
					 settings_place_inside(node, why.column), spec->key, "%s%s",
					 why.text, settings_compile_hint(loader, spec, text, &why));
	return expr;
}

static bool
settings_compile_scalar(struct settings_loader *loader, const struct toml_node *node,
			struct slice *text)
{
	char number[64];

	switch (node->type) {
	case TOML_STRING:
		*text = node->text;
		return true;
	case TOML_BOOL:
		*text = slice_of(node->boolean ? "true" : "false");
		return true;
	case TOML_INTEGER:
		*text = slice_of(arena_printf(loader->arena, "%lld", (long long)node->integer));
		return true;
	case TOML_FLOAT:
		snprintf(number, sizeof(number), "%.15g", node->real);
		*text = slice_of(arena_printf(loader->arena, "%s%s", number,
					      strpbrk(number, ".en") ? "" : ".0"));
		return strpbrk(number, "en") == NULL;
	default:
		return false;
	}
}

/* Addresses are written plainly by everybody, so they need no quotes of their own (D19). */
static bool
settings_compile_is_literal(enum settings_type type, struct slice text)
{
	struct netaddr address;

	if (netaddr_parse(text, 0, &address))
		return true;
	if (type != SETTINGS_TYPE_V4_LIST && type != SETTINGS_TYPE_V6_LIST)
		return false;
	return text.len > 0 && memchr(text.data, '\'', text.len) == NULL &&
	       memchr(text.data, '(', text.len) == NULL &&
	       (memchr(text.data, ':', text.len) != NULL ||
		memchr(text.data, '.', text.len) != NULL);
}

static bool
settings_compile_literal(struct settings_loader *loader, const struct toml_node *item,
			 const struct settings_block_spec *spec, struct slice part)
{
	struct expr_value value = expr_value_text(part);
	struct settings_datum datum;
	struct why why = {0};

	if (settings_convert(loader->arena, spec->type, &value, &datum, &why))
		return true;
	settings_complaint_error(loader->complaints, settings_place_inside(item, 1), spec->key,
				 "%s", why.text);
	return false;
}

static const struct expr *
settings_compile_list(struct settings_loader *loader, const struct toml_node *node,
		      const struct settings_block_spec *spec)
{
	struct str text = {0};
	const struct expr *expr = NULL;
	bool ok = true;

	str_char(&text, '[');
	for (size_t i = 0; i < node->count; i++) {
		const struct toml_node *item = node->items[i];
		struct slice part;

		str_text(&text, i ? ", " : "");
		if (!settings_compile_scalar(loader, item, &part)) {
			settings_complaint_error(loader->complaints, settings_place_of(item),
						 spec->key, "%s in a list of values: must be %s",
						 toml_tree_type_name(item->type),
						 settings_table_type_words(spec->type));
			ok = false;
		} else if (settings_compile_is_literal(spec->type, part)) {
			/* Converted alone first, so that a mistake is shown at its element. */
			ok &= settings_compile_literal(loader, item, spec, part);
			str_printf(&text, "'%.*s'", SLICE_ARG(part));
		} else {
			ok &= settings_compile_text(loader, item, spec, part) != NULL;
			str_bytes(&text, part.data, part.len);
		}
	}
	str_char(&text, ']');
	if (ok)
		expr = settings_compile_text(loader, node, spec,
					     (struct slice){str_c(&text), text.len});
	str_free(&text);
	return expr;
}

const struct expr *
settings_compile(struct settings_loader *loader, const struct toml_node *node,
		 const struct settings_block_spec *spec)
{
	struct slice text;

	if (settings_compile_scalar(loader, node, &text))
		return settings_compile_text(loader, node, spec, text);
	if (node->type == TOML_ARRAY && settings_compile_takes_list(spec->type))
		return settings_compile_list(loader, node, spec);
	settings_complaint_error(loader->complaints, settings_place_of(node), spec->key,
				 "%s where one value is expected: must be %s",
				 toml_tree_type_name(node->type),
				 settings_table_type_words(spec->type));
	return NULL;
}
