#include "common/settings/print.h"

#include <stdio.h>
#include <string.h>

#include "common/expr/block.h"
#include "common/expr/expr.h"
#include "common/quantity.h"
#include "common/settings/load.h"
#include "common/toml/tree.h"

#define SETTINGS_PRINT_STARS "\"********\""

static void
settings_print_line(struct str *out, const char *key, const struct str *value, const char *file,
		    unsigned line)
{
	str_printf(out, "%s = %s   # ", key, str_c(value));
	if (line > 0)
		str_printf(out, "%s:%u\n", file, line);
	else
		str_text(out, "default\n");
}

static void
settings_print_addresses(struct str *value, const struct settings_datum *datum)
{
	char text[NETADDR_TEXT];

	str_char(value, '[');
	for (size_t i = 0; i < datum->count; i++)
		str_printf(value, "%s\"%s\"", i ? ", " : "",
			   netaddr_text(text, &datum->addresses[i]));
	str_char(value, ']');
}

static void
settings_print_durations(struct str *value, const struct settings_datum *datum)
{
	char text[QUANTITY_TEXT];

	str_text(value, "\"[");
	for (size_t i = 0; i < datum->count; i++)
		str_printf(value, "%s%s", i ? ", " : "",
			   quantity_duration_text(text, datum->integers[i]));
	str_text(value, "]\"");
}

static void
settings_print_endpoints(struct str *value, const struct settings_datum *datum)
{
	char text[NETADDR_TEXT];

	str_char(value, '[');
	for (size_t i = 0; i < datum->count; i++) {
		const struct settings_endpoint *endpoint = &datum->endpoints[i];

		str_text(value, i ? ", " : "");
		if (endpoint->path != NULL)
			str_printf(value, "\"unix:%s\"", endpoint->path);
		else if (netaddr_port(&endpoint->address) != 0)
			str_printf(value, "\"%s\"", netaddr_text_port(text, &endpoint->address));
		else
			str_printf(value, "\"%s\"", netaddr_text(text, &endpoint->address));
	}
	str_char(value, ']');
}

static void
settings_print_prefixes(struct str *value, const struct settings_datum *datum)
{
	char text[NETADDR_TEXT];

	str_char(value, '[');
	for (size_t i = 0; i < datum->count; i++)
		str_printf(value, "%s\"%s/%u\"", i ? ", " : "",
			   netaddr_text(text, &datum->prefixes[i].base), datum->prefixes[i].bits);
	str_char(value, ']');
}

static void
settings_print_texts(struct str *value, const struct settings_datum *datum)
{
	str_char(value, '[');
	for (size_t i = 0; i < datum->count; i++) {
		str_text(value, i ? ", " : "");
		str_json(value, datum->texts[i], strlen(datum->texts[i]));
	}
	str_char(value, ']');
}

static void
settings_print_number(struct str *value, enum settings_type type,
		      const struct settings_datum *datum)
{
	char text[QUANTITY_TEXT];

	if (type == SETTINGS_TYPE_DURATION || type == SETTINGS_TYPE_DELAY)
		str_printf(value, "\"%s\"", quantity_duration_text(text, datum->integer));
	else if (type == SETTINGS_TYPE_FRACTION)
		str_printf(value, "%g", datum->real);
	else if (type == SETTINGS_TYPE_BOOL)
		str_text(value, datum->integer ? "true" : "false");
	else if (type == SETTINGS_TYPE_MODE)
		str_printf(value, "\"%04o\"", (unsigned)datum->integer);
	else if (type == SETTINGS_TYPE_WORKERS && datum->integer < 0)
		str_text(value, "\"auto\"");
	else if (type == SETTINGS_TYPE_SPACE && datum->percent > 0 && datum->integer > 0)
		str_printf(value, "\"%lld or %d %%\"", (long long)datum->integer, datum->percent);
	else if (type == SETTINGS_TYPE_SPACE && datum->percent > 0)
		str_printf(value, "\"%d %%\"", datum->percent);
	else if (settings_table_word(type, datum->integer) != NULL)
		str_printf(value, "\"%s\"", settings_table_word(type, datum->integer));
	else
		str_printf(value, "%lld", (long long)datum->integer);
}

static bool
settings_print_is_text(enum settings_type type)
{
	return type == SETTINGS_TYPE_TEXT || type == SETTINGS_TYPE_SECRET ||
	       type == SETTINGS_TYPE_HOST || type == SETTINGS_TYPE_DOMAIN ||
	       type == SETTINGS_TYPE_MAILBOX || type == SETTINGS_TYPE_RELAY ||
	       type == SETTINGS_TYPE_PATH;
}

/* A value as a file has it; inside an expression a text has quotes of its own. */
static void
settings_print_datum(struct str *value, enum settings_type type, const struct settings_datum *datum,
		     bool expression)
{
	struct str quoted = {0};

	if (type == SETTINGS_TYPE_V4_LIST || type == SETTINGS_TYPE_V6_LIST) {
		settings_print_addresses(value, datum);
	} else if (type == SETTINGS_TYPE_DURATIONS || type == SETTINGS_TYPE_NOTICES) {
		settings_print_durations(value, datum);
	} else if (type == SETTINGS_TYPE_ADDRESSES || type == SETTINGS_TYPE_ENDPOINTS) {
		settings_print_endpoints(value, datum);
	} else if (type == SETTINGS_TYPE_PREFIXES) {
		settings_print_prefixes(value, datum);
	} else if (type == SETTINGS_TYPE_TEXTS) {
		settings_print_texts(value, datum);
	} else if (!settings_print_is_text(type)) {
		settings_print_number(value, type, datum);
	} else if (type == SETTINGS_TYPE_SECRET && !datum->unset) {
		str_text(value, SETTINGS_PRINT_STARS);
	} else if (expression && datum->unset) {
		str_text(value, "false");
	} else {
		str_printf(&quoted, expression ? "'%.*s'" : "%.*s", (int)datum->text.len,
			   datum->text.len ? datum->text.data : "");
		str_json(value, str_c(&quoted), quoted.len);
		str_free(&quoted);
	}
}

static void
settings_print_expr(struct str *value, const struct expr *expr)
{
	struct slice text = expr_text(expr);

	str_json(value, text.len ? text.data : "", text.len);
}

static void
settings_print_branch(struct str *value, enum setting_id id, const struct settings_slot *slot,
		      size_t which)
{
	const struct settings_branch *branch = &slot->branches[which];

	if (branch->constant)
		settings_print_datum(value, settings_table_row(id)->type, &branch->datum, true);
	else
		settings_print_expr(value, which < slot->block->rule_count
					       ? slot->block->rules[which].value
					       : slot->block->otherwise);
}

static void
settings_print_block(struct str *value, enum setting_id id, const struct settings_slot *slot)
{
	const struct expr_block *block = slot->block;

	if (block->rule_count == 0) {
		settings_print_branch(value, id, slot, 0);
		return;
	}
	str_text(value, "[ ");
	for (size_t i = 0; i < block->rule_count; i++) {
		str_text(value, "{ if = ");
		settings_print_expr(value, block->rules[i].condition);
		str_text(value, ", then = ");
		settings_print_branch(value, id, slot, i);
		str_text(value, " }, ");
	}
	str_text(value, "{ else = ");
	settings_print_branch(value, id, slot, block->rule_count);
	str_text(value, " } ]");
}

static void
settings_print_slot(const struct settings *settings, enum setting_id id, struct str *out)
{
	const struct settings_row *row = settings_table_row(id);
	const struct settings_slot *slot = &settings->slots[id];
	struct settings_datum datum = slot->datum;
	struct str value = {0};

	if (slot->given && slot->node->type == TOML_STRING &&
	    settings_macro_present(slot->node->source)) {
		/* On one line, whatever the string was. */
		str_json(&value, slot->node->source.data, slot->node->source.len);
	} else if (row->kind == SETTINGS_EXPRESSION) {
		settings_print_block(&value, id, slot);
	} else {
		if (id == SETTING_SERVER_HOSTNAME)
			datum.text = slice_of(settings->hostname);
		if (id == SETTING_REPORT_DOMAIN)
			datum.text = slice_of(settings->report_domain);
		settings_print_datum(&value, row->type, &datum, false);
	}
	settings_print_line(out, row->key, &value, settings->file, slot->given ? slot->at.line : 0);
	str_free(&value);
}

static void
settings_print_member(struct str *out, const struct settings *settings, const char *key,
		      const char *value, unsigned line)
{
	str_printf(out, "%s = %s   # %s:%u\n", key, value, settings->file, line);
}

static void
settings_print_relay(const struct settings *settings, const struct settings_relay *relay,
		     struct str *out)
{
	const char *file = settings->file;
	unsigned line = relay->at.line;

	str_printf(out, "remote.%s.address = \"%s%s\"   # %s:%u\n", relay->id,
		   relay->is_unix ? "unix:" : "", relay->host, file, line);
	str_printf(out, "remote.%s.port = %u   # %s:%u\n", relay->id, relay->port, file, line);
	str_printf(out, "remote.%s.protocol = \"%s\"   # %s:%u\n", relay->id,
		   relay->lmtp ? "lmtp" : "smtp", file, line);
	if (relay->username != NULL) {
		str_printf(out, "remote.%s.auth.username = \"%s\"   # %s:%u\n", relay->id,
			   relay->username, file, line);
		str_printf(out, "remote.%s.auth.secret = %s   # %s:%u\n", relay->id,
			   SETTINGS_PRINT_STARS, file, line);
	}
	str_printf(out, "remote.%s.tls.implicit = %s   # %s:%u\n", relay->id,
		   relay->implicit_tls ? "true" : "false", file, line);
	str_printf(out, "remote.%s.tls.allow-invalid-certs = %s   # %s:%u\n", relay->id,
		   relay->allow_invalid_certs ? "true" : "false", file, line);
}

/* An inline table with the members that count. */
static void
settings_print_limits(struct str *value, bool enabled, const struct expr_block *match)
{
	str_printf(value, "enable = %s", enabled ? "true" : "false");
	if (match != NULL && match->rule_count == 0) {
		str_text(value, ", match = ");
		settings_print_expr(value, match->otherwise);
	} else if (match != NULL) {
		str_printf(value, ", match = [ %zu conditions ]", match->rule_count);
	}
}

static void
settings_print_limiter(const struct settings *settings, const struct settings_limiter *limiter,
		       struct str *out)
{
	static const char *const names[] = {
	    "sender", "sender_domain", "rcpt_domain", "mx", "remote_ip", "local_ip",
	};
	char period[QUANTITY_TEXT];
	struct str value = {0};
	struct str key = {0};

	str_printf(&key, "queue.limiter.outbound.%s", limiter->id);
	str_text(&value, "{ ");
	settings_print_limits(&value, limiter->enabled, limiter->match);
	str_text(&value, ", key = [");
	for (size_t i = 0, n = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (limiter->keys & (1U << i))
			str_printf(&value, "%s\"%s\"", n++ ? ", " : "", names[i]);
	}
	str_char(&value, ']');
	if (limiter->rate > 0)
		str_printf(&value, ", rate = \"%lld/%s\"", (long long)limiter->rate,
			   quantity_duration_text(period, limiter->period_ms));
	if (limiter->concurrency > 0)
		str_printf(&value, ", concurrency = %lld", (long long)limiter->concurrency);
	str_text(&value, " }");
	settings_print_member(out, settings, str_c(&key), str_c(&value), limiter->at.line);
	str_free(&key);
	str_free(&value);
}

static void
settings_print_quota(const struct settings *settings, const struct settings_quota *quota,
		     struct str *out)
{
	static const char *const names[] = {"sender", "sender_domain", "rcpt_domain", "rcpt"};
	struct str value = {0};
	struct str key = {0};

	str_printf(&key, "queue.quota.%s", quota->id);
	str_text(&value, "{ ");
	settings_print_limits(&value, quota->enabled, quota->match);
	str_text(&value, ", key = [");
	for (size_t i = 0, n = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (quota->keys & (1U << i))
			str_printf(&value, "%s\"%s\"", n++ ? ", " : "", names[i]);
	}
	str_char(&value, ']');
	if (quota->messages > 0)
		str_printf(&value, ", messages = %lld", (long long)quota->messages);
	if (quota->size > 0)
		str_printf(&value, ", size = %lld", (long long)quota->size);
	str_text(&value, " }");
	settings_print_member(out, settings, str_c(&key), str_c(&value), quota->at.line);
	str_free(&key);
	str_free(&value);
}

static void
settings_print_store(const struct settings *settings, const struct settings_lookup_store *store,
		     struct str *out)
{
	for (size_t i = 0; i < store->count; i++) {
		const struct settings_lookup_entry *entry = &store->entries[i];
		struct str value = {0};
		struct str key = {0};

		str_printf(&key, "lookup.%.*s.", SLICE_ARG(store->name));
		str_json(&key, entry->key.data, entry->key.len);
		if (entry->masked)
			str_text(&value, SETTINGS_PRINT_STARS);
		else
			expr_value_print(&value, &entry->value);
		settings_print_member(out, settings, str_c(&key), str_c(&value), entry->at.line);
		str_free(&key);
		str_free(&value);
	}
}

void
settings_print(const struct settings *settings, struct str *out)
{
	for (int i = 0; i < SETTING_COUNT; i++)
		settings_print_slot(settings, (enum setting_id)i, out);
	for (size_t i = 0; i < settings->relays.count; i++)
		settings_print_relay(settings, &settings->relays.list[i], out);
	for (size_t i = 0; i < settings->limiters.count; i++)
		settings_print_limiter(settings, &settings->limiters.list[i], out);
	for (size_t i = 0; i < settings->quotas.count; i++)
		settings_print_quota(settings, &settings->quotas.list[i], out);
	for (size_t i = 0; i < settings->lookups.count; i++)
		settings_print_store(settings, &settings->lookups.stores[i], out);
}
