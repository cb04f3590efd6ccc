#pragma once

#include <stdarg.h>

/*
 * The reason a local operation failed (a file, a socket, a configuration), filled by the function
 * that returned false or -1, and always its last parameter. A delivery's outcome is not an error
 * and does not travel here.
 */
struct why {
	unsigned line; /* 1-based place in a text being read, 0 when there is none */
	unsigned column;
	char text[512];
};

/* All accept why == NULL: the caller does not care. */
void why_set(struct why *why, const char *format, ...) __attribute__((format(printf, 2, 3)));
void why_at(struct why *why, unsigned line, unsigned column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* As why_set(), with ": " and the text of errno behind. */
void why_errno(struct why *why, const char *format, ...) __attribute__((format(printf, 2, 3)));
