#include "common/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/log.h"

/* The first block is of a size that malloc keeps at hand; many an arena never needs a second. */
enum { ARENA_FIRST = 1024, ARENA_BLOCK = 4096 };

enum { ARENA_PRINTF = 256 }; /* most printed texts fit at the first try */

struct arena_block {
	struct arena_block *next;
	size_t size; /* usable bytes behind this header */
	size_t used;
	alignas(max_align_t) unsigned char data[];
};

struct arena_cleanup {
	struct arena_cleanup *next;
	arena_cleanup_fn fn;
	void *arg;
};

struct arena {
	struct arena_block *blocks; /* only the first is bumped */
	struct arena_cleanup *cleanups;
	size_t size;
};

struct arena *
arena_new(void)
{
	return alloc_new(struct arena);
}

static void
arena_run_cleanups(struct arena *arena)
{
	struct arena_cleanup *cleanup = arena->cleanups;

	arena->cleanups = NULL;
	for (; cleanup != NULL; cleanup = cleanup->next)
		cleanup->fn(cleanup->arg);
}

static void
arena_drop_blocks(struct arena *arena, struct arena_block *block)
{
	while (block != NULL) {
		struct arena_block *next = block->next;

		arena->size -= block->size;
		free(block);
		block = next;
	}
}

void
arena_free(struct arena **arena)
{
	if (*arena == NULL)
		return;
	arena_run_cleanups(*arena);
	arena_drop_blocks(*arena, (*arena)->blocks);
	free(*arena);
	*arena = NULL;
}

void
arena_reset(struct arena *arena)
{
	arena_run_cleanups(arena);
	if (arena->blocks == NULL)
		return;
	arena_drop_blocks(arena, arena->blocks->next);
	arena->blocks->next = NULL;
	arena->blocks->used = 0;
}

static struct arena_block *
arena_block_new(struct arena *arena, size_t room)
{
	struct arena_block *block;

	if (room > SIZE_MAX - sizeof(*block))
		log_die("out of memory: %zu bytes asked", room);
	block = alloc_resize(NULL, sizeof(*block) + room, 1);
	block->size = room;
	block->used = 0;
	arena->size += room;
	return block;
}

/* A block with room for size bytes, which need not be the one that is bumped from now on. */
static struct arena_block *
arena_grow(struct arena *arena, size_t size)
{
	size_t most = arena->blocks ? ARENA_BLOCK : ARENA_FIRST;
	size_t room = most - sizeof(struct arena_block);
	struct arena_block *block = arena_block_new(arena, size > room ? size : room);

	if (size > room && arena->blocks != NULL) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		block->next = arena->blocks;
		arena->blocks = block;
	}
	return block;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	size_t align = alignof(max_align_t);
	struct arena_block *block = arena->blocks;
	size_t start;

	start = block ? (block->used + align - 1) & ~(align - 1) : 0;
	if (block == NULL || start > block->size || size > block->size - start) {
		block = arena_grow(arena, size);
		start = 0;
	}
	block->used = start + size;
	return block->data + start;
}

void *
arena_array(struct arena *arena, size_t count, size_t size)
{
	void *memory;

	if (size != 0 && count > SIZE_MAX / size)
		log_die("out of memory: %zu * %zu bytes asked", count, size);
	memory = arena_alloc(arena, count * size);
	memset(memory, 0, count * size);
	return memory;
}

char *
arena_copy(struct arena *arena, const void *data, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	if (len > 0)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

char *
arena_str(struct arena *arena, const char *text)
{
	return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

char *
arena_printf(struct arena *arena, const char *format, ...)
{
	char first[ARENA_PRINTF];
	va_list ap;
	char *text;
	int len;

	va_start(ap, format);
	len = vsnprintf(first, sizeof(first), format, ap);
	va_end(ap);
	if (len < 0)
		log_die("bad format: %s", format);
	if (len < (int)sizeof(first))
		return arena_copy(arena, first, (size_t)len);
	text = arena_alloc(arena, (size_t)len + 1);
	va_start(ap, format);
	vsnprintf(text, (size_t)len + 1, format, ap);
	va_end(ap);
	return text;
}

void
arena_on_free(struct arena *arena, arena_cleanup_fn fn, void *arg)
{
	struct arena_cleanup *cleanup = arena_zero(arena, struct arena_cleanup);

	cleanup->fn = fn;
	cleanup->arg = arg;
	cleanup->next = arena->cleanups;
	arena->cleanups = cleanup;
}

size_t
arena_size(const struct arena *arena)
{
	return arena->size;
}
