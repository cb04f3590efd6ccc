#include "common/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

static void *
alloc_or_die(void *memory)
{
	if (memory == NULL)
		log_die("out of memory");
	return memory;
}

void *
alloc_array(size_t count, size_t size)
{
	return alloc_or_die(calloc(count ? count : 1, size));
}

void *
alloc_resize(void *memory, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		log_die("out of memory: %zu * %zu bytes asked", count, size);
	return alloc_or_die(realloc(memory, count && size ? count * size : 1));
}

char *
alloc_copy(const void *data, size_t len)
{
	char *copy = alloc_resize(NULL, len + 1, 1);

	if (len > 0)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

char *
alloc_str(const char *text)
{
	return text ? alloc_copy(text, strlen(text)) : NULL;
}

char *
alloc_printf(const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		log_die("out of memory");
	va_end(ap);
	return text;
}
