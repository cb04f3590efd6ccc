#pragma once

#include <stdbool.h>

#include "common/str.h"

/*
 * Macros in string values: %{env:NAME}% is an environment variable, %{file:PATH}% the contents of
 * a file without its last newline. Expanded by whoever may read them: the master and `check`;
 * workers are given the expansions.
 */
struct arena;
struct why;

/* name is "env:NAME" or "file:PATH"; appends its value to *value. */
typedef bool (*settings_macro_fn)(struct slice name, struct str *value, void *arg, struct why *why);

/* The real environment and file system; files to 1 MiB. arg is not used. */
bool settings_macro_system(struct slice name, struct str *value, void *arg, struct why *why);

/* Is there a macro in the text? */
bool settings_macro_present(struct slice text);
/*
 * The text with every macro replaced, in the arena; expansions are not searched again. False: the
 * macro is unknown, has no end, or has no value.
 */
bool settings_macro_expand(struct arena *arena, struct slice text, settings_macro_fn fn, void *arg,
			   struct slice *expanded, struct why *why);
