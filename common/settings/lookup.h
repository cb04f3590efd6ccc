#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/expr/value.h"
#include "common/settings/complaint.h"
#include "common/str.h"

/*
 * Static tables: lookup.<store>.<key> = value, for key_get() and key_exists(). Keys may be globs
 * (* any text, ? one character), tried in the order of the file after keys that are plain. The
 * store `local-domains` is what is_local_domain() asks, `local-addresses` is_local_address().
 */
struct arena;
struct map;
struct toml_node;

struct settings_lookup_entry {
	struct slice key; /* without the store's name; ASCII in lower case */
	struct expr_value value;
	struct settings_place at; /* of the value */
	bool masked;              /* came out of a macro: not shown */
};

struct settings_lookup_store {
	struct slice name;
	struct settings_lookup_entry *entries;
	size_t count;
	struct map *plain; /* from a key without * and ? to its entry */
};

struct settings_lookups {
	struct settings_lookup_store *stores;
	size_t count;
};

/* Reads the `lookup` table. Values are texts, numbers, true and false (1 and 0). */
struct settings_lookups settings_lookup_load(struct arena *arena, const struct toml_node *lookup,
					     struct settings_complaints *complaints);
/* NULL when there is no such store. */
const struct settings_lookup_store *settings_lookup_store(const struct settings_lookups *lookups,
							  struct slice name);
/* NULL when no key and no glob of the store fits. ASCII letters compare without case. */
const struct settings_lookup_entry *settings_lookup_find(const struct settings_lookup_store *store,
							 struct slice key);
