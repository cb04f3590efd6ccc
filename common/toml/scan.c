#include "common/toml/scan.h"

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/why.h"

/* As many characters of a text fit a message well. */
enum { SCAN_QUOTE_MAX = 60 };

static bool
scan_is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/*
 * Length of the UTF-8 sequence at p by RFC 3629 section 4, which knows no overlong forms, no
 * surrogates and nothing above U+10FFFF; 0 when there is none.
 */
static size_t
scan_sequence(const unsigned char *p, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (len > left)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return len;
}

static bool
scan_bad_byte(struct toml_scan *scan, const char *p, const char *begin)
{
	unsigned char c = (unsigned char)*p;

	/* Counts the characters up to there, of which all are known to be good. */
	scan->next = p;
	if (c >= 0x80 && p == begin && (c == 0xfe || c == 0xff))
		return toml_scan_fail_here(scan, "the text is not UTF-8 but seems to be UTF-16: "
						 "save the file as UTF-8");
	if (c >= 0x80)
		return toml_scan_fail_here(
		    scan, "the byte 0x%02x is not UTF-8 here: save the file as UTF-8", c);
	if (c == '\r')
		return toml_scan_fail_here(scan, "a carriage return without line feed: save the "
						 "file with the line ends of Unix");
	return toml_scan_fail_here(
	    scan,
	    "the control character U+%04X may not stand in the file: remove it, or write "
	    "\\u%04X in a \"basic\" string",
	    c, c);
}

static bool
scan_check(struct toml_scan *scan)
{
	const char *begin = scan->next;

	for (const char *p = begin; p < scan->end;) {
		unsigned char c = (unsigned char)*p;
		size_t left = (size_t)(scan->end - p);
		size_t len = scan_sequence((const unsigned char *)p, left);
		bool control = (c < 0x20 && c != '\t' && c != '\n') || c == 0x7f;

		if (c == '\r' && left > 1 && p[1] == '\n')
			control = false;
		if (len == 0 || control)
			return scan_bad_byte(scan, p, begin);
		p += len;
	}
	return true;
}

bool
toml_scan_open(struct toml_scan *scan, struct slice text)
{
	const char *copy;

	scan->brackets = 0;
	scan->counted = (struct toml_position){.line = 1, .column = 1};
	scan->next = scan->end = scan->position = "";
	/* Lines and columns are unsigned, lengths in messages are int. */
	if (text.len > INT_MAX - 1)
		return toml_scan_fail_here(scan, "the text is larger than 2 GiB");
	copy = arena_copy(scan->arena, text.len > 0 ? text.data : "", text.len);
	scan->end = copy + text.len;
	if (text.len >= 3 && memcmp(copy, "\xef\xbb\xbf", 3) == 0)
		copy += 3;
	scan->next = scan->position = copy;
	if (!scan_check(scan))
		return false;
	scan->next = copy;
	return true;
}

int
toml_scan_peek(const struct toml_scan *scan)
{
	return scan->next < scan->end ? (unsigned char)*scan->next : -1;
}

bool
toml_scan_at_line_end(const struct toml_scan *scan)
{
	int c = toml_scan_peek(scan);

	return c == -1 || c == '\n' || c == '\r';
}

struct slice
toml_scan_character(const struct toml_scan *scan)
{
	const char *end = scan->next;

	if (end < scan->end)
		end++;
	while (end < scan->end && scan_is_continuation(*end))
		end++;
	return (struct slice){scan->next, (size_t)(end - scan->next)};
}

bool
toml_scan_fails_invisible(struct toml_scan *scan)
{
	/* Each from and to: what web pages, word processors and joined files leave behind. */
	static const unsigned ranges[][2] = {{0x80, 0xa0},     {0xad, 0xad},     {0x2000, 0x200f},
					     {0x2028, 0x202f}, {0x205f, 0x2064}, {0x3000, 0x3000},
					     {0xfeff, 0xfeff}};
	struct slice character = toml_scan_character(scan);
	unsigned code = 0;

	if (character.len != 2 && character.len != 3)
		return false;
	for (size_t i = 1; i < character.len; i++)
		code = code << 6 | ((unsigned char)character.data[i] & 0x3f);
	code |= ((unsigned char)character.data[0] & (character.len == 2 ? 0x1fu : 0x0fu))
		<< 6 * (character.len - 1);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (code < ranges[i][0] || code > ranges[i][1])
			continue;
		toml_scan_fail_here(
		    scan,
		    "an invisible character, U+%04X, stands here outside of quotes: "
		    "delete it, or put a plain space in its place",
		    code);
		return true;
	}
	return false;
}

bool
toml_scan_starts(const struct toml_scan *scan, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(scan->end - scan->next) >= len && memcmp(scan->next, text, len) == 0;
}

bool
toml_scan_take(struct toml_scan *scan, const char *text)
{
	if (!toml_scan_starts(scan, text))
		return false;
	scan->next += strlen(text);
	return true;
}

bool
toml_scan_newline(struct toml_scan *scan)
{
	return toml_scan_take(scan, "\n") || toml_scan_take(scan, "\r\n");
}

void
toml_scan_blanks(struct toml_scan *scan)
{
	while (toml_scan_peek(scan) == ' ' || toml_scan_peek(scan) == '\t')
		scan->next++;
}

void
toml_scan_comment(struct toml_scan *scan)
{
	if (toml_scan_peek(scan) != '#')
		return;
	while (!toml_scan_at_line_end(scan))
		scan->next++;
}

struct slice
toml_scan_ahead(const struct toml_scan *scan, const char *stops)
{
	const char *end = scan->next;

	while (end < scan->end && *end != '\n' && *end != '\r' && strchr(stops, *end) == NULL)
		end++;
	return (struct slice){scan->next, (size_t)(end - scan->next)};
}

struct toml_position
toml_scan_here(struct toml_scan *scan)
{
	assert(scan->next >= scan->position);
	for (; scan->position < scan->next; scan->position++) {
		if (*scan->position == '\n') {
			scan->counted.line++;
			scan->counted.column = 1;
		} else if (!scan_is_continuation(*scan->position)) {
			scan->counted.column++;
		}
	}
	return scan->counted;
}

static void __attribute__((format(printf, 3, 0)))
scan_fail_text(struct toml_scan *scan, struct toml_position at, const char *format, va_list ap)
{
	char text[sizeof(scan->why->text)];

	vsnprintf(text, sizeof(text), format, ap);
	why_at(scan->why, at.line, at.column, "%s", text);
}

bool
toml_scan_fail(struct toml_scan *scan, struct toml_position at, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	scan_fail_text(scan, at, format, ap);
	va_end(ap);
	return false;
}

bool
toml_scan_fail_here(struct toml_scan *scan, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	scan_fail_text(scan, toml_scan_here(scan), format, ap);
	va_end(ap);
	return false;
}

void
toml_scan_warn(struct toml_scan *scan, struct toml_position at, const char *format, ...)
{
	char text[sizeof(scan->why->text)];
	va_list ap;

	if (scan->warn == NULL)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	scan->warn(at, text, scan->arg);
}

const char *
toml_scan_quote(struct toml_scan *scan, struct slice piece)
{
	size_t characters = 0;

	for (size_t i = 0; i < piece.len; i++) {
		if (scan_is_continuation(piece.data[i]))
			continue;
		if (++characters > SCAN_QUOTE_MAX)
			return arena_printf(scan->arena, "%.*s...", (int)i, piece.data);
	}
	return arena_copy(scan->arena, piece.data, piece.len);
}
