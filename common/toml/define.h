#pragma once

#include <stdbool.h>

#include "common/toml/tree.h"

/*
 * What may be added to what: TOML defines a key once, and who opened a table decides whether a
 * dotted key or a [header] may still add to it.
 */
struct toml_key;
struct toml_scan;

/* key = value, below base. False with a complaint. */
bool toml_define_value(struct toml_scan *scan, struct toml_node *base, const struct toml_key *key,
		       struct toml_node *value);

/* The table of [key], whose header is at "at". NULL with a complaint. */
struct toml_node *toml_define_table(struct toml_scan *scan, struct toml_node *root,
				    const struct toml_key *key, struct toml_position at);

/* The new table of [[key]], whose header is at "at". NULL with a complaint. */
struct toml_node *toml_define_element(struct toml_scan *scan, struct toml_node *root,
				      const struct toml_key *key, struct toml_position at);
