#include "common/quantity.h"

#include <stdio.h>
#include <string.h>

#include "common/why.h"

/* From the largest to the smallest, the order in which they may follow one another. */
static const struct {
	const char *name;
	int64_t ms;
} quantity_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};

static const struct {
	const char *name;
	int64_t bytes;
} quantity_sizes[] = {
    {"", 1},
    {"b", 1},
    {"k", 1024},
    {"kb", 1000},
    {"kib", 1024},
    {"m", 1024 * 1024},
    {"mb", 1000000},
    {"mib", 1024 * 1024},
    {"g", 1024 * 1024 * 1024},
    {"gb", 1000000000},
    {"gib", 1024 * 1024 * 1024},
};

enum { QUANTITY_UNITS = sizeof(quantity_units) / sizeof(quantity_units[0]) };

static size_t
quantity_span(struct slice text, bool digits)
{
	size_t len = 0;

	while (len < text.len && (text.data[len] >= '0' && text.data[len] <= '9') == digits)
		len++;
	return len;
}

/* Takes "12h" off the front; the unit must come behind *unit in the table. */
static bool
quantity_take_part(struct slice *text, size_t *unit, int64_t *ms)
{
	size_t digits = quantity_span(*text, true);
	struct slice rest = {text->data + digits, text->len - digits};
	struct slice name = {rest.data, quantity_span(rest, false)};
	unsigned long long number;
	size_t i = *unit;

	while (i < QUANTITY_UNITS && !slice_is_nocase(name, quantity_units[i].name))
		i++;
	if (i == QUANTITY_UNITS || !slice_number((struct slice){text->data, digits}, &number) ||
	    number > (unsigned long long)(INT64_MAX / 4 / quantity_units[i].ms))
		return false;
	*ms += (int64_t)number * quantity_units[i].ms;
	*unit = i + 1;
	text->data = name.data + name.len;
	text->len = rest.len - name.len;
	return true;
}

bool
quantity_duration(struct slice text, int64_t *ms, bool *bare, struct why *why)
{
	struct slice left = slice_trim(text);
	unsigned long long number;
	int64_t total = 0;
	size_t unit = 0;

	if (bare != NULL)
		*bare = slice_number(left, &number);
	if (slice_number(left, &number) && number <= INT64_MAX / 4) {
		*ms = (int64_t)number;
		return true;
	}
	while (left.len > 0 && unit < QUANTITY_UNITS && quantity_take_part(&left, &unit, &total))
		continue;
	if (left.len > 0 || unit == 0) {
		why_set(why, "\"%.*s\" is not a duration: write 3m, 1d12h or 500ms",
			SLICE_ARG(text));
		return false;
	}
	*ms = total;
	return true;
}

bool
quantity_size(struct slice text, int64_t *bytes, struct why *why)
{
	struct slice left = slice_trim(text);
	size_t digits = quantity_span(left, true);
	struct slice unit = slice_trim((struct slice){left.data + digits, left.len - digits});
	unsigned long long number;

	for (size_t i = 0; i < sizeof(quantity_sizes) / sizeof(quantity_sizes[0]); i++) {
		if (!slice_is_nocase(unit, quantity_sizes[i].name))
			continue;
		if (!slice_number((struct slice){left.data, digits}, &number) ||
		    number > (unsigned long long)(INT64_MAX / quantity_sizes[i].bytes))
			break;
		*bytes = (int64_t)number * quantity_sizes[i].bytes;
		return true;
	}
	why_set(why, "\"%.*s\" is not a size: write a number of bytes, or 50MiB", SLICE_ARG(text));
	return false;
}

bool
quantity_rate(struct slice text, int64_t *count, int64_t *period_ms, struct why *why)
{
	const char *slash = text.len ? memchr(text.data, '/', text.len) : NULL;
	unsigned long long number;
	struct slice left;
	struct slice right;

	if (slash != NULL) {
		left = slice_trim((struct slice){text.data, (size_t)(slash - text.data)});
		right = (struct slice){slash + 1, text.len - (size_t)(slash + 1 - text.data)};
		if (slice_number(left, &number) && number > 0 && number <= INT32_MAX &&
		    quantity_duration(right, period_ms, NULL, NULL) && *period_ms >= 1000) {
			*count = (int64_t)number;
			return true;
		}
	}
	why_set(why, "\"%.*s\" is not a rate: write a count and a period of at least 1s, 100/1s",
		SLICE_ARG(text));
	return false;
}

char *
quantity_duration_text(char text[QUANTITY_TEXT], int64_t ms)
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < QUANTITY_UNITS; i++) {
		int64_t n = ms / quantity_units[i].ms;

		if (n == 0)
			continue;
		len += (size_t)snprintf(text + len, QUANTITY_TEXT - len, "%lld%s", (long long)n,
					quantity_units[i].name);
		ms -= n * quantity_units[i].ms;
	}
	if (len == 0)
		snprintf(text, QUANTITY_TEXT, "0s");
	return text;
}

char *
quantity_size_text(char text[QUANTITY_TEXT], int64_t bytes)
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t i = 0;

	for (; value >= 1024 && i + 1 < sizeof(names) / sizeof(names[0]); i++)
		value /= 1024;
	snprintf(text, QUANTITY_TEXT, i ? "%.1f %s" : "%.0f %s", value, names[i]);
	return text;
}
