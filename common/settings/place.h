#pragma once

#include <stddef.h>

#include "common/settings/complaint.h"
#include "common/str.h"

/* Finds places inside TOML strings again. Pure. */
struct toml_node;

/*
 * Where character `column` (from 1) of the node's text stands in the file, following escapes and
 * line breaks of the string as written. For a node that is no string, or whose text is not what
 * was written because of a macro, where the node begins.
 */
struct settings_place settings_place_inside(const struct toml_node *node, unsigned column);
/* Where the node begins. */
struct settings_place settings_place_of(const struct toml_node *node);
/* The byte of the text at a place; text.len when there is no such place. */
size_t settings_place_offset(struct slice text, struct settings_place place);
