#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * An intrusive doubly linked list: the link is a member of the element, so moving an element from
 * one list to another allocates nothing. An empty list is a head that points to itself.
 */
struct list {
	struct list *next;
	struct list *prev;
};

static inline void
list_init(struct list *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool
list_is_empty(const struct list *list)
{
	return list->next == list;
}

static inline void
list_insert_before(struct list *place, struct list *link)
{
	link->next = place;
	link->prev = place->prev;
	place->prev->next = link;
	place->prev = link;
}

static inline void
list_append(struct list *list, struct list *link)
{
	list_insert_before(list, link);
}

static inline void
list_prepend(struct list *list, struct list *link)
{
	list_insert_before(list->next, link);
}

/* Leaves the link pointing to itself, so that removing twice is harmless. */
static inline void
list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* The element a link is a member of. */
#define list_entry(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

#define list_first(list, type, member) list_entry((list)->next, type, member)

#define list_each(item, list, member)                                        \
	for ((item) = list_entry((list)->next, __typeof__(*(item)), member); \
	     &(item)->member != (list);                                      \
	     (item) = list_entry((item)->member.next, __typeof__(*(item)), member))

/* The current item may be removed or freed inside the body. */
#define list_each_safe(item, after, list, member)                                   \
	for ((item) = list_entry((list)->next, __typeof__(*(item)), member),        \
	    (after) = list_entry((item)->member.next, __typeof__(*(item)), member); \
	     &(item)->member != (list); (item) = (after),                           \
	    (after) = list_entry((after)->member.next, __typeof__(*(item)), member))
