#pragma once

#include "common/str.h"
#include "common/toml/tree.h"

/*
 * Reads TOML 1.0.0, strictly, and says of the first mistake where it is and what to write instead.
 * Pure: no files, no log, no clock.
 */
struct arena;
struct why;

enum {
	/*
	 * Accept, with a warning each:
	 * - an unknown escape in a "basic" string, which keeps the character: "\." is ".";
	 * - newlines and comments (one warning for each table, at the first) and a trailing comma
	 *   inside an inline table;
	 * - a second [header] of a table that already had one: what follows is added to it.
	 * All three are errors without it.
	 */
	TOML_LENIENT = 1
};

/*
 * Called during toml_parse(), never after it returned. text is one sentence without position,
 * gone when the call returns. Warnings may precede an error.
 */
typedef void (*toml_warn_fn)(struct toml_position at, const char *text, void *arg);

/*
 * The root table. NULL on the first error, with why->line, why->column (counted as in struct
 * toml_position) and why->text filled. The text is copied: it need not outlive the call, and what
 * the tree holds lives in the arena, as does the debris of a failure. The text must be UTF-8; a
 * byte order mark at its start is skipped, and not counted as a column. warn and why may be NULL.
 */
struct toml_node *toml_parse(struct arena *arena, struct slice text, unsigned flags,
			     toml_warn_fn warn, void *arg, struct why *why);
