#include "common/toml/string.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/arena.h"
#include "common/toml/scan.h"

/* A string being decoded. */
struct string_body {
	bool basic;
	bool multi;
	const char *end; /* of the body: the closing quotes are there */
	char *out; /* as long as the body as written, which is never shorter than its meaning */
	size_t len;
};

/* Of a run of quotes the last three close, but at most two can stand before them. */
static const char *
string_multi_end(const struct toml_scan *scan, const char *p, char quote)
{
	while (p < scan->end) {
		size_t run = 0;

		if (*p == '\\' && quote == '"') {
			p += p + 1 < scan->end ? 2 : 1;
			continue;
		}
		while (run < 5 && p + run < scan->end && p[run] == quote)
			run++;
		if (run >= 3)
			return p + run - 3;
		p += run > 0 ? run : 1;
	}
	return NULL;
}

static const char *
string_line_end(const struct toml_scan *scan, const char *p, char quote)
{
	for (; p < scan->end && *p != '\n' && *p != '\r'; p++) {
		if (*p == quote)
			return p;
		if (*p == '\\' && quote == '"' && p + 1 < scan->end && p[1] != '\n' && p[1] != '\r')
			p++;
	}
	return NULL;
}

static void
string_put_code(struct string_body *body, uint32_t code)
{
	char *out = body->out + body->len;

	if (code < 0x80) {
		out[0] = (char)code;
		body->len += 1;
	} else if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		body->len += 2;
	} else if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		body->len += 3;
	} else {
		out[0] = (char)(0xf0 | code >> 18);
		out[1] = (char)(0x80 | (code >> 12 & 0x3f));
		out[2] = (char)(0x80 | (code >> 6 & 0x3f));
		out[3] = (char)(0x80 | (code & 0x3f));
		body->len += 4;
	}
}

static void
string_put(struct string_body *body, struct slice piece)
{
	memcpy(body->out + body->len, piece.data, piece.len);
	body->len += piece.len;
}

static int
string_hex(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Behind \u or \U. */
static bool
string_unicode(struct toml_scan *scan, struct string_body *body, struct toml_position at,
	       int digits)
{
	uint32_t code = 0;

	for (int i = 0; i < digits; i++) {
		int digit = scan->next < body->end ? string_hex(*scan->next) : -1;

		if (digit < 0)
			return toml_scan_fail(scan, at,
					      "\\%c needs %d hexadecimal digits behind it; a "
					      "backslash that is meant as such is written \\\\",
					      digits == 4 ? 'u' : 'U', digits);
		code = code << 4 | (uint32_t)digit;
		scan->next++;
	}
	if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
		return toml_scan_fail(scan, at,
				      "U+%04X is no character: the escape must name one of "
				      "U+0000 to U+D7FF or U+E000 to U+10FFFF",
				      (unsigned)code);
	string_put_code(body, code);
	return true;
}

/* Behind a backslash: blanks and at least one line end vanish, with all blank lines after. */
static bool
string_continuation(struct toml_scan *scan, const struct string_body *body)
{
	const char *p = scan->next;

	while (p < body->end && (*p == ' ' || *p == '\t'))
		p++;
	if (p == body->end || (*p != '\n' && *p != '\r'))
		return false;
	while (p < body->end && strchr(" \t\r\n", *p) != NULL)
		p++;
	scan->next = p;
	return true;
}

/* Behind a backslash at "at". */
static bool
string_unknown_escape(struct toml_scan *scan, struct string_body *body, struct toml_position at)
{
	struct slice character = toml_scan_character(scan);
	const char *shown = toml_scan_quote(scan, character);

	if ((scan->flags & TOML_LENIENT) == 0)
		return toml_scan_fail(scan, at,
				      "unknown escape \\%s: write \\\\%s for a backslash, or put "
				      "the text in 'single quotes', where it stands for itself",
				      shown, shown);
	toml_scan_warn(scan, at,
		       "unknown escape \\%s is read as %s, without the backslash: write \\\\%s if "
		       "it is meant",
		       shown, shown, shown);
	string_put(body, character);
	scan->next += character.len;
	return true;
}

static bool
string_escape(struct toml_scan *scan, struct string_body *body)
{
	static const char letters[] = "btnfr\"\\";
	static const char meanings[] = "\b\t\n\f\r\"\\";
	struct toml_position at = toml_scan_here(scan);
	const char *letter;

	scan->next++;
	/* The ends were found by skipping what is behind a backslash, so something is there. */
	assert(scan->next < body->end);
	if (toml_scan_take(scan, "u"))
		return string_unicode(scan, body, at, 4);
	if (toml_scan_take(scan, "U"))
		return string_unicode(scan, body, at, 8);
	letter = strchr(letters, *scan->next);
	if (letter != NULL && *letter != '\0') {
		body->out[body->len++] = meanings[letter - letters];
		scan->next++;
		return true;
	}
	if (body->multi && string_continuation(scan, body))
		return true;
	return string_unknown_escape(scan, body, at);
}

static bool
string_decode(struct toml_scan *scan, struct string_body *body)
{
	if (body->multi)
		toml_scan_newline(scan);
	while (scan->next < body->end) {
		if (body->basic && *scan->next == '\\') {
			if (!string_escape(scan, body))
				return false;
			continue;
		}
		/* A CR stands only before LF. */
		if (*scan->next != '\r')
			body->out[body->len++] = *scan->next;
		scan->next++;
	}
	assert(scan->next == body->end);
	return true;
}

bool
toml_string_read(struct toml_scan *scan, bool is_key, struct slice *text)
{
	struct toml_position at = toml_scan_here(scan);
	bool basic = toml_scan_peek(scan) == '"';
	const char *quotes = basic ? "\"\"\"" : "'''";
	struct string_body body = {.basic = basic, .multi = toml_scan_starts(scan, quotes)};

	assert(basic || toml_scan_peek(scan) == '\'');
	if (body.multi && is_key)
		return toml_scan_fail(scan, at, "a key takes one quote on each side, not %s",
				      quotes);
	if (!body.multi)
		quotes += 2;
	scan->next += strlen(quotes);
	body.end = body.multi ? string_multi_end(scan, scan->next, *quotes)
			      : string_line_end(scan, scan->next, *quotes);
	if (body.end == NULL && body.multi)
		return toml_scan_fail(scan, at,
				      "the text opened with %s in line %u is never closed: %s is "
				      "missing",
				      quotes, at.line, quotes);
	if (body.end == NULL)
		return toml_scan_fail(scan, at,
				      "the %s opened with %s in line %u is not closed on that "
				      "line: the closing %s is missing",
				      is_key ? "key" : "text", quotes, at.line, quotes);
	body.out = arena_alloc(scan->arena, (size_t)(body.end - scan->next) + 1);
	if (!string_decode(scan, &body))
		return false;
	scan->next += strlen(quotes);
	body.out[body.len] = '\0';
	*text = (struct slice){body.out, body.len};
	return true;
}
