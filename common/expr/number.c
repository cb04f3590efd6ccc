#include "common/expr/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool
expr_number_integer(struct slice text, int64_t *integer)
{
	bool negative = text.len > 0 && text.data[0] == '-';
	int64_t value = 0;

	if (text.len > 0 && (text.data[0] == '-' || text.data[0] == '+')) {
		text.data++;
		text.len--;
	}
	if (text.len == 0)
		return false;
	/* Downwards, because the range has one more number below 0 than above. */
	for (size_t i = 0; i < text.len; i++) {
		int digit = text.data[i] - '0';

		if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, digit, &value))
			return false;
	}
	if (!negative && value == INT64_MIN)
		return false;
	*integer = negative ? value : -value;
	return true;
}

static size_t
expr_number_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* What strtod() takes beyond this (hexadecimal, spaces, nan(...)) is not ours. */
static bool
expr_number_is_float(const char *text)
{
	size_t whole;
	size_t fraction = 0;

	text += *text == '-' || *text == '+';
	if (strcasecmp(text, "inf") == 0 || strcasecmp(text, "infinity") == 0 ||
	    strcasecmp(text, "nan") == 0)
		return true;
	whole = expr_number_digits(text);
	text += whole;
	if (*text == '.') {
		fraction = expr_number_digits(++text);
		text += fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		if (expr_number_digits(text) == 0)
			return false;
		text += expr_number_digits(text);
	}
	return *text == '\0';
}

bool
expr_number_float(struct slice text, double *real)
{
	char copy[EXPR_NUMBER_TEXT];

	if (text.len >= sizeof(copy) || text.len == 0)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (memchr(copy, '\0', text.len) != NULL || !expr_number_is_float(copy))
		return false;
	*real = strtod(copy, NULL);
	return true;
}

int64_t
expr_number_truncate(double real)
{
	if (isnan(real))
		return 0;
	if (real >= 0x1p63)
		return INT64_MAX;
	if (real <= -0x1p63)
		return INT64_MIN;
	return (int64_t)real;
}

/* Digits as "d.ddde±xx", the fewest that read back as the same number. */
static void
expr_number_shortest(char *digits, size_t room, double real)
{
	for (int precision = 0; precision <= 16; precision++) {
		snprintf(digits, room, "%.*e", precision, real);
		if (strtod(digits, NULL) == real)
			return;
	}
}

size_t
expr_number_format(char text[EXPR_NUMBER_TEXT], double real, bool point)
{
	char digits[32];
	char *end;
	int exponent;
	int places;

	if (isnan(real))
		return (size_t)snprintf(text, EXPR_NUMBER_TEXT, "NaN");
	if (isinf(real))
		return (size_t)snprintf(text, EXPR_NUMBER_TEXT, real < 0 ? "-inf" : "inf");
	expr_number_shortest(digits, sizeof(digits), real);
	end = strchr(digits, 'e');
	exponent = (int)strtol(end + 1, NULL, 10);
	places = (int)(end - digits) - (digits[0] == '-') - 1;
	places = (places > 0 ? places - 1 : 0) - exponent;
	if (places > 0)
		return (size_t)snprintf(text, EXPR_NUMBER_TEXT, "%.*f", places, real);
	/* "%.0f" would show all digits of the binary number, more than are needed. */
	*end = '\0';
	if (strchr(digits, '.') != NULL)
		memmove(strchr(digits, '.'), strchr(digits, '.') + 1, strlen(strchr(digits, '.')));
	if (places == 0)
		return (size_t)snprintf(text, EXPR_NUMBER_TEXT, "%s%s", digits, point ? ".0" : "");
	return (size_t)snprintf(text, EXPR_NUMBER_TEXT, "%s%0*d%s", digits, -places, 0,
				point ? ".0" : "");
}

int64_t
expr_number_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

int64_t
expr_number_subtract(int64_t a, int64_t b)
{
	int64_t difference;

	if (__builtin_sub_overflow(a, b, &difference))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return difference;
}

int64_t
expr_number_multiply(int64_t a, int64_t b)
{
	int64_t product;

	if (__builtin_mul_overflow(a, b, &product))
		return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
	return product;
}

int64_t
expr_number_negate(int64_t a)
{
	return a == INT64_MIN ? INT64_MAX : -a;
}
