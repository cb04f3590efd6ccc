#pragma once

#include <stdbool.h>

#include "common/expr/expr.h"
#include "common/str.h"

/*
 * Regular expressions of matches(), compiled with the expression. They run on text that strangers
 * choose, so a match is given up, as "no match", after a bounded number of steps and amount of
 * memory. No code is generated at run time: the sandbox of the workers forbids it.
 */
struct arena;
struct expr_regex;
struct why;

/* NULL when the pattern is not valid; released with the arena. */
const struct expr_regex *expr_regex_compile(struct arena *arena, struct slice pattern,
					    unsigned column, struct why *why);

/*
 * Searches anywhere in the subject; captures become its groups, or none. *limited is set to true
 * when the search was given up.
 */
bool expr_regex_match(const struct expr_regex *regex, struct slice subject,
		      struct expr_captures *captures, bool *limited);
