#pragma once

#include "common/settings/block.h"

/*
 * One expression of the file: from a TOML value to its text, and compiled, with what goes wrong
 * reported at its place in the file and with what to write instead.
 */
struct expr;

/* NULL: reported. A list becomes the array expression of its elements. */
const struct expr *settings_compile(struct settings_loader *loader, const struct toml_node *node,
				    const struct settings_block_spec *spec);
/* Does a plain list make sense for the type? */
bool settings_compile_takes_list(enum settings_type type);
