#pragma once

#include <stddef.h>

/*
 * Allocation that succeeds or ends the process: running out of memory is hopeless, so no caller
 * checks. What is returned belongs to the caller and is released with free().
 */

/* Zeroed memory of count * size bytes; the product is checked for overflow. */
void *alloc_array(size_t count, size_t size);

/* Zeroed memory for one object. */
#define alloc_new(type) ((type *)alloc_array(1, sizeof(type)))

/* Grows or shrinks like realloc(); new bytes are not zeroed. */
void *alloc_resize(void *memory, size_t count, size_t size);

/* A NUL-terminated copy of len bytes. */
char *alloc_copy(const void *data, size_t len);

/* A copy of a string; NULL stays NULL. */
char *alloc_str(const char *text);

/* printf into fresh memory. */
char *alloc_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
