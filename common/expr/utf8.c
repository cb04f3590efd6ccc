#include "common/expr/utf8.h"

#include <locale.h>
#include <string.h>
#include <wctype.h>

#include "common/arena.h"

/* Length of the well-formed sequence at the front, 0 when there is none. */
static size_t
expr_utf8_measure(const unsigned char *data, size_t len)
{
	unsigned char first = data[0];
	size_t need = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	/* Overlong forms, surrogates and what lies above U+10FFFF show in the second byte. */
	unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	if (need == 0 || first > 0xf4 || need > len)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if (data[i] < (i == 1 ? low : 0x80) || data[i] > (i == 1 ? high : 0xbf))
			return 0;
	}
	return need;
}

size_t
expr_utf8_next(struct slice text, uint32_t *code)
{
	const unsigned char *data = (const unsigned char *)text.data;
	size_t len;

	if (text.len == 0)
		return 0;
	if (data[0] < 0x80) {
		*code = data[0];
		return 1;
	}
	len = expr_utf8_measure(data, text.len);
	if (len == 0) {
		*code = UINT32_MAX;
		return 1;
	}
	*code = data[0] & (0xffU >> (len + 1));
	for (size_t i = 1; i < len; i++)
		*code = *code << 6 | (data[i] & 0x3fU);
	return len;
}

bool
expr_utf8_is_valid(struct slice text)
{
	while (text.len > 0) {
		uint32_t code;
		size_t len = expr_utf8_next(text, &code);

		if (code == UINT32_MAX)
			return false;
		text.data += len;
		text.len -= len;
	}
	return true;
}

size_t
expr_utf8_count(struct slice text)
{
	size_t count = 0;

	while (text.len > 0) {
		text = expr_utf8_skip(text, 1);
		count++;
	}
	return count;
}

struct slice
expr_utf8_skip(struct slice text, size_t count)
{
	uint32_t code;

	for (; count > 0 && text.len > 0; count--) {
		size_t len = expr_utf8_next(text, &code);

		text.data += len;
		text.len -= len;
	}
	return text;
}

/* Made once and kept: (locale_t)0 when the machine has none. */
static locale_t
expr_utf8_locale(void)
{
	static locale_t locale;
	static bool tried;

	if (!tried)
		locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	tried = true;
	return locale;
}

static bool
expr_utf8_ascii_between(uint32_t code, char first, char last)
{
	return code >= (uint32_t)first && code <= (uint32_t)last;
}

bool
expr_utf8_is_space(uint32_t code)
{
	return (code >= 9 && code <= 13) || code == ' ' || code == 0x85 || code == 0xa0 ||
	       code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
	       code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

bool
expr_utf8_is_upper(uint32_t code)
{
	if (code < 0x80)
		return expr_utf8_ascii_between(code, 'A', 'Z');
	return code != UINT32_MAX && expr_utf8_locale() &&
	       iswupper_l((wint_t)code, expr_utf8_locale());
}

bool
expr_utf8_is_lower(uint32_t code)
{
	if (code < 0x80)
		return expr_utf8_ascii_between(code, 'a', 'z');
	return code != UINT32_MAX && expr_utf8_locale() &&
	       iswlower_l((wint_t)code, expr_utf8_locale());
}

bool
expr_utf8_is_letter(uint32_t code)
{
	if (code < 0x80)
		return expr_utf8_is_upper(code) || expr_utf8_is_lower(code);
	return code != UINT32_MAX && expr_utf8_locale() &&
	       iswalpha_l((wint_t)code, expr_utf8_locale());
}

bool
expr_utf8_is_alphanumeric(uint32_t code)
{
	return expr_utf8_is_letter(code) || expr_utf8_ascii_between(code, '0', '9');
}

static uint32_t
expr_utf8_map(uint32_t code, bool upper)
{
	if (code < 0x80) {
		if (upper && expr_utf8_is_lower(code))
			return code - 'a' + 'A';
		if (!upper && expr_utf8_is_upper(code))
			return code - 'A' + 'a';
		return code;
	}
	if (code == UINT32_MAX || !expr_utf8_locale())
		return code;
	return upper ? (uint32_t)towupper_l((wint_t)code, expr_utf8_locale())
		     : (uint32_t)towlower_l((wint_t)code, expr_utf8_locale());
}

static size_t
expr_utf8_put(char *to, uint32_t code)
{
	static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = len; i-- > 1; code >>= 6)
		to[i] = (char)(0x80 | (code & 0x3f));
	to[0] = (char)(marks[len == 1 ? 0 : len] | code);
	return len;
}

/* Length of the front of text that a change of case leaves as it is. */
static size_t
expr_utf8_unchanged(struct slice text, bool upper)
{
	size_t at = 0;

	while (at < text.len) {
		uint32_t code;
		size_t len = expr_utf8_next((struct slice){text.data + at, text.len - at}, &code);

		if (expr_utf8_map(code, upper) != code)
			break;
		at += len;
	}
	return at;
}

static struct slice
expr_utf8_case(struct arena *arena, struct slice text, bool upper)
{
	size_t keep = expr_utf8_unchanged(text, upper);
	struct slice rest = {text.data + keep, text.len - keep};
	char *copy;
	size_t at = keep;

	if (keep == text.len)
		return text;
	/* A character can grow when its case changes, to four bytes at most. */
	copy = arena_alloc(arena, keep + rest.len * 4);
	memcpy(copy, text.data, keep);
	while (rest.len > 0) {
		uint32_t code;
		size_t len = expr_utf8_next(rest, &code);

		if (code == UINT32_MAX)
			copy[at++] = rest.data[0];
		else
			at += expr_utf8_put(copy + at, expr_utf8_map(code, upper));
		rest.data += len;
		rest.len -= len;
	}
	return (struct slice){copy, at};
}

struct slice
expr_utf8_lower(struct arena *arena, struct slice text)
{
	return expr_utf8_case(arena, text, false);
}

struct slice
expr_utf8_upper(struct arena *arena, struct slice text)
{
	return expr_utf8_case(arena, text, true);
}
