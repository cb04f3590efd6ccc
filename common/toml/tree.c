#include "common/toml/tree.h"

#include <assert.h>
#include <string.h>

#include "common/arena.h"
#include "common/map.h"

/* Up to here comparing one key after the other beats hashing. */
enum { TREE_INDEX_FROM = 16 };

static void
tree_drop_index(void *arg)
{
	struct toml_node *table = arg;

	map_free(&table->index, NULL);
}

static void
tree_index(struct toml_node *table, size_t place)
{
	const struct slice *key = &table->entries[place].key;

	map_put(table->index, key->data, key->len, (void *)(uintptr_t)(place + 1));
}

const struct toml_entry *
toml_tree_entry(const struct toml_node *table, struct slice key)
{
	if (table == NULL || table->type != TOML_TABLE)
		return NULL;
	if (table->index != NULL) {
		uintptr_t place = (uintptr_t)map_find(table->index, key.data, key.len);

		return place > 0 ? &table->entries[place - 1] : NULL;
	}
	for (size_t i = 0; i < table->entry_count; i++)
		if (slice_equal(table->entries[i].key, key))
			return &table->entries[i];
	return NULL;
}

struct toml_node *
toml_tree_find(const struct toml_node *table, const char *key)
{
	const struct toml_entry *entry = toml_tree_entry(table, slice_of(key));

	return entry != NULL ? entry->value : NULL;
}

const char *
toml_tree_type_name(enum toml_type type)
{
	static const char *const names[] = {
	    [TOML_STRING] = "a string",
	    [TOML_INTEGER] = "an integer",
	    [TOML_FLOAT] = "a float",
	    [TOML_BOOL] = "a boolean",
	    [TOML_OFFSET_DATETIME] = "a date-time",
	    [TOML_LOCAL_DATETIME] = "a local date-time",
	    [TOML_LOCAL_DATE] = "a local date",
	    [TOML_LOCAL_TIME] = "a local time",
	    [TOML_ARRAY] = "an array",
	    [TOML_TABLE] = "a table",
	};

	assert((size_t)type < sizeof(names) / sizeof(names[0]));
	return names[type];
}

struct toml_node *
toml_tree_new(struct arena *arena, enum toml_type type, struct toml_position at, unsigned depth)
{
	struct toml_node *node = arena_zero(arena, struct toml_node);

	assert(depth <= TOML_TREE_DEPTH);
	node->type = type;
	node->at = at;
	node->depth = depth;
	node->text = slice_of("");
	node->source = slice_of("");
	return node;
}

/* A list twice as long with the same beginning; an arena takes nothing back. */
static void *
tree_grow(struct arena *arena, const void *list, size_t *room, size_t size)
{
	size_t wider = *room > 0 ? *room * 2 : 4;
	void *grown = arena_array(arena, wider, size);

	if (*room > 0)
		memcpy(grown, list, *room * size);
	*room = wider;
	return grown;
}

void
toml_tree_put(struct arena *arena, struct toml_node *table, const struct toml_entry *entry)
{
	assert(table->type == TOML_TABLE);
	assert(toml_tree_entry(table, entry->key) == NULL);
	if (table->entry_count == table->room)
		table->entries =
		    tree_grow(arena, table->entries, &table->room, sizeof(*table->entries));
	table->entries[table->entry_count++] = *entry;
	if (table->index != NULL) {
		tree_index(table, table->entry_count - 1);
	} else if (table->entry_count > TREE_INDEX_FROM) {
		table->index = map_new();
		arena_on_free(arena, tree_drop_index, table);
		for (size_t i = 0; i < table->entry_count; i++)
			tree_index(table, i);
	}
}

void
toml_tree_push(struct arena *arena, struct toml_node *array, struct toml_node *item)
{
	assert(array->type == TOML_ARRAY);
	if (array->count == array->room)
		array->items = tree_grow(arena, array->items, &array->room, sizeof(*array->items));
	array->items[array->count++] = item;
}
