#include "common/settings/convert.h"

#include <string.h>

#include "common/arena.h"
#include "common/domain.h"
#include "common/expr/scope.h"
#include "common/expr/value.h"
#include "common/mailbox.h"
#include "common/quantity.h"
#include "common/why.h"

enum { SETTINGS_CONVERT_PRIORITY = 9, SETTINGS_CONVERT_LIST = 1024 };

static bool
settings_convert_number(const struct expr_value *value, int64_t least, int64_t *integer)
{
	int64_t number;

	if (!expr_value_to_count(value, &number) || number < least)
		return false;
	*integer = number;
	return true;
}

static bool
settings_convert_delay(const struct expr_value *value, int64_t *ms)
{
	struct expr_value number;

	if (expr_value_to_duration_ms(value, ms))
		return true;
	if (value->type == EXPR_ARRAY || (value->type == EXPR_TEXT && value->text.len == 0))
		return false;
	if (value->type == EXPR_TEXT && !slice_is(value->text, "0") && !slice_is(value->text, "0s"))
		return false;
	number = expr_value_number(value);
	*ms = 0;
	return number.type == EXPR_INTEGER ? number.integer == 0 : number.real == 0;
}

static bool
settings_convert_priority(const struct expr_value *value, int64_t *integer)
{
	struct expr_value number = expr_value_number(value);

	if (value->type == EXPR_ARRAY || number.type != EXPR_INTEGER ||
	    number.integer < -SETTINGS_CONVERT_PRIORITY ||
	    number.integer > SETTINGS_CONVERT_PRIORITY)
		return false;
	*integer = number.integer;
	return value->type != EXPR_TEXT || value->text.len > 0;
}

static bool
settings_convert_fraction(const struct expr_value *value, double *real)
{
	struct expr_value number = expr_value_number(value);

	if (value->type == EXPR_ARRAY || (value->type == EXPR_TEXT && value->text.len == 0))
		return false;
	*real = number.type == EXPR_INTEGER ? (double)number.integer : number.real;
	return *real >= 0 && *real <= 1;
}

static bool
settings_convert_size(const struct expr_value *value, int64_t *bytes)
{
	if (value->type == EXPR_TEXT)
		return quantity_size(value->text, bytes, NULL) && *bytes > 0;
	return settings_convert_number(value, 1, bytes);
}

static bool
settings_convert_durations(struct arena *arena, const struct expr_value *value, size_t least,
			   struct settings_datum *datum)
{
	const struct expr_value *items;
	int64_t *list;
	size_t count;

	if (!expr_value_to_list(value, &items, &count) || count < least ||
	    count > SETTINGS_CONVERT_LIST)
		return false;
	list = arena_array(arena, count + 1, sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		if (!expr_value_to_duration_ms(&items[i], &list[i]))
			return false;
	}
	datum->integers = list;
	datum->count = count;
	datum->unset = count == 0;
	return true;
}

/* D17: one bad element spoils the list, so that no mail leaves from an unwanted address. */
static bool
settings_convert_addresses(struct arena *arena, int family, const struct expr_value *value,
			   struct settings_datum *datum, struct why *why)
{
	const char *other =
	    family == AF_INET ? "IPv6 address: list it under v6" : "IPv4 address: list it under v4";
	const struct expr_value *items;
	struct netaddr *list;
	size_t count;

	if (!expr_value_to_list(value, &items, &count) || count > SETTINGS_CONVERT_LIST)
		return false;
	list = arena_array(arena, count + 1, sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		if (items[i].type != EXPR_TEXT)
			return false;
		if (!netaddr_parse(items[i].text, 0, &list[i])) {
			why_set(why, "\"%.*s\" is not an IP address: write %s",
				SLICE_ARG(items[i].text),
				family == AF_INET ? "\"192.0.2.10\"" : "\"2001:db8::a\"");
			return false;
		}
		if (netaddr_family(&list[i]) != family) {
			why_set(why, "%.*s is an %s", SLICE_ARG(items[i].text), other);
			return false;
		}
		if (netaddr_is_unspecified(&list[i])) {
			why_set(why,
				"%.*s is no address to send from: leave the key out to let "
				"the system choose",
				SLICE_ARG(items[i].text));
			return false;
		}
	}
	datum->addresses = list;
	datum->count = count;
	datum->unset = count == 0;
	return true;
}

/* The text of the value, NUL-terminated, when it passes the test of its type. */
static bool
settings_convert_text(struct arena *arena, enum settings_type type, const struct expr_value *value,
		      struct settings_datum *datum)
{
	struct mailbox mailbox;
	struct slice text;

	if (!expr_value_to_text(value, &text)) {
		/* A number is how `false` says "none". */
		datum->unset = true;
		return (type == SETTINGS_TYPE_TEXT || type == SETTINGS_TYPE_RELAY) &&
		       value->type == EXPR_INTEGER && value->integer == 0;
	}
	if ((type == SETTINGS_TYPE_HOST && !domain_is_ehlo_name(text)) ||
	    (type == SETTINGS_TYPE_DOMAIN && !domain_is_valid(text)) ||
	    (type == SETTINGS_TYPE_MAILBOX && !mailbox_parse(text, &mailbox)) ||
	    (type == SETTINGS_TYPE_RELAY && text.len == 0))
		return false;
	datum->text = (struct slice){arena_copy(arena, text.data, text.len), text.len};
	datum->unset = text.len == 0;
	return true;
}

static bool
settings_convert_choice(enum settings_type type, const struct expr_value *value, int64_t *choice)
{
	/* A requirement or a frequency in quotes never was one. */
	bool named = type != SETTINGS_TYPE_REQUIREMENT && type != SETTINGS_TYPE_FREQUENCY;
	size_t count;
	const struct expr_constant *words = settings_table_words(type, &count);

	return expr_value_to_choice(value, words, count, named, choice);
}

static bool
settings_convert_any(struct arena *arena, enum settings_type type, const struct expr_value *value,
		     struct settings_datum *datum, struct why *why)
{
	bool truth = false;

	switch (type) {
	case SETTINGS_TYPE_DURATION:
		return expr_value_to_duration_ms(value, &datum->integer);
	case SETTINGS_TYPE_DELAY:
		return settings_convert_delay(value, &datum->integer);
	case SETTINGS_TYPE_DURATIONS:
	case SETTINGS_TYPE_NOTICES:
		return settings_convert_durations(arena, value, type == SETTINGS_TYPE_DURATIONS,
						  datum);
	case SETTINGS_TYPE_COUNT:
	case SETTINGS_TYPE_NUMBER:
		return settings_convert_number(value, type == SETTINGS_TYPE_COUNT, &datum->integer);
	case SETTINGS_TYPE_PRIORITY:
		return settings_convert_priority(value, &datum->integer);
	case SETTINGS_TYPE_FRACTION:
		return settings_convert_fraction(value, &datum->real);
	case SETTINGS_TYPE_SIZE:
		return settings_convert_size(value, &datum->integer);
	case SETTINGS_TYPE_BOOL:
		expr_value_to_bool(value, &truth);
		datum->integer = truth;
		return true;
	case SETTINGS_TYPE_V4_LIST:
		return settings_convert_addresses(arena, AF_INET, value, datum, why);
	case SETTINGS_TYPE_V6_LIST:
		return settings_convert_addresses(arena, AF_INET6, value, datum, why);
	case SETTINGS_TYPE_STRATEGY:
	case SETTINGS_TYPE_REQUIREMENT:
	case SETTINGS_TYPE_FREQUENCY:
	case SETTINGS_TYPE_REFUSAL:
	case SETTINGS_TYPE_OUTCOME:
		return settings_convert_choice(type, value, &datum->integer);
	default:
		return settings_convert_text(arena, type, value, datum);
	}
}

bool
settings_convert(struct arena *arena, enum settings_type type, const struct expr_value *value,
		 struct settings_datum *datum, struct why *why)
{
	struct settings_datum made = {0};
	struct str shown = {0};
	struct why local = {0};

	if (why == NULL)
		why = &local;
	why->text[0] = '\0';
	if (settings_convert_any(arena, type, value, &made, why)) {
		*datum = made;
		return true;
	}
	if (why->text[0] == '\0') {
		expr_value_print(&shown, value);
		why_set(why, "the value is %.200s, and must be %s", str_c(&shown),
			settings_table_type_words(type));
		str_free(&shown);
	}
	return false;
}
