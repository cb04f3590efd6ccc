#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Bytes owned by somebody else; not NUL-terminated. */
struct slice {
	const char *data;
	size_t len;
};

/* The slice of a string literal or of any NUL-terminated text; NULL gives an empty slice. */
struct slice slice_of(const char *text);
bool slice_is(struct slice slice, const char *text);
bool slice_equal(struct slice a, struct slice b);
/* ASCII letters compare without case. */
bool slice_is_nocase(struct slice slice, const char *text);
bool slice_starts_nocase(struct slice slice, const char *prefix);
/* Without spaces and tabs at both ends. */
struct slice slice_trim(struct slice slice);
/* A decimal number of digits only that fits; false leaves *number alone. */
bool slice_number(struct slice slice, unsigned long long *number);

/* For printf: "%.*s" with SLICE_ARG(slice). */
#define SLICE_ARG(slice) (int)(slice).len, (slice).data

/* A text that grows; data is NUL-terminated once anything was appended, and NULL before. */
struct str {
	char *data;
	size_t len;
	size_t room;
};

void str_free(struct str *str);
void str_clear(struct str *str);
void str_char(struct str *str, char c);
void str_bytes(struct str *str, const void *data, size_t len);
void str_text(struct str *str, const char *text);
/* Decimal, without printf's price. */
void str_number(struct str *str, unsigned long long number);
/* number / 10^digits with all its digits behind the point: 1234, 3 gives "1.234". */
void str_fixed(struct str *str, unsigned long long number, unsigned digits);
void str_printf(struct str *str, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_vprintf(struct str *str, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* At least len writable bytes behind the text; the caller adds what it used to str->len. */
char *str_reserve(struct str *str, size_t len);
/* Quoted JSON string: control characters escaped, bytes that are not UTF-8 become U+FFFD. */
void str_json(struct str *str, const char *data, size_t len);
/*
 * Text of strangers made fit for one line of a log: control characters, NUL and bytes that are not
 * UTF-8 as \xNN, backslash doubled.
 */
void str_printable(struct str *str, const char *data, size_t len);
/* Never NULL. */
const char *str_c(const struct str *str);
