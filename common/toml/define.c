#include "common/toml/define.h"

#include <stddef.h>

#include "common/toml/key.h"
#include "common/toml/scan.h"

/* A new node at a part of a key; NULL with a complaint when that is too deep. */
static struct toml_node *
define_new(struct toml_scan *scan, struct toml_node *table, const struct toml_key_part *part,
	   enum toml_type type, enum toml_origin origin)
{
	struct toml_entry entry = {.key = part->key, .at = part->at};

	if (table->depth >= TOML_TREE_DEPTH) {
		toml_scan_fail(scan, part->at, "nested more than %d levels deep", TOML_TREE_DEPTH);
		return NULL;
	}
	entry.value = toml_tree_new(scan->arena, type, part->at, table->depth + 1);
	entry.value->origin = origin;
	toml_tree_put(scan->arena, table, &entry);
	return entry.value;
}

/* A key or a header wants to go through something that is closed. */
static struct toml_node *
define_closed(struct toml_scan *scan, const struct toml_key *key, size_t part,
	      const struct toml_entry *entry)
{
	const char *name = toml_key_name(scan, key, part);
	struct toml_position at = key->parts[part].at;
	unsigned line = entry->at.line;

	if (entry->value->type == TOML_TABLE && entry->value->origin == TOML_ORIGIN_VALUE)
		toml_scan_fail(scan, at,
			       "nothing can be added to %s, which is complete with the { } of line "
			       "%u: write the key between those braces",
			       name, line);
	else if (entry->value->type == TOML_TABLE)
		toml_scan_fail(scan, at,
			       "%s has a header of its own in line %u: write the key below that",
			       name, entry->value->at.line);
	else
		toml_scan_fail(scan, at, "%s is %s since line %u and cannot have keys of its own",
			       name, toml_tree_type_name(entry->value->type), line);
	return NULL;
}

/* One step of a dotted key. */
static struct toml_node *
define_step(struct toml_scan *scan, struct toml_node *table, const struct toml_key *key,
	    size_t part)
{
	const struct toml_entry *entry = toml_tree_entry(table, key->parts[part].key);
	struct toml_node *node;

	if (entry == NULL)
		return define_new(scan, table, &key->parts[part], TOML_TABLE, TOML_ORIGIN_DOTTED);
	node = entry->value;
	if (node->type == TOML_TABLE && node->origin == TOML_ORIGIN_IMPLICIT) {
		node->origin = TOML_ORIGIN_DOTTED;
		node->at = key->parts[part].at;
	}
	if (node->type == TOML_TABLE && node->origin == TOML_ORIGIN_DOTTED)
		return node;
	return define_closed(scan, key, part, entry);
}

bool
toml_define_value(struct toml_scan *scan, struct toml_node *base, const struct toml_key *key,
		  struct toml_node *value)
{
	size_t last = key->count - 1;
	const struct toml_entry *twin;
	struct toml_entry entry = {
	    .key = key->parts[last].key, .at = key->parts[last].at, .value = value};

	for (size_t i = 0; i < last; i++) {
		base = define_step(scan, base, key, i);
		if (base == NULL)
			return false;
	}
	twin = toml_tree_entry(base, entry.key);
	if (twin != NULL && twin->value->type == TOML_TABLE &&
	    twin->value->origin != TOML_ORIGIN_VALUE)
		return toml_scan_fail(scan, entry.at,
				      "%s is a table since line %u: it cannot be a value too",
				      toml_key_name(scan, key, last), twin->value->at.line);
	if (twin != NULL)
		return toml_scan_fail(scan, entry.at,
				      "%s has a value since line %u already: keep one of the two",
				      toml_key_name(scan, key, last), twin->at.line);
	toml_tree_put(scan->arena, base, &entry);
	return true;
}

/* The table in which the last part of a header lies. */
static struct toml_node *
define_parent(struct toml_scan *scan, struct toml_node *table, const struct toml_key *key)
{
	for (size_t i = 0; i + 1 < key->count; i++) {
		const struct toml_entry *entry = toml_tree_entry(table, key->parts[i].key);
		struct toml_node *node = entry != NULL ? entry->value : NULL;

		if (node == NULL)
			table = define_new(scan, table, &key->parts[i], TOML_TABLE,
					   TOML_ORIGIN_IMPLICIT);
		else if (node->origin == TOML_ORIGIN_ELEMENTS)
			table = node->items[node->count - 1];
		else if (node->type == TOML_TABLE && node->origin != TOML_ORIGIN_VALUE)
			table = node;
		else
			table = define_closed(scan, key, i, entry);
		if (table == NULL)
			return NULL;
	}
	return table;
}

/* A header names something that is there. */
static struct toml_node *
define_again(struct toml_scan *scan, const struct toml_key *key, const struct toml_entry *entry,
	     struct toml_position at)
{
	const char *name = toml_key_name(scan, key, key->count - 1);
	struct toml_node *node = entry->value;
	struct toml_position own = key->parts[key->count - 1].at;

	if (node->type == TOML_TABLE && node->origin == TOML_ORIGIN_IMPLICIT) {
		node->origin = TOML_ORIGIN_HEADER;
		node->at = at;
		return node;
	}
	if (node->type == TOML_TABLE && node->origin == TOML_ORIGIN_HEADER) {
		if ((scan->flags & TOML_LENIENT) != 0) {
			toml_scan_warn(scan, at,
				       "table [%s] was opened in line %u already: what follows is "
				       "added to it",
				       name, node->at.line);
			return node;
		}
		toml_scan_fail(scan, at,
			       "table [%s] was opened in line %u already: write these keys there",
			       name, node->at.line);
	} else if (node->type == TOML_TABLE && node->origin == TOML_ORIGIN_DOTTED) {
		toml_scan_fail(scan, own,
			       "%s was made by a dotted key in line %u: a header cannot open it "
			       "again",
			       name, node->at.line);
	} else if (node->origin == TOML_ORIGIN_ELEMENTS) {
		toml_scan_fail(scan, own,
			       "%s is an array of tables since line %u: write [[%s]] for one more",
			       name, node->at.line, name);
	} else {
		toml_scan_fail(scan, own, "%s has a value since line %u: it cannot be a table too",
			       name, entry->at.line);
	}
	return NULL;
}

struct toml_node *
toml_define_table(struct toml_scan *scan, struct toml_node *root, const struct toml_key *key,
		  struct toml_position at)
{
	const struct toml_key_part *part = &key->parts[key->count - 1];
	struct toml_node *table = define_parent(scan, root, key);
	const struct toml_entry *entry;

	if (table == NULL)
		return NULL;
	entry = toml_tree_entry(table, part->key);
	if (entry != NULL)
		return define_again(scan, key, entry, at);
	table = define_new(scan, table, part, TOML_TABLE, TOML_ORIGIN_HEADER);
	if (table != NULL)
		table->at = at;
	return table;
}

struct toml_node *
toml_define_element(struct toml_scan *scan, struct toml_node *root, const struct toml_key *key,
		    struct toml_position at)
{
	const struct toml_key_part *part = &key->parts[key->count - 1];
	struct toml_node *table = define_parent(scan, root, key);
	const struct toml_entry *entry;
	struct toml_node *array, *element;

	if (table == NULL)
		return NULL;
	entry = toml_tree_entry(table, part->key);
	if (entry != NULL && entry->value->origin != TOML_ORIGIN_ELEMENTS) {
		toml_scan_fail(scan, part->at, "%s is %s since line %u: [[ ]] cannot add to it",
			       toml_key_name(scan, key, key->count - 1),
			       toml_tree_type_name(entry->value->type), entry->value->at.line);
		return NULL;
	}
	array = entry != NULL ? entry->value
			      : define_new(scan, table, part, TOML_ARRAY, TOML_ORIGIN_ELEMENTS);
	if (array == NULL)
		return NULL;
	if (array->depth >= TOML_TREE_DEPTH) {
		toml_scan_fail(scan, part->at, "nested more than %d levels deep", TOML_TREE_DEPTH);
		return NULL;
	}
	if (array->count == 0)
		array->at = at;
	element = toml_tree_new(scan->arena, TOML_TABLE, at, array->depth + 1);
	element->origin = TOML_ORIGIN_HEADER;
	toml_tree_push(scan->arena, array, element);
	return element;
}
