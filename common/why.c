#include "common/why.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 0))) static void
why_format(struct why *why, const char *format, va_list ap)
{
	vsnprintf(why->text, sizeof(why->text), format, ap);
}

void
why_set(struct why *why, const char *format, ...)
{
	va_list ap;

	if (why == NULL)
		return;
	va_start(ap, format);
	why->line = 0;
	why->column = 0;
	why_format(why, format, ap);
	va_end(ap);
}

void
why_at(struct why *why, unsigned line, unsigned column, const char *format, ...)
{
	va_list ap;

	if (why == NULL)
		return;
	va_start(ap, format);
	why->line = line;
	why->column = column;
	why_format(why, format, ap);
	va_end(ap);
}

void
why_errno(struct why *why, const char *format, ...)
{
	int error = errno;
	size_t len;
	va_list ap;

	if (why == NULL)
		return;
	va_start(ap, format);
	why->line = 0;
	why->column = 0;
	why_format(why, format, ap);
	va_end(ap);
	len = strlen(why->text);
	snprintf(why->text + len, sizeof(why->text) - len, ": %s", strerror(error));
	errno = error;
}
