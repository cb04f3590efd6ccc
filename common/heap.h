#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A binary heap of things ordered by a number (a time), the smallest first. Elements embed a
 * heap_link, so that an element can be moved or removed without a search.
 */
struct heap_link {
	int64_t key;
	size_t place; /* 1-based index in the heap; 0: not in one */
};

struct heap {
	struct heap_link **links;
	size_t count;
	size_t room;
};

void heap_free(struct heap *heap);
/* NULL when empty. */
struct heap_link *heap_first(const struct heap *heap);
/* Inserts the link, or moves it when it is in the heap already. */
void heap_set(struct heap *heap, struct heap_link *link, int64_t key);
/* Does nothing when the link is in no heap. */
void heap_remove(struct heap *heap, struct heap_link *link);
