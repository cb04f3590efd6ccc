#include "common/settings/relay.h"

#include <string.h>

#include "common/arena.h"
#include "common/domain.h"
#include "common/settings/place.h"
#include "common/settings/similar.h"
#include "common/toml/tree.h"

enum { SETTINGS_RELAY_PORT = 25, SETTINGS_RELAY_PORT_TLS = 465 };

/* One relay being read; key is "remote.<id>". */
struct settings_relay_reader {
	struct arena *arena;
	struct settings_complaints *complaints;
	struct settings_relay *relay;
	const char *key;
	bool has_implicit;
	bool failed;
};

typedef void (*settings_relay_take_fn)(struct settings_relay_reader *reader,
				       const struct toml_node *node, const char *key);

static void __attribute__((format(printf, 4, 5)))
settings_relay_fail(struct settings_relay_reader *reader, const struct toml_node *node,
		    const char *key, const char *format, ...)
{
	struct str text = {0};
	va_list ap;

	va_start(ap, format);
	str_vprintf(&text, format, ap);
	va_end(ap);
	settings_complaint_error(reader->complaints, settings_place_inside(node, 1), key, "%s",
				 str_c(&text));
	str_free(&text);
	reader->failed = true;
}

static bool
settings_relay_text(struct settings_relay_reader *reader, const struct toml_node *node,
		    const char *key, const char **text)
{
	if (node->type != TOML_STRING || node->text.len == 0 ||
	    memchr(node->text.data, '\0', node->text.len) != NULL) {
		settings_relay_fail(reader, node, key, "must be a text that is not empty");
		return false;
	}
	*text = arena_copy(reader->arena, node->text.data, node->text.len);
	return true;
}

/* Published examples have empty ones where there is no authentication. */
static void
settings_relay_credential(struct settings_relay_reader *reader, const struct toml_node *node,
			  const char *key, const char **text)
{
	if (node->type != TOML_STRING || node->text.len > 0)
		settings_relay_text(reader, node, key, text);
}

static void
settings_relay_bool(struct settings_relay_reader *reader, const struct toml_node *node,
		    const char *key, bool *truth)
{
	if (node->type == TOML_BOOL)
		*truth = node->boolean;
	else if (node->type == TOML_STRING && slice_is(node->text, "true"))
		*truth = true;
	else if (node->type == TOML_STRING && slice_is(node->text, "false"))
		*truth = false;
	else
		settings_relay_fail(reader, node, key, "must be true or false");
}

static void
settings_relay_take_address(struct settings_relay_reader *reader, const struct toml_node *node,
			    const char *key)
{
	struct settings_relay *relay = reader->relay;
	struct slice text = node->text;

	if (!settings_relay_text(reader, node, key, &relay->host))
		return;
	if (slice_starts_nocase(text, "unix:")) {
		relay->is_unix = true;
		relay->host += strlen("unix:");
		if (relay->host[0] != '/')
			settings_relay_fail(reader, node, key,
					    "the path must be absolute: write \"unix:/PATH\"");
		return;
	}
	if (text.len > 2 && text.data[0] == '[' && text.data[text.len - 1] == ']') {
		text = (struct slice){text.data + 1, text.len - 2};
		relay->host = arena_copy(reader->arena, text.data, text.len);
	}
	if (netaddr_parse(text, 0, &relay->literal))
		return;
	if (text.data[text.len - 1] == '.')
		text.len--;
	if (!domain_is_valid_utf8(text))
		settings_relay_fail(reader, node, key,
				    "\"%s\" is not a relay: write a host name, an IP address or "
				    "\"unix:/PATH\"; the port has a key of its own",
				    relay->host);
	else
		relay->host = arena_copy(reader->arena, text.data, text.len);
}

static void
settings_relay_take_port(struct settings_relay_reader *reader, const struct toml_node *node,
			 const char *key)
{
	unsigned long long port = 0;

	if (node->type == TOML_INTEGER && node->integer > 0)
		port = (unsigned long long)node->integer;
	else if (node->type == TOML_STRING && !slice_number(node->text, &port))
		port = 0;
	if (port < 1 || port > UINT16_MAX)
		settings_relay_fail(reader, node, key, "must be a port, 1 to 65535");
	else
		reader->relay->port = (uint16_t)port;
}

static void
settings_relay_take_protocol(struct settings_relay_reader *reader, const struct toml_node *node,
			     const char *key)
{
	if (node->type != TOML_STRING ||
	    (!slice_is_nocase(node->text, "smtp") && !slice_is_nocase(node->text, "lmtp")))
		settings_relay_fail(reader, node, key, "must be \"smtp\" or \"lmtp\"");
	else
		reader->relay->lmtp = slice_is_nocase(node->text, "lmtp");
}

static void
settings_relay_take_username(struct settings_relay_reader *reader, const struct toml_node *node,
			     const char *key)
{
	settings_relay_credential(reader, node, key, &reader->relay->username);
}

static void
settings_relay_take_secret(struct settings_relay_reader *reader, const struct toml_node *node,
			   const char *key)
{
	settings_relay_credential(reader, node, key, &reader->relay->secret);
}

static void
settings_relay_take_implicit(struct settings_relay_reader *reader, const struct toml_node *node,
			     const char *key)
{
	settings_relay_bool(reader, node, key, &reader->relay->implicit_tls);
	reader->has_implicit = true;
}

static void
settings_relay_take_invalid(struct settings_relay_reader *reader, const struct toml_node *node,
			    const char *key)
{
	settings_relay_bool(reader, node, key, &reader->relay->allow_invalid_certs);
}

static void
settings_relay_take_nothing(struct settings_relay_reader *reader, const struct toml_node *node,
			    const char *key)
{
	settings_complaint_warn(reader->complaints, settings_place_of(node), key,
				"has no meaning here: see queue.outbound.connection.max-sessions "
				"and queue.outbound.timeouts");
}

static const struct {
	const char *name;
	settings_relay_take_fn take;
} settings_relay_takers[] = {
    {"address", settings_relay_take_address},
    {"port", settings_relay_take_port},
    {"protocol", settings_relay_take_protocol},
    {"auth.username", settings_relay_take_username},
    {"auth.secret", settings_relay_take_secret},
    {"tls.implicit", settings_relay_take_implicit},
    {"tls.allow-invalid-certs", settings_relay_take_invalid},
    {"concurrency", settings_relay_take_nothing},
    {"timeout", settings_relay_take_nothing},
};

static const char *const settings_relay_names[] = {
    "address",
    "port",
    "protocol",
    "auth.username",
    "auth.secret",
    "tls.implicit",
    "tls.allow-invalid-certs",
    NULL,
};

static void
settings_relay_member(struct settings_relay_reader *reader, const struct toml_entry *entry,
		      const char *name)
{
	enum { TAKERS = sizeof(settings_relay_takers) / sizeof(settings_relay_takers[0]) };
	const char *key = arena_printf(reader->arena, "%s.%s", reader->key, name);
	const char *similar;

	for (size_t i = 0; i < TAKERS; i++) {
		if (strcmp(name, settings_relay_takers[i].name) == 0) {
			settings_relay_takers[i].take(reader, entry->value, key);
			return;
		}
	}
	similar = settings_similar_word(slice_of(name), settings_relay_names);
	settings_complaint_error(reader->complaints,
				 (struct settings_place){entry->at.line, entry->at.column}, key,
				 "unknown key%s%s%s", similar ? ": did you mean " : "",
				 similar ? similar : "", similar ? "?" : "");
}

static void
settings_relay_walk(struct settings_relay_reader *reader, const struct toml_node *table,
		    const char *prefix)
{
	for (size_t i = 0; i < table->entry_count; i++) {
		const struct toml_entry *entry = &table->entries[i];
		const char *name =
		    arena_printf(reader->arena, "%s%.*s", prefix, SLICE_ARG(entry->key));

		if (entry->value->type == TOML_TABLE &&
		    (strcmp(name, "auth") == 0 || strcmp(name, "tls") == 0))
			settings_relay_walk(reader, entry->value,
					    arena_printf(reader->arena, "%s.", name));
		else
			settings_relay_member(reader, entry, name);
	}
}

/* What only the members together can tell. */
static void
settings_relay_finish(struct settings_relay_reader *reader, const struct toml_node *table)
{
	struct settings_relay *relay = reader->relay;

	if (relay->host == NULL && !reader->failed)
		settings_relay_fail(reader, table, reader->key,
				    "the relay has no address: add address = \"mail.example.org\"");
	if (relay->is_unix && !relay->lmtp)
		settings_relay_fail(reader, table, reader->key,
				    "a unix: address is for LMTP: add protocol = \"lmtp\"");
	if (!reader->failed && (relay->username == NULL) != (relay->secret == NULL))
		settings_relay_fail(reader, table, reader->key,
				    "auth.%s is missing: authentication "
				    "needs auth.username and auth.secret",
				    relay->username ? "secret" : "username");
	if (!reader->has_implicit)
		relay->implicit_tls = relay->port == SETTINGS_RELAY_PORT_TLS;
	if (netaddr_family(&relay->literal) != AF_UNSPEC)
		netaddr_set_port(&relay->literal, relay->port);
}

struct settings_relays
settings_relay_load(struct arena *arena, const struct toml_node *remote,
		    struct settings_complaints *complaints)
{
	struct settings_relays relays = {0};

	if (remote->type != TOML_TABLE) {
		settings_complaint_error(complaints, settings_place_of(remote), "remote",
					 "%s where tables are expected: write [remote.ID]",
					 toml_tree_type_name(remote->type));
		return relays;
	}
	relays.list = arena_array(arena, remote->entry_count + 1, sizeof(*relays.list));
	for (size_t i = 0; i < remote->entry_count; i++) {
		const struct toml_entry *entry = &remote->entries[i];
		struct settings_relay *relay = &relays.list[relays.count];
		struct settings_relay_reader reader = {
		    .arena = arena,
		    .complaints = complaints,
		    .relay = relay,
		    .key = arena_printf(arena, "remote.%.*s", SLICE_ARG(entry->key)),
		};

		if (entry->value->type != TOML_TABLE) {
			settings_complaint_error(
			    complaints, settings_place_of(entry->value), reader.key,
			    "%s where a table is expected: write [%s]",
			    toml_tree_type_name(entry->value->type), reader.key);
			continue;
		}
		relay->id = arena_copy(arena, entry->key.data, entry->key.len);
		relay->port = SETTINGS_RELAY_PORT;
		relay->at = (struct settings_place){entry->at.line, entry->at.column};
		relays.count++;
		settings_relay_walk(&reader, entry->value, "");
		settings_relay_finish(&reader, entry->value);
	}
	return relays;
}
