#include "master/cli/value.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/proto/control.h"
#include "common/quantity.h"
#include "common/str.h"
#include "master/cli/text.h"

enum {
	CLI_VALUE_SECOND = INT64_C(1000),
	CLI_VALUE_MINUTE = 60 * CLI_VALUE_SECOND,
	CLI_VALUE_HOUR = 60 * CLI_VALUE_MINUTE,
	CLI_VALUE_DAY = 24 * CLI_VALUE_HOUR
};

/* False, and nothing said, when the calendar has no such year: ISO 8601 has four digits for it. */
static bool
cli_value_stamp(struct str *str, int64_t seconds, char between, const char *zone)
{
	time_t moment = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&moment, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
		return false;
	str_printf(str, "%04d-%02d-%02d%c%02d:%02d:%02d%s", tm.tm_year + 1900, tm.tm_mon + 1,
		   tm.tm_mday, between, tm.tm_hour, tm.tm_min, tm.tm_sec, zone);
	return true;
}

/* One unit, counted until two of the next: "90s", "119m", "47h", "5d". */
static void
cli_value_distance(struct str *str, uint64_t seconds)
{
	if (seconds < 120)
		str_printf(str, "%" PRIu64 "s", seconds);
	else if (seconds < 120 * 60)
		str_printf(str, "%" PRIu64 "m", seconds / 60);
	else if (seconds < 48 * 3600)
		str_printf(str, "%" PRIu64 "h", seconds / 3600);
	else
		str_printf(str, "%" PRIu64 "d", seconds / 86400);
}

static void
cli_value_relative(struct str *str, int64_t seconds, int64_t now)
{
	if (seconds == now) {
		str_text(str, "now");
	} else if (seconds > now) {
		str_text(str, "in ");
		cli_value_distance(str, (uint64_t)seconds - (uint64_t)now);
	} else {
		cli_value_distance(str, (uint64_t)now - (uint64_t)seconds);
		str_text(str, " ago");
	}
}

static void
cli_value_time(struct str *str, int64_t seconds, const struct cli_value_style *style)
{
	if (style->times == CLI_VALUE_RELATIVE) {
		cli_value_relative(str, seconds, style->now);
		return;
	}
	if (!cli_value_stamp(str, seconds, ' ', ""))
		str_printf(str, "%" PRId64, seconds);
	if (style->times == CLI_VALUE_BOTH) {
		str_text(str, " (");
		cli_value_relative(str, seconds, style->now);
		str_char(str, ')');
	}
}

/* Two units are enough: what is below them is left out. */
static void
cli_value_duration(struct str *str, int64_t ms)
{
	char text[QUANTITY_TEXT];
	int64_t step = 1;

	if (ms < 0) {
		str_printf(str, "%" PRId64 "ms", ms);
		return;
	}
	if (ms >= CLI_VALUE_DAY)
		step = CLI_VALUE_HOUR;
	else if (ms >= CLI_VALUE_HOUR)
		step = CLI_VALUE_MINUTE;
	else if (ms >= 10 * CLI_VALUE_SECOND)
		step = CLI_VALUE_SECOND;
	else if (ms >= CLI_VALUE_SECOND)
		step = CLI_VALUE_SECOND / 10;
	str_text(str, quantity_duration_text(text, ms - ms % step));
}

static void
cli_value_size(struct str *str, int64_t bytes)
{
	char text[QUANTITY_TEXT];

	if (bytes < 0)
		str_printf(str, "%" PRId64, bytes);
	else
		str_text(str, quantity_size_text(text, bytes));
}

static void
cli_value_text(struct str *str, struct slice text, enum cli_format format)
{
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		text.len--;
	if (text.len == 0)
		str_text(str, format == CLI_FORMAT_PATH ? "<>" : "-");
	while (text.len > 0) {
		const char *end = memchr(text.data, '\n', text.len);
		size_t len = end != NULL ? (size_t)(end - text.data) : text.len;

		cli_text_line(str, (struct slice){text.data, len});
		if (end == NULL)
			break;
		str_text(str, "; ");
		text.data += len + 1;
		text.len -= len + 1;
	}
}

/* Numbers that stand for words. False when this one stands for none. */
static bool
cli_value_word(struct str *str, int64_t number, enum cli_format format)
{
	static const char *const ret[] = {"-", "FULL", "HDRS"};

	if (format == CLI_FORMAT_FLAG)
		str_text(str, number ? "yes" : "no");
	else if (format == CLI_FORMAT_RET && number >= 0 && number < 3)
		str_text(str, ret[number]);
	else
		return false;
	return true;
}

void
cli_value_line(struct str *str, const struct proto_value *value, enum cli_format format,
	       const struct cli_value_style *style)
{
	switch (value->type) {
	case PROTO_VALUE_INTEGER:
		if (format == CLI_FORMAT_TIME)
			cli_value_time(str, value->integer, style);
		else if (format == CLI_FORMAT_SIZE)
			cli_value_size(str, value->integer);
		else if (!cli_value_word(str, value->integer, format))
			str_printf(str, "%" PRId64, value->integer);
		break;
	case PROTO_VALUE_BOOL:
		str_text(str, value->integer ? "yes" : "no");
		break;
	case PROTO_VALUE_TIME:
		cli_value_time(str, value->integer, style);
		break;
	case PROTO_VALUE_DURATION:
		cli_value_duration(str, value->integer);
		break;
	case PROTO_VALUE_SIZE:
		cli_value_size(str, value->integer);
		break;
	case PROTO_VALUE_REAL:
	case PROTO_VALUE_TEXT:
		cli_value_text(str, value->text, format);
		break;
	case PROTO_VALUE_NULL:
	case PROTO_VALUES:
		str_char(str, '-');
	}
}

static size_t
cli_value_digits(struct slice text, size_t from)
{
	size_t at = from;

	while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9')
		at++;
	return at - from;
}

/* The grammar of a number in JSON, RFC 8259 section 6; "inf" and "nan" are none. */
static bool
cli_value_is_json_number(struct slice text)
{
	size_t at = text.len > 0 && text.data[0] == '-';
	size_t digits = cli_value_digits(text, at);

	if (digits == 0 || (digits > 1 && text.data[at] == '0'))
		return false;
	at += digits;
	if (at < text.len && text.data[at] == '.') {
		digits = cli_value_digits(text, at + 1);
		if (digits == 0)
			return false;
		at += 1 + digits;
	}
	if (at < text.len && (text.data[at] == 'e' || text.data[at] == 'E')) {
		at++;
		if (at < text.len && (text.data[at] == '-' || text.data[at] == '+'))
			at++;
		digits = cli_value_digits(text, at);
		if (digits == 0)
			return false;
		at += digits;
	}
	return at == text.len;
}

void
cli_value_json(struct str *str, const struct proto_value *value)
{
	size_t before = str->len;

	switch (value->type) {
	case PROTO_VALUE_INTEGER:
	case PROTO_VALUE_DURATION:
	case PROTO_VALUE_SIZE:
		str_printf(str, "%" PRId64, value->integer);
		break;
	case PROTO_VALUE_REAL:
		if (cli_value_is_json_number(value->text))
			str_bytes(str, value->text.data, value->text.len);
		break;
	case PROTO_VALUE_BOOL:
		str_text(str, value->integer ? "true" : "false");
		break;
	case PROTO_VALUE_TEXT:
		cli_text_json(str, value->text);
		break;
	case PROTO_VALUE_TIME:
		str_char(str, '"');
		if (cli_value_stamp(str, value->integer, 'T', "Z\""))
			break;
		str->len = before;
		break;
	case PROTO_VALUE_NULL:
	case PROTO_VALUES:
		break;
	}
	if (str->len == before)
		str_text(str, "null");
}

bool
cli_value_is_number(const struct proto_value *value, enum cli_format format)
{
	switch (value->type) {
	case PROTO_VALUE_INTEGER:
		return format == CLI_FORMAT_TYPE || format == CLI_FORMAT_SIZE;
	case PROTO_VALUE_REAL:
	case PROTO_VALUE_DURATION:
	case PROTO_VALUE_SIZE:
		return true;
	default:
		return false;
	}
}

bool
cli_value_is_void(const struct proto_value *value, enum cli_format format)
{
	switch (value->type) {
	case PROTO_VALUE_NULL:
		return true;
	case PROTO_VALUE_TEXT:
	case PROTO_VALUE_REAL:
		return value->text.len == 0 && format != CLI_FORMAT_PATH;
	case PROTO_VALUE_INTEGER:
	case PROTO_VALUE_BOOL:
		return value->integer == 0 &&
		       (format == CLI_FORMAT_FLAG || format == CLI_FORMAT_RET);
	default:
		return false;
	}
}
