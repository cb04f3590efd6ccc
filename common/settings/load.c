#include "common/settings/load.h"

#include <string.h>

#include "common/arena.h"
#include "common/settings/foreign.h"
#include "common/settings/place.h"
#include "common/settings/similar.h"
#include "common/toml/tree.h"
#include "common/why.h"

static const char *
settings_load_key(struct settings_loader *loader, const char *prefix, struct slice key)
{
	return arena_printf(loader->arena, "%s%s%.*s", prefix, prefix[0] ? "." : "",
			    SLICE_ARG(key));
}

static void
settings_load_expand(struct settings_loader *loader, struct toml_node *node, const char *key)
{
	const struct settings_source *source = loader->source;
	struct why why = {0};

	/* By what was written: a bundle's text comes expanded from nowhere else. */
	if (!settings_macro_present(node->text) ||
	    settings_macro_expand(loader->arena, node->text, source->macro, source->macro_arg,
				  &node->text, &why))
		return;
	settings_complaint_error(loader->complaints, settings_place_of(node), key, "%s", why.text);
}

static void
settings_load_macros_below(struct settings_loader *loader, struct toml_node *node, const char *key)
{
	if (node->type == TOML_STRING)
		settings_load_expand(loader, node, key);
	for (size_t i = 0; node->type == TOML_ARRAY && i < node->count; i++)
		settings_load_macros_below(loader, node->items[i], key);
	for (size_t i = 0; node->type == TOML_TABLE && i < node->entry_count; i++) {
		const char *name = settings_load_key(loader, key, node->entries[i].key);

		if (settings_foreign_find(slice_of(name)) == NULL)
			settings_load_macros_below(loader, node->entries[i].value, name);
	}
}

void
settings_load_macros(struct settings_loader *loader, struct toml_node *root)
{
	settings_load_macros_below(loader, root, "");
}

/* Sections that are read as a whole by their own modules. */
static const struct toml_node **
settings_load_section(struct settings_loader *loader, const char *key)
{
	const struct {
		const char *key;
		const struct toml_node **place;
	} sections[] = {
	    {"remote", &loader->remote},
	    {"lookup", &loader->lookup},
	    {"queue.limiter.outbound", &loader->limiters},
	    {"queue.throttle", &loader->throttles},
	    {"queue.quota", &loader->quotas},
	};

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (strcmp(key, sections[i].key) == 0)
			return sections[i].place;
	}
	return NULL;
}

static void
settings_load_slot(struct settings_loader *loader, enum setting_id id, const struct toml_node *node)
{
	struct settings_slot *slot = &loader->settings->slots[id];

	if (slot->node != NULL) {
		settings_complaint_error(
		    loader->complaints, settings_place_of(node), settings_table_row(id)->key,
		    "given twice: the first is in line %u", slot->node->at.line);
		return;
	}
	slot->node = node;
	slot->at = settings_place_of(node);
}

static void
settings_load_unknown(struct settings_loader *loader, const struct toml_entry *entry,
		      const char *key)
{
	const struct settings_place at = {entry->at.line, entry->at.column};
	const char *similar = settings_similar_key(slice_of(key));

	if (strncmp(key, "queue.schedule.", strlen("queue.schedule.")) == 0 &&
	    entry->value->type == TOML_TABLE) {
		settings_complaint_error(loader->complaints, at, key,
					 "named schedules are of Stalwart 0.13 and later: write "
					 "queue.schedule.retry, notify and expire with conditions");
		return;
	}
	settings_complaint_error(loader->complaints, at, key, "unknown key%s%s%s",
				 similar ? ": did you mean " : "", similar ? similar : "",
				 similar ? "?" : "");
}

static void settings_load_table(struct settings_loader *loader, const struct toml_node *table,
				const char *prefix);

static bool
settings_load_is_section(const char *key)
{
	return strcmp(key, "queue.limiter") == 0 || settings_table_is_section(slice_of(key));
}

static void
settings_load_foreign(struct settings_loader *loader, const struct toml_entry *entry,
		      const struct settings_foreign *foreign)
{
	const struct settings_place at = {entry->at.line, entry->at.column};

	if (foreign->refused)
		settings_complaint_error(loader->complaints, at, foreign->key, "%s", foreign->text);
	else
		settings_complaint_warn(loader->complaints, at, foreign->key, "%s", foreign->text);
}

static void
settings_load_entry(struct settings_loader *loader, const struct toml_entry *entry, const char *key)
{
	const struct settings_foreign *foreign = settings_foreign_find(slice_of(key));
	const struct toml_node **section = settings_load_section(loader, key);
	enum setting_id id;

	if (settings_table_find(slice_of(key), &id))
		settings_load_slot(loader, id, entry->value);
	else if (section != NULL)
		*section = entry->value;
	else if (foreign != NULL)
		settings_load_foreign(loader, entry, foreign);
	else if (settings_load_is_section(key) && entry->value->type != TOML_TABLE)
		settings_complaint_error(loader->complaints, settings_place_of(entry->value), key,
					 "%s where a table is expected: write [%s]",
					 toml_tree_type_name(entry->value->type), key);
	else if (settings_load_is_section(key) ||
		 (entry->value->type == TOML_TABLE && entry->value->entry_count > 0 &&
		  strncmp(key, "queue.schedule.", strlen("queue.schedule.")) != 0))
		settings_load_table(loader, entry->value, key);
	else
		settings_load_unknown(loader, entry, key);
}

static void
settings_load_table(struct settings_loader *loader, const struct toml_node *table,
		    const char *prefix)
{
	for (size_t i = 0; i < table->entry_count; i++)
		settings_load_entry(loader, &table->entries[i],
				    settings_load_key(loader, prefix, table->entries[i].key));
}

void
settings_load_walk(struct settings_loader *loader)
{
	settings_load_table(loader, loader->root, "");
}
