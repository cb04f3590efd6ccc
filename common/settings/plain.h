#pragma once

#include <stdbool.h>

#include "common/settings/table.h"

/* Keys that are no expressions: from the TOML value to what the key needs. Pure. */
struct arena;
struct settings_datum;
struct toml_node;
struct why;

/*
 * False: why->text says what is wrong and what to write. *warning is a sentence about a value that
 * is taken nevertheless, or NULL.
 */
bool settings_plain(struct arena *arena, enum setting_id id, const struct toml_node *node,
		    struct settings_datum *datum, const char **warning, struct why *why);
