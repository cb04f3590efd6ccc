#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"
#include "common/toml/tree.h"

/* Keys of TOML: bare, quoted, and dotted ones made of these. Everything is in the arena. */
struct toml_scan;

struct toml_key_part {
	struct slice key;        /* decoded */
	struct toml_position at; /* its first character */
	const char *end;         /* in the text, behind its last */
};

struct toml_key {
	struct toml_key_part *parts; /* at least one */
	size_t count;
	const char *begin; /* in the text */
};

/* Moves behind the key and the blanks after it; false with a complaint when there is none. */
bool toml_key_read(struct toml_scan *scan, struct toml_key *key);

/* For messages: the key as written, up to the end of the part of this number. */
const char *toml_key_name(struct toml_scan *scan, const struct toml_key *key, size_t part);
