#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A hash map from bytes to a pointer. Keys come from strangers, so the hash is keyed (SipHash-1-3)
 * with a number chosen at random per process. The map copies keys and does not own values.
 */
struct map;

typedef void (*map_value_fn)(void *value);

struct map *map_new(void);
/* Frees the map; drop, if not NULL, is called for each value. Sets *map to NULL. */
void map_free(struct map **map, map_value_fn drop);
size_t map_count(const struct map *map);
/* NULL when there is none. */
void *map_find(const struct map *map, const void *key, size_t len);
/* Adds or replaces; returns the value replaced, or NULL. value must not be NULL. */
void *map_put(struct map *map, const void *key, size_t len, void *value);
/* Returns the value taken out, or NULL. */
void *map_take(struct map *map, const void *key, size_t len);

/* Keys that are numbers. */
void *map_find_id(const struct map *map, uint64_t id);
void *map_put_id(struct map *map, uint64_t id, void *value);
void *map_take_id(struct map *map, uint64_t id);

/*
 * Walks all values: start with *cursor == 0, until NULL. The value just returned may be taken out
 * during the walk, nothing else may change.
 */
void *map_next(const struct map *map, size_t *cursor);
