#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/str.h"
#include "common/toml/parse.h"
#include "common/why.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every key must be found under its own name, every place must exist, depth must be bounded. */
static void
fuzz_walk(const struct toml_node *node, unsigned depth)
{
	assert(node->depth == depth && depth <= TOML_TREE_DEPTH);
	assert(node->at.line > 0 && node->at.column > 0);
	assert(node->text.data[node->text.len] == '\0');
	if (node->type == TOML_ARRAY)
		for (size_t i = 0; i < node->count; i++)
			fuzz_walk(node->items[i], depth + 1);
	if (node->type != TOML_TABLE)
		return;
	for (size_t i = 0; i < node->entry_count; i++) {
		assert(toml_tree_entry(node, node->entries[i].key) == &node->entries[i]);
		fuzz_walk(node->entries[i].value, depth + 1);
	}
}

static void
fuzz_warn(struct toml_position at, const char *text, void *arg)
{
	assert(at.line > 0 && at.column > 0 && text[0] != '\0');
}

static struct toml_node *
fuzz_parse(struct arena *arena, struct slice text, unsigned flags)
{
	struct why why = {0};
	struct toml_node *root = toml_parse(arena, text, flags, fuzz_warn, NULL, &why);

	if (root != NULL)
		fuzz_walk(root, 0);
	else
		assert(why.line > 0 && why.column > 0 && why.text[0] != '\0');
	return root;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct slice text = {(const char *)data, size};
	const struct toml_node *strict = fuzz_parse(arena, text, 0);
	const struct toml_node *lenient = fuzz_parse(arena, text, TOML_LENIENT);

	/* Leniency takes more, never less. */
	assert(strict == NULL || lenient != NULL);
	arena_free(&arena);
	return 0;
}
