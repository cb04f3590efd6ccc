#include "worker/resolve/cache.h"

#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/list.h"
#include "common/map.h"

struct cache_entry {
	struct list link; /* in cache->used */
	int64_t until_ms;
	size_t key_len;
	size_t len;
	unsigned char bytes[]; /* the key, then the value */
};

struct resolve_cache {
	struct resolve_cache_limits limits;
	struct map *entries; /* every entry by its key */
	struct list used;    /* every entry, the most recently used first */
	size_t bytes;        /* of all keys and values */
};

struct resolve_cache *
resolve_cache_new(const struct resolve_cache_limits *limits)
{
	struct resolve_cache *cache = alloc_new(struct resolve_cache);

	cache->limits = *limits;
	cache->entries = map_new();
	list_init(&cache->used);
	return cache;
}

void
resolve_cache_free(struct resolve_cache **cache)
{
	if (!*cache)
		return;
	map_free(&(*cache)->entries, free);
	free(*cache);
	*cache = NULL;
}

static void
cache_drop(struct resolve_cache *cache, struct cache_entry *entry)
{
	map_take(cache->entries, entry->bytes, entry->key_len);
	list_remove(&entry->link);
	cache->bytes -= entry->key_len + entry->len;
	free(entry);
}

void
resolve_cache_put(struct resolve_cache *cache, struct resolve_cache_bytes key,
		  struct resolve_cache_bytes value, uint32_t ttl, int64_t now_ms)
{
	const struct resolve_cache_limits *limits = &cache->limits;
	struct cache_entry *entry = map_find(cache->entries, key.data, key.len);
	size_t size = key.len + value.len;

	if (entry)
		cache_drop(cache, entry);
	if (limits->entries == 0 || size > limits->bytes / 4)
		return;
	while (map_count(cache->entries) >= limits->entries || cache->bytes + size > limits->bytes)
		cache_drop(cache, list_entry(cache->used.prev, struct cache_entry, link));
	if (ttl < limits->ttl_min)
		ttl = limits->ttl_min;
	if (ttl > limits->ttl_max)
		ttl = limits->ttl_max;
	entry = alloc_array(1, sizeof(*entry) + size);
	entry->until_ms = now_ms + (int64_t)ttl * 1000;
	entry->key_len = key.len;
	entry->len = value.len;
	memcpy(entry->bytes, key.data, key.len);
	memcpy(entry->bytes + key.len, value.data, value.len);
	map_put(cache->entries, entry->bytes, entry->key_len, entry);
	list_prepend(&cache->used, &entry->link);
	cache->bytes += size;
}

bool
resolve_cache_find(struct resolve_cache *cache, struct resolve_cache_bytes key, int64_t now_ms,
		   struct resolve_cache_bytes *value, uint32_t *ttl)
{
	struct cache_entry *entry = map_find(cache->entries, key.data, key.len);

	if (!entry)
		return false;
	if (entry->until_ms <= now_ms) {
		cache_drop(cache, entry);
		return false;
	}
	list_remove(&entry->link);
	list_prepend(&cache->used, &entry->link);
	value->data = entry->bytes + entry->key_len;
	value->len = entry->len;
	*ttl = (uint32_t)((entry->until_ms - now_ms + 999) / 1000);
	return true;
}

size_t
resolve_cache_count(const struct resolve_cache *cache)
{
	return map_count(cache->entries);
}

size_t
resolve_cache_size(const struct resolve_cache *cache)
{
	return cache->bytes;
}
