#pragma once

#include "common/expr/scope.h"
#include "common/str.h"

/* Words about a word that means nothing in a setting: what was probably meant instead. */

/*
 * Appends the complaint about word to message, which always begins with `Invalid variable or
 * constant "word"`. phrase is the unspaced text around the word; called says it has arguments.
 */
void expr_suggest(struct str *message, const struct expr_scope *scope, struct slice word,
		  struct slice phrase, bool called);
