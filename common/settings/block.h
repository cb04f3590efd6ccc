#pragma once

#include <stddef.h>

#include "common/settings/complaint.h"
#include "common/settings/table.h"
#include "common/str.h"

/*
 * From the shapes a value may have in TOML to the block that is evaluated: one value, a list of
 * { if, then } with an { else }, the same as [[key]] tables, or a plain list for keys that take
 * one. Every mistake of one value is reported, not only the first.
 */
struct expr_block;
struct expr_scope;
struct settings_loader;
struct toml_node;

struct settings_block_spec {
	const char *key;
	enum settings_type type;
	const struct expr_scope *scope;
};

/* NULL when something is wrong (reported), or when the list is empty and means nothing (warned). */
const struct expr_block *settings_block_make(struct settings_loader *loader,
					     const struct toml_node *node,
					     const struct settings_block_spec *spec);
/* For defaults: text that is known to be right. */
const struct expr_block *settings_block_text(struct settings_loader *loader, const char *text,
					     const struct settings_block_spec *spec);
