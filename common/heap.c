#include "common/heap.h"

#include <stdlib.h>

#include "common/alloc.h"

void
heap_free(struct heap *heap)
{
	free(heap->links);
	*heap = (struct heap){0};
}

struct heap_link *
heap_first(const struct heap *heap)
{
	return heap->count > 0 ? heap->links[0] : NULL;
}

static void
heap_place(struct heap *heap, size_t at, struct heap_link *link)
{
	heap->links[at - 1] = link;
	link->place = at;
}

static void
heap_up(struct heap *heap, struct heap_link *link)
{
	size_t at = link->place;

	while (at > 1 && heap->links[at / 2 - 1]->key > link->key) {
		heap_place(heap, at, heap->links[at / 2 - 1]);
		at /= 2;
	}
	heap_place(heap, at, link);
}

static void
heap_down(struct heap *heap, struct heap_link *link)
{
	size_t at = link->place;

	for (;;) {
		size_t child = at * 2;

		if (child > heap->count)
			break;
		if (child < heap->count && heap->links[child]->key < heap->links[child - 1]->key)
			child++;
		if (heap->links[child - 1]->key >= link->key)
			break;
		heap_place(heap, at, heap->links[child - 1]);
		at = child;
	}
	heap_place(heap, at, link);
}

void
heap_set(struct heap *heap, struct heap_link *link, int64_t key)
{
	link->key = key;
	if (link->place == 0) {
		if (heap->count == heap->room) {
			heap->room = heap->room ? heap->room * 2 : 64;
			heap->links = alloc_resize(heap->links, heap->room, sizeof(*heap->links));
		}
		heap_place(heap, ++heap->count, link);
	}
	heap_up(heap, link);
	heap_down(heap, link);
}

void
heap_remove(struct heap *heap, struct heap_link *link)
{
	struct heap_link *last;

	if (link->place == 0)
		return;
	last = heap->links[--heap->count];
	if (last != link) {
		heap_place(heap, link->place, last);
		heap_up(heap, last);
		heap_down(heap, last);
	}
	link->place = 0;
}
