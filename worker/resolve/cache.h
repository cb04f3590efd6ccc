#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Answers kept for their TTL: bytes found by bytes, bounded in number and in memory, the least
 * recently used leaving first. Pure: time is given in milliseconds of any clock that never steps
 * back. What the bytes mean is the caller's affair; it keeps whole replies and parses them again.
 */
struct resolve_cache;

struct resolve_cache_limits {
	size_t entries; /* 0: nothing is ever kept */
	size_t bytes;   /* of keys and values together */
	/* A TTL, in seconds, is raised or lowered to these. */
	uint32_t ttl_min;
	uint32_t ttl_max;
};

struct resolve_cache *resolve_cache_new(const struct resolve_cache_limits *limits);

/* Sets *cache to NULL; NULL is fine. */
void resolve_cache_free(struct resolve_cache **cache);

/* Bytes of somebody else's. */
struct resolve_cache_bytes {
	const void *data;
	size_t len;
};

/* Keeps a copy, replacing what the key had. A value over a quarter of the bound is not kept. */
void resolve_cache_put(struct resolve_cache *cache, struct resolve_cache_bytes key,
		       struct resolve_cache_bytes value, uint32_t ttl, int64_t now_ms);

/*
 * False when there is none or its time is over; else the bytes, valid until the next call that
 * changes the cache, and the seconds it has left, at least 1.
 */
bool resolve_cache_find(struct resolve_cache *cache, struct resolve_cache_bytes key, int64_t now_ms,
			struct resolve_cache_bytes *value, uint32_t *ttl);

size_t resolve_cache_count(const struct resolve_cache *cache);
/* Memory of keys and values. */
size_t resolve_cache_size(const struct resolve_cache *cache);
