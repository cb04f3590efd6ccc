#include "common/toml/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "common/toml/tree.h"

/* The word while it is taken apart. */
struct number_word {
	const char *next;
	const char *end;
	const char *complaint;
};

static bool
number_is_digit(int c, unsigned base)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') < base;
	return base == 16 && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'));
}

static int
number_peek(const struct number_word *word)
{
	return word->next < word->end ? (unsigned char)*word->next : -1;
}

/* Digits with single underscores between them; false with a complaint when it is not that. */
static bool
number_digits(struct number_word *word, unsigned base, const char *missing)
{
	const char *const underscore = "an underscore in a number must stand between two digits";
	bool digit = false;
	int last = -1;

	for (;; word->next++) {
		int c = number_peek(word);

		if (c != '_' && !number_is_digit(c, base))
			break;
		if (c == '_' && !digit) {
			word->complaint = underscore;
			return false;
		}
		digit = c != '_';
		last = c;
	}
	if (!digit)
		word->complaint = last == '_' ? underscore : missing;
	return digit;
}

static bool
number_sign(struct number_word *word)
{
	if (number_peek(word) != '+' && number_peek(word) != '-')
		return false;
	word->next++;
	return true;
}

static unsigned
number_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

static bool
number_integer(struct slice word, unsigned base, struct toml_node *node, const char **complaint)
{
	bool minus = word.len > 0 && word.data[0] == '-';
	uint64_t limit = (uint64_t)INT64_MAX + (minus ? 1 : 0);
	uint64_t sum = 0;

	for (size_t i = 0; i < word.len; i++) {
		char c = word.data[i];
		unsigned digit;

		if (c == '_' || c == '+' || c == '-')
			continue;
		digit = number_value(c);
		if (sum > (limit - digit) / base) {
			*complaint = "the integer is too large: it must lie between "
				     "-9223372036854775808 and 9223372036854775807";
			return false;
		}
		sum = sum * base + digit;
	}
	node->type = TOML_INTEGER;
	node->integer = minus ? (int64_t)(0 - sum) : (int64_t)sum;
	return true;
}

static bool
number_float(struct slice word, struct toml_node *node, const char **complaint)
{
	/* The decimal point of strtod() is a matter of the locale, that of TOML is not. */
	locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	struct str digits = {0};

	for (size_t i = 0; i < word.len; i++)
		if (word.data[i] != '_')
			str_char(&digits, word.data[i]);
	node->type = TOML_FLOAT;
	node->real = plain != (locale_t)0 ? strtod_l(str_c(&digits), NULL, plain)
					  : strtod(str_c(&digits), NULL);
	if (plain != (locale_t)0)
		freelocale(plain);
	str_free(&digits);
	if (!isinf(node->real))
		return true;
	*complaint = "the number is too large for a float: write inf if infinity is meant";
	return false;
}

/* 0x, 0o, 0b. */
static bool
number_prefixed(struct slice text, struct number_word *word, struct toml_node *node)
{
	char letter = word->next[1];
	unsigned base = (letter | 0x20) == 'x' ? 16 : (letter | 0x20) == 'o' ? 8 : 2;
	const char *missing = base == 16  ? "only the digits 0 to 9 and a to f may follow 0x"
			      : base == 8 ? "only the digits 0 to 7 may follow 0o"
					  : "only the digits 0 and 1 may follow 0b";

	if (word->next != text.data) {
		word->complaint = "a hexadecimal, octal or binary number takes no sign";
		return false;
	}
	if (letter < 'a') {
		word->complaint = "the prefixes 0x, 0o and 0b are written in lower case";
		return false;
	}
	word->next += 2;
	if (!number_digits(word, base, missing))
		return false;
	if (word->next < word->end) {
		word->complaint = missing;
		return false;
	}
	text.data += 2;
	text.len -= 2;
	return number_integer(text, base, node, &word->complaint);
}

/* inf and nan behind their sign. */
static bool
number_special(struct slice rest, bool minus, struct toml_node *node, const char **complaint)
{
	if (!slice_is(rest, "inf") && !slice_is(rest, "nan")) {
		*complaint = "infinity and not-a-number are written inf and nan, in lower case";
		return false;
	}
	node->type = TOML_FLOAT;
	node->real =
	    copysign(slice_is(rest, "inf") ? (double)INFINITY : (double)NAN, minus ? -1.0 : 1.0);
	return true;
}

/* int [ "." digits ] [ "e" [ sign ] digits ], behind the sign. */
static bool
number_decimal(struct slice text, struct number_word *word, struct toml_node *node)
{
	const char *point = "a number needs digits on both sides of its point: 0.5, 1.0";
	const char *first = word->next;
	bool is_float = false;

	if (number_peek(word) == '.') {
		word->complaint = point;
		return false;
	}
	if (!number_digits(word, 10, NULL))
		return false;
	if (*first == '0' && word->next - first > 1) {
		word->complaint = "a number may not begin with 0: leave the 0 out (an octal "
				  "number begins with 0o)";
		return false;
	}
	if (number_peek(word) == '.') {
		is_float = true;
		word->next++;
		if (!number_digits(word, 10, point))
			return false;
	}
	if (number_peek(word) == 'e' || number_peek(word) == 'E') {
		is_float = true;
		word->next++;
		number_sign(word);
		if (!number_digits(word, 10, "digits are missing behind the e of a number"))
			return false;
	}
	if (word->next < word->end)
		return false;
	return is_float ? number_float(text, node, &word->complaint)
			: number_integer(text, 10, node, &word->complaint);
}

/* Only what could be a number gets a complaint about numbers; 3m and 192.0.2.1 are no numbers. */
static bool
number_resembles(struct slice rest)
{
	unsigned points = 0;

	for (size_t i = 0; i < rest.len; i++) {
		char c = rest.data[i];

		points += c == '.';
		if (!number_is_digit(c, 10) && strchr("._eE+-", c) == NULL)
			return false;
	}
	return points <= 1 && rest.len > 0 &&
	       (number_is_digit(rest.data[0], 10) ||
		(rest.data[0] == '.' && rest.len > 1 && number_is_digit(rest.data[1], 10)) ||
		(rest.data[0] == '_' && rest.len > 1 && number_is_digit(rest.data[1], 10)));
}

bool
toml_number_parse(struct slice text, struct toml_node *node, const char **complaint)
{
	struct number_word word = {.next = text.data, .end = text.data + text.len};
	struct slice rest;
	bool ok;

	*complaint = NULL;
	number_sign(&word);
	rest = (struct slice){word.next, (size_t)(word.end - word.next)};
	if (slice_is_nocase(rest, "inf") || slice_is_nocase(rest, "nan"))
		return number_special(rest, text.data[0] == '-', node, complaint);
	if (rest.len > 1 && rest.data[0] == '0' && strchr("xXoObB", rest.data[1]) != NULL)
		ok = number_prefixed(text, &word, node);
	else
		ok = number_resembles(rest) && number_decimal(text, &word, node);
	*complaint = word.complaint;
	return ok;
}
