#include "common/map.h"

#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/random.h"

enum { MAP_INLINE = 16 };

/* Open addressing with linear probing; a removal moves the following entries back. */
struct map_slot {
	void *value; /* NULL: the slot is free */
	uint64_t hash;
	uint32_t len;
	union {
		char bytes[MAP_INLINE]; /* short keys */
		char *data;             /* longer ones, owned */
	} key;
};

struct map {
	struct map_slot *slots;
	size_t room; /* a power of two */
	size_t count;
};

static struct {
	bool set;
	uint64_t k0, k1;
} map_seed;

static uint64_t
map_rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void
map_sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = map_rotate(v[1], 13) ^ v[0];
	v[0] = map_rotate(v[0], 32);
	v[2] += v[3];
	v[3] = map_rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = map_rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = map_rotate(v[1], 17) ^ v[2];
	v[2] = map_rotate(v[2], 32);
}

/* SipHash with one round per word and three at the end (Aumasson, Bernstein 2012). */
static uint64_t
map_hash(const void *key, size_t len)
{
	const unsigned char *at = key;
	uint64_t v[4] = {map_seed.k0 ^ 0x736f6d6570736575, map_seed.k1 ^ 0x646f72616e646f6d,
			 map_seed.k0 ^ 0x6c7967656e657261, map_seed.k1 ^ 0x7465646279746573};
	uint64_t word;
	size_t left = len;

	for (; left >= 8; left -= 8, at += 8) {
		memcpy(&word, at, 8);
		v[3] ^= word;
		map_sip_round(v);
		v[0] ^= word;
	}
	word = (uint64_t)len << 56;
	for (size_t i = 0; i < left; i++)
		word |= (uint64_t)at[i] << (8 * i);
	v[3] ^= word;
	map_sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		map_sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct map *
map_new(void)
{
	struct map *map = alloc_new(struct map);

	if (!map_seed.set) {
		random_bytes(&map_seed.k0, sizeof(map_seed.k0));
		random_bytes(&map_seed.k1, sizeof(map_seed.k1));
		map_seed.set = true;
	}
	map->room = 16;
	map->slots = alloc_array(map->room, sizeof(*map->slots));
	return map;
}

static const char *
map_slot_key(const struct map_slot *slot)
{
	return slot->len <= MAP_INLINE ? slot->key.bytes : slot->key.data;
}

static void
map_slot_drop_key(struct map_slot *slot)
{
	if (slot->len > MAP_INLINE)
		free(slot->key.data);
}

void
map_free(struct map **map, map_value_fn drop)
{
	if (*map == NULL)
		return;
	for (size_t i = 0; i < (*map)->room; i++) {
		struct map_slot *slot = &(*map)->slots[i];

		if (slot->value == NULL)
			continue;
		map_slot_drop_key(slot);
		if (drop != NULL)
			drop(slot->value);
	}
	free((*map)->slots);
	free(*map);
	*map = NULL;
}

size_t
map_count(const struct map *map)
{
	return map->count;
}

/* The slot that holds the key, or the free one where it belongs. */
static struct map_slot *
map_probe(const struct map *map, const void *key, size_t len, uint64_t hash)
{
	size_t i = (size_t)hash & (map->room - 1);

	for (;; i = (i + 1) & (map->room - 1)) {
		struct map_slot *slot = &map->slots[i];

		if (slot->value == NULL)
			return slot;
		if (slot->hash == hash && slot->len == len &&
		    memcmp(map_slot_key(slot), key, len) == 0)
			return slot;
	}
}

static void
map_grow(struct map *map)
{
	struct map_slot *old = map->slots;
	size_t room = map->room;

	map->room = room * 2;
	map->slots = alloc_array(map->room, sizeof(*map->slots));
	for (size_t i = 0; i < room; i++) {
		size_t at = (size_t)old[i].hash & (map->room - 1);

		if (old[i].value == NULL)
			continue;
		while (map->slots[at].value != NULL)
			at = (at + 1) & (map->room - 1);
		map->slots[at] = old[i];
	}
	free(old);
}

void *
map_find(const struct map *map, const void *key, size_t len)
{
	return map_probe(map, key, len, map_hash(key, len))->value;
}

void *
map_put(struct map *map, const void *key, size_t len, void *value)
{
	uint64_t hash = map_hash(key, len);
	struct map_slot *slot;
	void *before;

	if ((map->count + 1) * 4 > map->room * 3)
		map_grow(map);
	slot = map_probe(map, key, len, hash);
	before = slot->value;
	slot->value = value;
	if (before != NULL)
		return before;
	slot->hash = hash;
	slot->len = (uint32_t)len;
	if (len <= MAP_INLINE)
		memcpy(slot->key.bytes, key, len);
	else
		slot->key.data = alloc_copy(key, len);
	map->count++;
	return NULL;
}

void *
map_take(struct map *map, const void *key, size_t len)
{
	struct map_slot *slot = map_probe(map, key, len, map_hash(key, len));
	void *value = slot->value;
	size_t hole;

	if (value == NULL)
		return NULL;
	map_slot_drop_key(slot);
	map->count--;
	hole = (size_t)(slot - map->slots);
	for (size_t i = (hole + 1) & (map->room - 1); map->slots[i].value != NULL;
	     i = (i + 1) & (map->room - 1)) {
		size_t home = (size_t)map->slots[i].hash & (map->room - 1);

		/* An entry may move back only as far as its home slot. */
		if (((i - home) & (map->room - 1)) < ((i - hole) & (map->room - 1)))
			continue;
		map->slots[hole] = map->slots[i];
		hole = i;
	}
	map->slots[hole] = (struct map_slot){0};
	return value;
}

void *
map_find_id(const struct map *map, uint64_t id)
{
	return map_find(map, &id, sizeof(id));
}

void *
map_put_id(struct map *map, uint64_t id, void *value)
{
	return map_put(map, &id, sizeof(id), value);
}

void *
map_take_id(struct map *map, uint64_t id)
{
	return map_take(map, &id, sizeof(id));
}

/*
 * Downwards from an empty slot, all the way round: map_take() of the value just returned moves only
 * entries of the same run, from slots that were seen to the one just left, never across an empty
 * slot. The cursor keeps where the walk began (high half) and how many slots it has passed.
 */
void *
map_next(const struct map *map, size_t *cursor)
{
	size_t start = *cursor >> 32;
	size_t passed = *cursor & UINT32_MAX;

	if (*cursor == 0)
		while (map->slots[start].value != NULL)
			start++;
	while (++passed < map->room) {
		struct map_slot *slot = &map->slots[(start - passed) & (map->room - 1)];

		if (slot->value == NULL)
			continue;
		*cursor = start << 32 | passed;
		return slot->value;
	}
	return NULL;
}
