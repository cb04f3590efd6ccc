#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"

/* "Did you mean": the known word most like one that is not known. Pure. */

/*
 * Letters to add, remove, change or swap with their neighbour, to make b of a; anything above the
 * longest word looked at (64 bytes) is simply far.
 */
size_t settings_similar_distance(struct slice a, struct slice b);
/* One of a NULL-terminated list, or NULL when nothing is near. */
const char *settings_similar_word(struct slice word, const char *const *words);
/* A known key, or NULL; one of the same last name in another section counts as near. */
const char *settings_similar_key(struct slice key);
