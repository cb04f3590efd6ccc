#pragma once

#include <check.h>
#include <string.h>

#include "common/arena.h"
#include "common/str.h"
#include "common/toml/parse.h"
#include "common/why.h"

/*
 * Tables of texts that the reader must refuse or take with a warning: where, and with which words
 * in what it says.
 */
struct complaint {
	const char *text;
	unsigned line; /* 0: the text is right */
	unsigned column;
	const char *words;
};

static inline void
complaint_unwanted(struct toml_position at, const char *text, void *arg)
{
	ck_abort_msg("%u:%u: warning %s: %s", at.line, at.column, text, (const char *)arg);
}

static inline void
complaint_check(const struct complaint *row)
{
	struct arena *arena = arena_new();
	struct why why = {0};
	const struct toml_node *root = toml_parse(arena, slice_of(row->text), 0, complaint_unwanted,
						  (void *)(uintptr_t)row->text, &why);

	if (row->line == 0) {
		ck_assert_msg(root != NULL, "%s: %u:%u: %s", row->text, why.line, why.column,
			      why.text);
	} else {
		ck_assert_msg(root == NULL, "accepted: %s", row->text);
		ck_assert_msg(why.line == row->line && why.column == row->column &&
				  strstr(why.text, row->words) != NULL,
			      "%s: %u:%u: %s", row->text, why.line, why.column, why.text);
	}
	arena_free(&arena);
}
