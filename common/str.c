#include "common/str.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/alloc.h"
#include "common/log.h"

enum { STR_PRINTF = 32 }; /* most printed texts fit at the first try */

struct slice
slice_of(const char *text)
{
	return (struct slice){text, text ? strlen(text) : 0};
}

bool
slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool
slice_is(struct slice slice, const char *text)
{
	return slice_equal(slice, slice_of(text));
}

bool
slice_is_nocase(struct slice slice, const char *text)
{
	return slice.len == strlen(text) && slice_starts_nocase(slice, text);
}

bool
slice_starts_nocase(struct slice slice, const char *prefix)
{
	size_t len = strlen(prefix);

	return slice.len >= len && (len == 0 || strncasecmp(slice.data, prefix, len) == 0);
}

struct slice
slice_trim(struct slice slice)
{
	while (slice.len > 0 && (slice.data[0] == ' ' || slice.data[0] == '\t')) {
		slice.data++;
		slice.len--;
	}
	while (slice.len > 0 &&
	       (slice.data[slice.len - 1] == ' ' || slice.data[slice.len - 1] == '\t'))
		slice.len--;
	return slice;
}

bool
slice_number(struct slice slice, unsigned long long *number)
{
	unsigned long long value = 0;

	if (slice.len == 0)
		return false;
	for (size_t i = 0; i < slice.len; i++) {
		unsigned digit = (unsigned)(unsigned char)slice.data[i] - '0';

		if (digit > 9 || value > (ULLONG_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*number = value;
	return true;
}

void
str_free(struct str *str)
{
	free(str->data);
	*str = (struct str){0};
}

void
str_clear(struct str *str)
{
	str->len = 0;
	if (str->data != NULL)
		str->data[0] = '\0';
}

char *
str_reserve(struct str *str, size_t len)
{
	if (len > SIZE_MAX / 4 - str->len)
		log_die("out of memory: %zu bytes asked", len);
	if (str->room < str->len + len + 1) {
		size_t room = str->room ? str->room : 64;

		while (room < str->len + len + 1)
			room *= 2;
		str->data = alloc_resize(str->data, room, 1);
		str->room = room;
	}
	return str->data + str->len;
}

void
str_bytes(struct str *str, const void *data, size_t len)
{
	char *end = str_reserve(str, len);

	if (len > 0)
		memcpy(end, data, len);
	end[len] = '\0';
	str->len += len;
}

void
str_char(struct str *str, char c)
{
	str_bytes(str, &c, 1);
}

void
str_text(struct str *str, const char *text)
{
	str_bytes(str, text, strlen(text));
}

/* At least digits digits. */
static void
str_digits(struct str *str, unsigned long long number, unsigned digits)
{
	char text[24];
	char *at = text + sizeof(text);

	for (unsigned n = 0; n < digits || number > 0; n++, number /= 10)
		*--at = (char)('0' + number % 10);
	str_bytes(str, at, (size_t)(text + sizeof(text) - at));
}

void
str_number(struct str *str, unsigned long long number)
{
	str_digits(str, number, 1);
}

void
str_fixed(struct str *str, unsigned long long number, unsigned digits)
{
	unsigned long long one = 1;

	for (unsigned i = 0; i < digits; i++)
		one *= 10;
	str_digits(str, number / one, 1);
	str_char(str, '.');
	str_digits(str, number % one, digits);
}

void
str_vprintf(struct str *str, const char *format, va_list ap)
{
	va_list again;
	char *end = str_reserve(str, STR_PRINTF);
	size_t room = str->room - str->len;
	int len;

	va_copy(again, ap);
	len = vsnprintf(end, room, format, again);
	va_end(again);
	if (len < 0)
		log_die("bad format: %s", format);
	if ((size_t)len >= room)
		vsnprintf(str_reserve(str, (size_t)len), (size_t)len + 1, format, ap);
	str->len += (size_t)len;
}

void
str_printf(struct str *str, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	str_vprintf(str, format, ap);
	va_end(ap);
}

/* Length of the well-formed UTF-8 character at data, 0 when there is none (RFC 3629 section 4). */
static size_t
str_utf8(const unsigned char *data, size_t len)
{
	size_t need = data[0] < 0x80   ? 1
		      : data[0] < 0xc2 ? 0
		      : data[0] < 0xe0 ? 2
		      : data[0] < 0xf0 ? 3
		      : data[0] < 0xf5 ? 4
				       : 0;

	if (need == 0 || need > len)
		return 0;
	for (size_t i = 1; i < need; i++)
		if ((data[i] & 0xc0) != 0x80)
			return 0;
	if ((data[0] == 0xe0 && data[1] < 0xa0) || (data[0] == 0xed && data[1] > 0x9f) ||
	    (data[0] == 0xf0 && data[1] < 0x90) || (data[0] == 0xf4 && data[1] > 0x8f))
		return 0;
	return need;
}

static void
str_json_char(struct str *str, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char to[] = "\"\\bfnrt";
	const char *at = c ? strchr(from, c) : NULL;

	if (at != NULL) {
		str_char(str, '\\');
		str_char(str, to[at - from]);
	} else if (c < 0x20 || c == 0x7f) {
		str_printf(str, "\\u%04x", c);
	} else {
		str_char(str, (char)c);
	}
}

/* Length of the beginning that needs no thought: printable ASCII without quote and backslash. */
static size_t
str_plain(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len && data[n] >= 0x20 && data[n] < 0x7f && data[n] != '"' && data[n] != '\\')
		n++;
	return n;
}

void
str_json(struct str *str, const char *data, size_t len)
{
	str_char(str, '"');
	while (len > 0) {
		size_t plain = str_plain(data, len);
		size_t n = plain ? plain : str_utf8((const unsigned char *)data, len);

		if (n == 0)
			str_text(str, "\xef\xbf\xbd");
		else if (plain == 0 && n == 1)
			str_json_char(str, (unsigned char)*data);
		else
			str_bytes(str, data, n);
		data += n ? n : 1;
		len -= n ? n : 1;
	}
	str_char(str, '"');
}

void
str_printable(struct str *str, const char *data, size_t len)
{
	while (len > 0) {
		unsigned char c = (unsigned char)*data;
		size_t plain = str_plain(data, len);
		size_t n = plain ? plain : str_utf8((const unsigned char *)data, len);

		if (n == 0 || c < 0x20 || c == 0x7f)
			str_printf(str, "\\x%02x", c);
		else if (c == '\\')
			str_text(str, "\\\\");
		else
			str_bytes(str, data, n);
		data += n ? n : 1;
		len -= n ? n : 1;
	}
}

const char *
str_c(const struct str *str)
{
	return str->data ? str->data : "";
}
