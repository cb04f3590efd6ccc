#include "common/settings/lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/domain.h"
#include "common/map.h"
#include "common/settings/macro.h"
#include "common/settings/place.h"
#include "common/toml/tree.h"

static void
settings_lookup_drop_map(void *arg)
{
	struct map *map = arg;

	map_free(&map, NULL);
}

static bool
settings_lookup_is_glob(struct slice key)
{
	return memchr(key.data, '*', key.len) != NULL || memchr(key.data, '?', key.len) != NULL;
}

/* "12" and 12 are the same there where these files come from. */
static struct expr_value
settings_lookup_typed(struct slice text)
{
	char *end = NULL;
	long long number;

	errno = 0;
	number = strtoll(text.data, &end, 10);
	if (text.len > 0 && text.len < 20 && errno == 0 && end == text.data + text.len &&
	    ((text.data[0] >= '0' && text.data[0] <= '9') || text.data[0] == '-'))
		return expr_value_integer(number);
	if (slice_is(text, "true"))
		return expr_value_integer(1);
	if (slice_is(text, "false"))
		return expr_value_integer(0);
	return expr_value_text(text);
}

static bool
settings_lookup_value(const struct toml_node *node, struct expr_value *value)
{
	switch (node->type) {
	case TOML_STRING:
		*value = settings_lookup_typed(node->text);
		return true;
	case TOML_INTEGER:
		*value = expr_value_integer(node->integer);
		return true;
	case TOML_FLOAT:
		*value = expr_value_float(node->real);
		return true;
	case TOML_BOOL:
		*value = expr_value_integer(node->boolean);
		return true;
	default:
		return false;
	}
}

/* What one store is being filled from. */
struct settings_lookup_filler {
	struct arena *arena;
	struct settings_complaints *complaints;
	struct settings_lookup_store *store;
	size_t room;
};

static void
settings_lookup_add(struct settings_lookup_filler *filler, const char *key,
		    const struct toml_node *node, const struct expr_value *value)
{
	struct settings_lookup_store *store = filler->store;
	struct settings_lookup_entry *grown;
	char *lower = arena_copy(filler->arena, key, strlen(key));

	domain_lower(lower, strlen(lower));
	if (store->count == filler->room) {
		filler->room = filler->room ? filler->room * 2 : 16;
		grown = arena_array(filler->arena, filler->room, sizeof(*grown));
		if (store->count > 0)
			memcpy(grown, store->entries, store->count * sizeof(*grown));
		store->entries = grown;
	}
	store->entries[store->count++] = (struct settings_lookup_entry){
	    .key = slice_of(lower),
	    .value = *value,
	    .at = settings_place_of(node),
	    .masked = node->type == TOML_STRING && settings_macro_present(node->source),
	};
}

/* Dots in keys that were not quoted made tables: put the names together again. */
static void
settings_lookup_fill(struct settings_lookup_filler *filler, const struct toml_node *table,
		     const char *prefix)
{
	for (size_t i = 0; i < table->entry_count; i++) {
		const struct toml_entry *entry = &table->entries[i];
		const char *key = arena_printf(filler->arena, "%s%s%.*s", prefix,
					       prefix[0] ? "." : "", SLICE_ARG(entry->key));
		struct expr_value value;

		if (entry->value->type == TOML_TABLE)
			settings_lookup_fill(filler, entry->value, key);
		else if (settings_lookup_value(entry->value, &value))
			settings_lookup_add(filler, key, entry->value, &value);
		else
			settings_complaint_error(
			    filler->complaints, settings_place_of(entry->value),
			    arena_printf(filler->arena, "lookup.%.*s.%s",
					 SLICE_ARG(filler->store->name), key),
			    "%s cannot be looked up: write a text, a number, true or false",
			    toml_tree_type_name(entry->value->type));
	}
}

static void
settings_lookup_index(struct arena *arena, struct settings_lookup_store *store)
{
	store->plain = map_new();
	arena_on_free(arena, settings_lookup_drop_map, store->plain);
	for (size_t i = 0; i < store->count; i++) {
		struct settings_lookup_entry *entry = &store->entries[i];

		if (!settings_lookup_is_glob(entry->key))
			map_put(store->plain, entry->key.data, entry->key.len, entry);
	}
}

struct settings_lookups
settings_lookup_load(struct arena *arena, const struct toml_node *lookup,
		     struct settings_complaints *complaints)
{
	struct settings_lookups lookups = {0};

	if (lookup->type != TOML_TABLE) {
		settings_complaint_error(complaints, settings_place_of(lookup), "lookup",
					 "%s where tables are expected: write [lookup.STORE]",
					 toml_tree_type_name(lookup->type));
		return lookups;
	}
	lookups.stores = arena_array(arena, lookup->entry_count + 1, sizeof(*lookups.stores));
	for (size_t i = 0; i < lookup->entry_count; i++) {
		const struct toml_entry *entry = &lookup->entries[i];
		struct settings_lookup_store *store = &lookups.stores[lookups.count];
		struct settings_lookup_filler filler = {arena, complaints, store, 0};

		store->name = entry->key;
		if (entry->value->type != TOML_TABLE) {
			settings_complaint_error(
			    complaints, settings_place_of(entry->value),
			    arena_printf(arena, "lookup.%.*s", SLICE_ARG(entry->key)),
			    "a value without a store: write lookup.STORE.KEY = VALUE");
			continue;
		}
		lookups.count++;
		settings_lookup_fill(&filler, entry->value, "");
		settings_lookup_index(arena, store);
	}
	return lookups;
}

const struct settings_lookup_store *
settings_lookup_store(const struct settings_lookups *lookups, struct slice name)
{
	for (size_t i = 0; i < lookups->count; i++) {
		if (slice_equal(lookups->stores[i].name, name))
			return &lookups->stores[i];
	}
	return NULL;
}

/* Iterative, with one place to come back to: linear but for the last star. */
static bool
settings_lookup_glob(struct slice glob, struct slice text)
{
	size_t g = 0;
	size_t t = 0;
	size_t star = glob.len;
	size_t back = 0;

	while (t < text.len) {
		if (g < glob.len && glob.data[g] == '*') {
			star = g++;
			back = t;
		} else if (g < glob.len && (glob.data[g] == '?' || glob.data[g] == text.data[t])) {
			g++;
			t++;
		} else if (star < glob.len) {
			g = star + 1;
			t = ++back;
		} else {
			return false;
		}
	}
	while (g < glob.len && glob.data[g] == '*')
		g++;
	return g == glob.len;
}

const struct settings_lookup_entry *
settings_lookup_find(const struct settings_lookup_store *store, struct slice key)
{
	enum { LONGEST = 1024 };
	char lower[LONGEST];
	struct slice text = {lower, key.len};
	const struct settings_lookup_entry *found;

	if (key.len == 0 || key.len > sizeof(lower))
		return NULL;
	memcpy(lower, key.data, key.len);
	domain_lower(lower, key.len);
	found = map_find(store->plain, lower, key.len);
	for (size_t i = 0; found == NULL && i < store->count; i++) {
		const struct settings_lookup_entry *entry = &store->entries[i];

		if (settings_lookup_is_glob(entry->key) && settings_lookup_glob(entry->key, text))
			found = entry;
	}
	return found;
}
