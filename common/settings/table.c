#include "common/settings/table.h"

#include <string.h>

#include "common/expr/scope.h"
#include "common/log.h"

#define SETTINGS_TABLE_NONE   0
#define SETTINGS_TABLE_DOMAIN EXPR_BIT(EXPR_VAR_RCPT_DOMAIN)
#define SETTINGS_TABLE_SENDER                                                \
	(EXPR_BIT(EXPR_VAR_SENDER) | EXPR_BIT(EXPR_VAR_SENDER_DOMAIN) |      \
	 EXPR_BIT(EXPR_VAR_PRIORITY) | EXPR_BIT(EXPR_VAR_RETRY_NUM) |        \
	 EXPR_BIT(EXPR_VAR_NOTIFY_NUM) | EXPR_BIT(EXPR_VAR_EXPIRES_IN) |     \
	 EXPR_BIT(EXPR_VAR_EXPIRES_IN_MS) | EXPR_BIT(EXPR_VAR_LAST_STATUS) | \
	 EXPR_BIT(EXPR_VAR_LAST_ERROR) | EXPR_BIT(EXPR_VAR_LAST_TLS_ERROR) | \
	 EXPR_BIT(EXPR_VAR_SIZE))
#define SETTINGS_TABLE_RCPT                                                              \
	(SETTINGS_TABLE_SENDER | SETTINGS_TABLE_DOMAIN | EXPR_BIT(EXPR_VAR_RECIPIENTS) | \
	 EXPR_BIT(EXPR_VAR_RCPT))
#define SETTINGS_TABLE_MX (SETTINGS_TABLE_RCPT | EXPR_BIT(EXPR_VAR_MX))
#define SETTINGS_TABLE_HOST \
	(SETTINGS_TABLE_MX | EXPR_BIT(EXPR_VAR_REMOTE_IP) | EXPR_BIT(EXPR_VAR_LOCAL_IP))

static const struct settings_row settings_table_rows[SETTING_COUNT] = {
#define SETTING(id, name, what, how, names, who, value, words) \
	[SETTING_##id] = {.key = (name),                       \
			  .type = SETTINGS_TYPE_##what,        \
			  .kind = SETTINGS_##how,              \
			  .by = SETTINGS_BY_##who,             \
			  .fallback = (value),                 \
			  .meaning = (words)},
#include "common/tbl/setting.def"
};

static const uint64_t settings_table_variables[SETTING_COUNT] = {
#define SETTING(id, name, what, how, names, who, value, words) \
	[SETTING_##id] = SETTINGS_TABLE_##names,
#include "common/tbl/setting.def"
};

static const char *const settings_table_types[] = {
    [SETTINGS_TYPE_TEXT] = "a text",
    [SETTINGS_TYPE_SECRET] = "a text",
    [SETTINGS_TYPE_HOST] = "a domain name such as mx.example.org, or an address literal",
    [SETTINGS_TYPE_DOMAIN] = "a domain name such as example.org",
    [SETTINGS_TYPE_MAILBOX] = "a mail address such as postmaster@example.org",
    [SETTINGS_TYPE_RELAY] = "the id of a remote in single quotes, or false",
    [SETTINGS_TYPE_DURATION] = "a duration longer than nothing, such as 3m, 1d12h or 500ms",
    [SETTINGS_TYPE_DELAY] = "a duration such as 3s, or 0",
    [SETTINGS_TYPE_DURATIONS] = "a list of at least one duration, such as [2m, 5m, 1h]",
    [SETTINGS_TYPE_NOTICES] = "a list of durations, such as [1d, 3d], or []",
    [SETTINGS_TYPE_COUNT] = "a number of 1 or more",
    [SETTINGS_TYPE_NUMBER] = "a number of 0 or more",
    [SETTINGS_TYPE_WORKERS] = "a number of 0 or more, or auto",
    [SETTINGS_TYPE_PRIORITY] = "a number from -9 to 9",
    [SETTINGS_TYPE_FRACTION] = "a number from 0 to 1, such as 0.1",
    [SETTINGS_TYPE_SIZE] = "a size such as 1048576 or \"50 MiB\"",
    [SETTINGS_TYPE_SPACE] = "a size, a percentage, or both: \"256 MiB or 2 %\"",
    [SETTINGS_TYPE_BOOL] = "true or false",
    [SETTINGS_TYPE_STRATEGY] = "ipv4_only, ipv6_only, ipv4_then_ipv6 or ipv6_then_ipv4",
    [SETTINGS_TYPE_REQUIREMENT] = "optional, require or disable",
    [SETTINGS_TYPE_FREQUENCY] = "never, hourly, daily or weekly",
    [SETTINGS_TYPE_REFUSAL] = "defer or bounce",
    [SETTINGS_TYPE_OUTCOME] = "retry, delivered or bounce",
    [SETTINGS_TYPE_TRUST] = "auto, true or false",
    [SETTINGS_TYPE_NEWLINE] = "repair or refuse",
    [SETTINGS_TYPE_LEVEL] = "error, warn, info or debug",
    [SETTINGS_TYPE_V4_LIST] = "IPv4 addresses: [\"192.0.2.10\", \"192.0.2.11\"]",
    [SETTINGS_TYPE_V6_LIST] = "IPv6 addresses: [\"2001:db8::a\", \"2001:db8::b\"]",
    [SETTINGS_TYPE_ADDRESSES] = "IP addresses: [\"192.0.2.1\", \"[2001:db8::1]:53\"]",
    [SETTINGS_TYPE_ENDPOINTS] = "\"127.0.0.1:2525\", \"[::1]:2525\" or \"unix:/PATH\", or a list",
    [SETTINGS_TYPE_PREFIXES] = "networks: [\"192.0.2.0/24\", \"2001:db8::/32\"]",
    [SETTINGS_TYPE_TEXTS] = "a list of texts: [\"one\", \"two\"]",
    [SETTINGS_TYPE_PATH] = "an absolute path",
    [SETTINGS_TYPE_MODE] = "permissions in octal, such as \"0666\"",
};

static const struct expr_constant settings_table_refusals[] = {
    {"defer", SETTINGS_DEFER},
    {"bounce", SETTINGS_BOUNCE},
};
static const struct expr_constant settings_table_outcomes[] = {
    {"retry", SETTINGS_UNKNOWN_RETRY},
    {"delivered", SETTINGS_UNKNOWN_DELIVERED},
    {"bounce", SETTINGS_UNKNOWN_BOUNCE},
};
static const struct expr_constant settings_table_trusts[] = {
    {"auto", SETTINGS_TRUST_AUTO},
    {"false", SETTINGS_TRUST_NO},
    {"true", SETTINGS_TRUST_YES},
};
static const struct expr_constant settings_table_newlines[] = {
    {"repair", SETTINGS_NEWLINE_REPAIR},
    {"refuse", SETTINGS_NEWLINE_REFUSE},
};
static const struct expr_constant settings_table_levels[] = {
    {"error", LOG_LEVEL_ERROR},
    {"warn", LOG_LEVEL_WARN},
    {"info", LOG_LEVEL_INFO},
    {"debug", LOG_LEVEL_DEBUG},
};

const struct settings_row *
settings_table_row(enum setting_id id)
{
	return &settings_table_rows[id];
}

bool
settings_table_find(struct slice key, enum setting_id *id)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		if (slice_is(key, settings_table_rows[i].key)) {
			*id = (enum setting_id)i;
			return true;
		}
	}
	return false;
}

#define SETTINGS_TABLE_WORDS(words)                                                   \
	(*count = sizeof(settings_table_##words) / sizeof(settings_table_##words[0]), \
	 settings_table_##words)

const struct expr_constant *
settings_table_words(enum settings_type type, size_t *count)
{
	switch (type) {
	case SETTINGS_TYPE_STRATEGY:
		return expr_scope_strategies(count);
	case SETTINGS_TYPE_REQUIREMENT:
		return expr_scope_requirements(count);
	case SETTINGS_TYPE_FREQUENCY:
		return expr_scope_frequencies(count);
	case SETTINGS_TYPE_REFUSAL:
		return SETTINGS_TABLE_WORDS(refusals);
	case SETTINGS_TYPE_OUTCOME:
		return SETTINGS_TABLE_WORDS(outcomes);
	case SETTINGS_TYPE_TRUST:
		return SETTINGS_TABLE_WORDS(trusts);
	case SETTINGS_TYPE_NEWLINE:
		return SETTINGS_TABLE_WORDS(newlines);
	case SETTINGS_TYPE_LEVEL:
		return SETTINGS_TABLE_WORDS(levels);
	default:
		*count = 0;
		return NULL;
	}
}

const char *
settings_table_word(enum settings_type type, long long value)
{
	size_t count;
	const struct expr_constant *words = settings_table_words(type, &count);

	for (size_t i = 0; i < count; i++) {
		if (words[i].value == value)
			return words[i].name;
	}
	return NULL;
}

struct expr_scope
settings_table_scope(enum setting_id id)
{
	const struct settings_row *row = &settings_table_rows[id];
	struct expr_scope scope = {
	    .variables = settings_table_variables[id],
	    .asynchronous = row->by == SETTINGS_BY_WORKER,
	    .key = row->key,
	};

	scope.constants = settings_table_words(row->type, &scope.constant_count);
	return scope;
}

struct expr_scope
settings_table_match_scope(const char *key)
{
	return (struct expr_scope){
	    .variables = SETTINGS_TABLE_HOST,
	    .asynchronous = true,
	    .key = key,
	};
}

const char *
settings_table_type_words(enum settings_type type)
{
	return settings_table_types[type];
}

bool
settings_table_is_section(struct slice key)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		const char *name = settings_table_rows[i].key;

		if (strlen(name) > key.len && memcmp(name, key.data, key.len) == 0 &&
		    name[key.len] == '.')
			return true;
	}
	return false;
}
