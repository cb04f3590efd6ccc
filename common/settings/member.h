#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/settings/complaint.h"

/*
 * What limiters and quotas have in common: tables under chosen names or in arrays, a list of key
 * parts, a match.
 */
struct expr_block;
struct expr_env;
struct settings_loader;
struct toml_entry;
struct toml_node;

struct settings_member_word {
	const char *name;
	unsigned bit;
};

/* Calls fn for each table below node: by its name, or "0000", "0001" in an array. */
typedef void (*settings_member_fn)(struct settings_loader *loader, const struct toml_node *table,
				   const char *id, const char *key, void *arg);
void settings_member_each(struct settings_loader *loader, const struct toml_node *node,
			  const char *key, settings_member_fn fn, void *arg);
/* How many there will be at most. */
size_t settings_member_count(const struct toml_node *node);

/* One name or a list of names out of words, which ends with a NULL name. False: reported. */
bool settings_member_keys(struct settings_loader *loader, const struct toml_node *node,
			  const char *key, const struct settings_member_word *words,
			  unsigned *bits);
bool settings_member_bool(struct settings_loader *loader, const struct toml_node *node,
			  const char *key, bool *truth);
/* 1 or more; with size also "50 MiB". */
bool settings_member_number(struct settings_loader *loader, const struct toml_node *node,
			    const char *key, bool size, int64_t *number);
/* NULL: reported, or unset. */
const struct expr_block *settings_member_match(struct settings_loader *loader,
					       const struct toml_node *node, const char *key);
void settings_member_unknown(struct settings_loader *loader, const struct toml_entry *entry,
			     const char *key, const char *const *names);
/* Is the match true? A failure is reported and is not; *wait is set when a question is open. */
bool settings_member_matches(const struct expr_block *match, struct expr_env *env, bool *wait);
