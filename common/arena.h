#pragma once

#include <stddef.h>

/*
 * A bump allocator for one unit of work (a job, a session, a request, a generation): everything
 * inside lives until the arena ends, nothing is released singly, error paths need no clean-up
 * list. Running out of memory ends the process.
 */
struct arena;

typedef void (*arena_cleanup_fn)(void *arg);

struct arena *arena_new(void);

/* Runs the clean-ups in reverse order, releases everything, sets *arena to NULL. NULL is fine. */
void arena_free(struct arena **arena);

/* Like arena_free() and arena_new(), keeping one block for reuse. */
void arena_reset(struct arena *arena);

/* size bytes, aligned for any type, not zeroed. */
void *arena_alloc(struct arena *arena, size_t size);

/* Zeroed memory of count * size bytes. */
void *arena_array(struct arena *arena, size_t count, size_t size);

#define arena_zero(arena, type) ((type *)arena_array((arena), 1, sizeof(type)))

/* A NUL-terminated copy of len bytes. */
char *arena_copy(struct arena *arena, const void *data, size_t len);

/* A copy of a string; NULL stays NULL. */
char *arena_str(struct arena *arena, const char *text);

char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* fn(arg) runs when the arena is freed or reset. */
void arena_on_free(struct arena *arena, arena_cleanup_fn fn, void *arg);

/* Bytes held from the system. */
size_t arena_size(const struct arena *arena);
