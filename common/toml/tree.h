#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * What a TOML 1.0.0 text says, as a tree of nodes in file order, each with its place in the text.
 * Readers walk it; only common/toml/ builds it, and it does not change afterwards.
 *
 * Everything (nodes, texts, keys) belongs to the arena given to toml_parse() and lives as long as
 * that. Nothing in here points into the caller's text.
 */
struct arena;
struct map;

/* No node lies deeper below the root: walking a tree recursively is safe. */
enum { TOML_TREE_DEPTH = 128 };

enum toml_type {
	TOML_STRING,
	TOML_INTEGER,
	TOML_FLOAT,
	TOML_BOOL,
	TOML_OFFSET_DATETIME,
	TOML_LOCAL_DATETIME,
	TOML_LOCAL_DATE,
	TOML_LOCAL_TIME,
	TOML_ARRAY,
	TOML_TABLE
};

/* Both from 1. A column counts characters (code points, not bytes); a tab is one character. */
struct toml_position {
	unsigned line;
	unsigned column;
};

/* What brought a table or an array into being: decides what may still be added to it. */
enum toml_origin {
	TOML_ORIGIN_VALUE,    /* a value behind '=' or in an array: complete, nothing is added */
	TOML_ORIGIN_IMPLICIT, /* a table named so far only as the parent of a [header] */
	TOML_ORIGIN_DOTTED,   /* a table made by a dotted key */
	TOML_ORIGIN_HEADER,   /* the root, a [header], an element of an array of tables */
	TOML_ORIGIN_ELEMENTS  /* an array of tables: [[header]] */
};

struct toml_node {
	enum toml_type type;
	/*
	 * First character of the value; for a table of a [header], and an array of [[header]]s,
	 * the (first) bracket of the header; for a table of a dotted key, or one only implied by
	 * a header, that part of the key. The root is at 1:1.
	 */
	struct toml_position at;
	/*
	 * TOML_STRING: the decoded text, UTF-8, may contain NUL (written \u0000). Date-times: RFC
	 * 3339 with 'T' and 'Z' in capitals and the fraction as written. TOML_BOOL: "true" or
	 * "false". Empty for other types. A NUL follows the last byte.
	 */
	struct slice text;
	/* A value as written in the file, quotes and brackets included. Empty for other tables. */
	struct slice source;
	int64_t integer; /* TOML_INTEGER */
	double real;     /* TOML_FLOAT; may be infinite or not a number */
	bool boolean;    /* TOML_BOOL */
	/* TOML_ARRAY: the values, of any types. */
	struct toml_node **items;
	size_t count;
	/* TOML_TABLE: in the order in which the keys appear first; keys are unique. */
	struct toml_entry *entries;
	size_t entry_count;
	/* How it was made; of interest to common/toml/ only, as is the rest. */
	enum toml_origin origin;
	unsigned depth;    /* steps from the root, at most TOML_TREE_DEPTH */
	size_t room;       /* what items or entries has space for */
	struct map *index; /* of a big table: from key to place in entries plus one; else NULL */
};

struct toml_entry {
	struct slice key;        /* decoded, may be empty, may contain NUL; a NUL follows */
	struct toml_position at; /* first character of this part of the key, where it came first */
	struct toml_node *value;
};

/* One level, key taken literally (dots mean nothing). NULL when absent, or table is no table. */
struct toml_node *toml_tree_find(const struct toml_node *table, const char *key);

/* As toml_tree_find(), but the entry, and for any key. */
const struct toml_entry *toml_tree_entry(const struct toml_node *table, struct slice key);

/* For messages, with its article: "a string", "an integer", "a local date", "a table". */
const char *toml_tree_type_name(enum toml_type type);

/* For the parser. A node without content; depth must be within TOML_TREE_DEPTH. */
struct toml_node *toml_tree_new(struct arena *arena, enum toml_type type, struct toml_position at,
				unsigned depth);

/* For the parser. The key must be in the arena and not yet in the table. */
void toml_tree_put(struct arena *arena, struct toml_node *table, const struct toml_entry *entry);

/* For the parser. Adds an item at the end of an array. */
void toml_tree_push(struct arena *arena, struct toml_node *array, struct toml_node *item);
