#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * One value of a row as people read it or as JSON. Pure: the time of day is an argument.
 */
struct proto_value;
struct str;

/* How a value is shown to people, where its type does not say it all. */
enum cli_format {
	CLI_FORMAT_TYPE, /* by its type */
	CLI_FORMAT_TIME, /* an integer is a time too */
	CLI_FORMAT_SIZE, /* an integer is bytes */
	CLI_FORMAT_PATH, /* a reverse-path: the empty one is "<>" */
	CLI_FORMAT_FLAG, /* a number is yes or no */
	CLI_FORMAT_RET   /* RET of RFC 3461: 0 not given, 1 FULL, 2 HDRS */
};

enum cli_value_times {
	CLI_VALUE_RELATIVE, /* "in 2m", "3h ago", "now" */
	CLI_VALUE_UTC,      /* "2026-11-21 17:00:00" */
	CLI_VALUE_BOTH      /* "2026-11-21 17:00:00 (3h ago)" */
};

struct cli_value_style {
	int64_t now; /* seconds since the epoch */
	enum cli_value_times times;
};

/* One line; NULL and empty texts are "-", line ends in a text "; ". */
void cli_value_line(struct str *str, const struct proto_value *value, enum cli_format format,
		    const struct cli_value_style *style);
/* Numbers as numbers, durations in milliseconds, sizes in bytes, times in ISO 8601 (UTC). */
void cli_value_json(struct str *str, const struct proto_value *value);
/* Is it shown as a quantity, whose digits belong below each other? */
bool cli_value_is_number(const struct proto_value *value, enum cli_format format);
/* Says nothing to people: NULL, an empty text, a flag that is not set, RET not given. */
bool cli_value_is_void(const struct proto_value *value, enum cli_format format);
