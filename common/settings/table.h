#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"

/*
 * The table of all keys with one value each: what the manual, `check -v`, suggestions and the
 * loader know about a key is its row in common/tbl/setting.def. Constant data.
 */
struct expr_constant;
struct expr_scope;

enum setting_id {
#define SETTING(id, key, type, kind, scope, by, fallback, meaning) SETTING_##id,
#include "common/tbl/setting.def"
	SETTING_COUNT
};

/* What a value must be; see settings_table_type_words() for the words. */
enum settings_type {
	SETTINGS_TYPE_TEXT,      /* any text; as an expression a number is "none" */
	SETTINGS_TYPE_SECRET,    /* a text never shown */
	SETTINGS_TYPE_HOST,      /* domain name or address literal, as in EHLO */
	SETTINGS_TYPE_DOMAIN,    /* domain name */
	SETTINGS_TYPE_MAILBOX,   /* mail address */
	SETTINGS_TYPE_RELAY,     /* id of a remote, or false */
	SETTINGS_TYPE_DURATION,  /* milliseconds, 1 or more */
	SETTINGS_TYPE_DELAY,     /* milliseconds, 0 or more */
	SETTINGS_TYPE_DURATIONS, /* list of durations, at least one */
	SETTINGS_TYPE_NOTICES,   /* list of durations, may be empty */
	SETTINGS_TYPE_COUNT,     /* 1 or more */
	SETTINGS_TYPE_NUMBER,    /* 0 or more */
	SETTINGS_TYPE_WORKERS,   /* 0 or more, or "auto", which is -1 */
	SETTINGS_TYPE_PRIORITY,  /* -9 to 9 */
	SETTINGS_TYPE_FRACTION,  /* 0 to 1 */
	SETTINGS_TYPE_SIZE,      /* bytes */
	SETTINGS_TYPE_SPACE,     /* bytes, a percentage, or both */
	SETTINGS_TYPE_BOOL,
	SETTINGS_TYPE_STRATEGY,    /* enum settings_strategy */
	SETTINGS_TYPE_REQUIREMENT, /* enum settings_requirement */
	SETTINGS_TYPE_FREQUENCY,   /* enum settings_frequency */
	SETTINGS_TYPE_REFUSAL,     /* enum settings_refusal */
	SETTINGS_TYPE_OUTCOME,     /* enum settings_outcome */
	SETTINGS_TYPE_TRUST,       /* enum settings_trust */
	SETTINGS_TYPE_NEWLINE,     /* enum settings_newline */
	SETTINGS_TYPE_LEVEL,       /* enum log_level */
	SETTINGS_TYPE_V4_LIST,
	SETTINGS_TYPE_V6_LIST,
	SETTINGS_TYPE_ADDRESSES, /* list of addresses, port optional */
	SETTINGS_TYPE_ENDPOINTS, /* list of "ADDRESS:PORT" and "unix:PATH" */
	SETTINGS_TYPE_PREFIXES,
	SETTINGS_TYPE_TEXTS,
	SETTINGS_TYPE_PATH, /* absolute */
	SETTINGS_TYPE_MODE  /* permissions, in octal */
};

/* The numbers are those of the words inside expressions. */
enum settings_strategy {
	SETTINGS_IPV4_ONLY = 2,
	SETTINGS_IPV6_ONLY = 3,
	SETTINGS_IPV6_THEN_IPV4 = 4,
	SETTINGS_IPV4_THEN_IPV6 = 5
};
enum settings_requirement { SETTINGS_DISABLE, SETTINGS_REQUIRE, SETTINGS_OPTIONAL };
enum settings_frequency {
	SETTINGS_NEVER = 0,
	SETTINGS_HOURLY = 2,
	SETTINGS_DAILY = 3,
	SETTINGS_WEEKLY = 4
};
/* A greeting of 5xx: temporary or permanent. */
enum settings_refusal { SETTINGS_DEFER, SETTINGS_BOUNCE };
/* A message whose end was not answered: sent again, taken as delivered, or given up. */
enum settings_outcome {
	SETTINGS_UNKNOWN_RETRY,
	SETTINGS_UNKNOWN_DELIVERED,
	SETTINGS_UNKNOWN_BOUNCE
};
/* The AD bit of answers: believed from loopback only, never, always. */
enum settings_trust { SETTINGS_TRUST_AUTO, SETTINGS_TRUST_NO, SETTINGS_TRUST_YES };
enum settings_newline { SETTINGS_NEWLINE_REPAIR, SETTINGS_NEWLINE_REFUSE };

enum settings_kind { SETTINGS_STATIC, SETTINGS_EXPRESSION };
enum settings_by { SETTINGS_BY_MASTER, SETTINGS_BY_WORKER, SETTINGS_BY_BOTH };

struct settings_row {
	const char *key;
	enum settings_type type;
	enum settings_kind kind;
	enum settings_by by;  /* who evaluates; the master refuses dns_query */
	const char *fallback; /* as in the file; "" is unset; DEFAULT_* words are made at load */
	const char *meaning;
};

const struct settings_row *settings_table_row(enum setting_id id);
/* False when there is no such key. */
bool settings_table_find(struct slice key, enum setting_id *id);
/* The variables, constants and functions an expression key may use. */
struct expr_scope settings_table_scope(enum setting_id id);
/* What the match of a limiter or quota may use: everything there is about a delivery. */
struct expr_scope settings_table_match_scope(const char *key);
/* "a duration, such as 3m", "a list of IPv4 addresses, …": to be put behind "must be ". */
const char *settings_table_type_words(enum settings_type type);
/* The words of a choice with their numbers; NULL for other types. */
const struct expr_constant *settings_table_words(enum settings_type type, size_t *count);
/* The name of one choice, as written in a file; NULL when the type has no such number. */
const char *settings_table_word(enum settings_type type, long long value);
/* Is there a key that begins with this one and a dot? */
bool settings_table_is_section(struct slice key);
