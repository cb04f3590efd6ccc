#include "common/settings/member.h"

#include <string.h>

#include "common/arena.h"
#include "common/expr/block.h"
#include "common/expr/expr.h"
#include "common/quantity.h"
#include "common/settings/block.h"
#include "common/settings/load.h"
#include "common/settings/place.h"
#include "common/settings/similar.h"
#include "common/toml/tree.h"
#include "common/why.h"

size_t
settings_member_count(const struct toml_node *node)
{
	return node->type == TOML_TABLE ? node->entry_count : node->count;
}

/* The callback with its argument. */
struct settings_member_call {
	settings_member_fn fn;
	void *arg;
};

static void
settings_member_one(struct settings_loader *loader, const struct toml_node *table, const char *id,
		    const char *key, const struct settings_member_call *call)
{
	const char *full = arena_printf(loader->arena, "%s.%s", key, id);

	if (table->type == TOML_TABLE)
		call->fn(loader, table, id, full, call->arg);
	else
		settings_complaint_error(loader->complaints, settings_place_of(table), full,
					 "%s where a table is expected: write [%s]",
					 toml_tree_type_name(table->type), full);
}

void
settings_member_each(struct settings_loader *loader, const struct toml_node *node, const char *key,
		     settings_member_fn fn, void *arg)
{
	const struct settings_member_call call = {fn, arg};

	if (node->type == TOML_ARRAY) {
		for (size_t i = 0; i < node->count; i++)
			settings_member_one(loader, node->items[i],
					    arena_printf(loader->arena, "%04zu", i), key, &call);
	} else if (node->type == TOML_TABLE) {
		for (size_t i = 0; i < node->entry_count; i++) {
			struct slice id = node->entries[i].key;

			settings_member_one(loader, node->entries[i].value,
					    arena_copy(loader->arena, id.data, id.len), key, &call);
		}
	} else {
		settings_complaint_error(loader->complaints, settings_place_of(node), key,
					 "%s where tables are expected: write [%s.ID] or [[%s]]",
					 toml_tree_type_name(node->type), key, key);
	}
}

static bool
settings_member_key(struct settings_loader *loader, const struct toml_node *node, const char *key,
		    const struct settings_member_word *words, unsigned *bits)
{
	struct str known = {0};

	for (const struct settings_member_word *word = words; word->name != NULL; word++) {
		if (node->type != TOML_STRING || !slice_is(node->text, word->name))
			continue;
		*bits |= word->bit;
		return true;
	}
	for (const struct settings_member_word *word = words; word->name != NULL; word++)
		str_printf(&known, "%s%s", known.len ? ", " : "", word->name);
	settings_complaint_error(loader->complaints, settings_place_inside(node, 1), key,
				 "%.*s cannot be a key here: write one or more of %s",
				 SLICE_ARG(node->source), str_c(&known));
	str_free(&known);
	return false;
}

bool
settings_member_keys(struct settings_loader *loader, const struct toml_node *node, const char *key,
		     const struct settings_member_word *words, unsigned *bits)
{
	bool ok = true;

	*bits = 0;
	/* key.0000 = …, as lists look where the configuration was exported key by key. */
	for (size_t i = 0; node->type == TOML_TABLE && i < node->entry_count; i++)
		ok &= settings_member_key(loader, node->entries[i].value, key, words, bits);
	if (node->type == TOML_TABLE)
		return ok;
	if (node->type != TOML_ARRAY)
		return settings_member_key(loader, node, key, words, bits);
	for (size_t i = 0; i < node->count; i++)
		ok &= settings_member_key(loader, node->items[i], key, words, bits);
	return ok;
}

bool
settings_member_bool(struct settings_loader *loader, const struct toml_node *node, const char *key,
		     bool *truth)
{
	if (node->type == TOML_BOOL) {
		*truth = node->boolean;
		return true;
	}
	if (node->type == TOML_STRING &&
	    (slice_is(node->text, "true") || slice_is(node->text, "false"))) {
		*truth = slice_is(node->text, "true");
		return true;
	}
	settings_complaint_error(loader->complaints, settings_place_inside(node, 1), key,
				 "must be true or false");
	return false;
}

bool
settings_member_number(struct settings_loader *loader, const struct toml_node *node,
		       const char *key, bool size, int64_t *number)
{
	unsigned long long parsed;

	if (node->type == TOML_INTEGER && node->integer >= 1) {
		*number = node->integer;
		return true;
	}
	if (node->type == TOML_STRING && size && quantity_size(node->text, number, NULL) &&
	    *number >= 1)
		return true;
	if (node->type == TOML_STRING && !size && slice_number(node->text, &parsed) &&
	    parsed >= 1 && parsed <= INT64_MAX) {
		*number = (int64_t)parsed;
		return true;
	}
	settings_complaint_error(
	    loader->complaints, settings_place_inside(node, 1), key, "must be %s",
	    settings_table_type_words(size ? SETTINGS_TYPE_SIZE : SETTINGS_TYPE_COUNT));
	return false;
}

const struct expr_block *
settings_member_match(struct settings_loader *loader, const struct toml_node *node, const char *key)
{
	const struct expr_scope scope = settings_table_match_scope(key);
	const struct settings_block_spec spec = {key, SETTINGS_TYPE_BOOL, &scope};
	const struct expr_block *block = settings_block_make(loader, node, &spec);

	return block != NULL && expr_block_is_unset(block) ? NULL : block;
}

void
settings_member_unknown(struct settings_loader *loader, const struct toml_entry *entry,
			const char *key, const char *const *names)
{
	const char *similar = settings_similar_word(entry->key, names);

	settings_complaint_error(
	    loader->complaints, (struct settings_place){entry->at.line, entry->at.column},
	    arena_printf(loader->arena, "%s.%.*s", key, SLICE_ARG(entry->key)), "unknown key%s%s%s",
	    similar ? ": did you mean " : "", similar ? similar : "", similar ? "?" : "");
}

bool
settings_member_matches(const struct expr_block *match, struct expr_env *env, bool *wait)
{
	struct expr_value value;
	struct why why = {0};
	size_t which = 0;

	*wait = false;
	if (match == NULL)
		return true;
	switch (expr_block_eval(match, env, &value, &which, &why)) {
	case EXPR_OK:
		return expr_truth(&value);
	case EXPR_WAIT:
		*wait = true;
		return false;
	default:
		if (env->report != NULL)
			env->report(expr_block_place(match, which).line,
				    expr_block_place(match, which).column, why.text,
				    env->report_arg);
		return false;
	}
}
