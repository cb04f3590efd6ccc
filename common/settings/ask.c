#include "common/settings/ask.h"

#include <string.h>

#include "common/settings/load.h"
#include "common/toml/tree.h"

/* The directory every file of Stalwart means by '*' and ''. */
static bool
settings_ask_is_default(struct slice directory)
{
	return directory.len == 0 || slice_is(directory, "*");
}

static const struct settings_lookup_entry *
settings_ask_entry(const struct settings *settings, struct slice store, struct slice key)
{
	const struct settings_lookup_store *found =
	    settings_lookup_store(&settings->lookups, store);

	if (found == NULL)
		found = settings_lookup_store(&settings->lookups, slice_of("default"));
	return found != NULL ? settings_lookup_find(found, key) : NULL;
}

static bool
settings_ask_key_get(struct slice store, struct slice key, struct expr_value *value, void *arg)
{
	const struct settings *settings = arg;
	const struct settings_lookup_entry *entry = settings_ask_entry(settings, store, key);

	if (entry != NULL) {
		*value = entry->value;
		return true;
	}
	/* lookup.default.hostname and .domain became keys of their own in Stalwart 0.11.2. */
	if (!slice_is(store, "default"))
		return false;
	if (slice_is(key, "hostname"))
		*value = expr_value_text(slice_of(settings->hostname));
	else if (slice_is(key, "domain"))
		*value = expr_value_text(slice_of(settings->report_domain));
	else
		return false;
	return true;
}

static bool
settings_ask_key_exists(struct slice store, struct slice key, void *arg)
{
	struct expr_value value;

	return settings_ask_key_get(store, key, &value, arg);
}

/* Secrets are nobody's business, least of all that of text sent to strangers. */
static bool
settings_ask_is_secret(struct slice key)
{
	enum setting_id id;

	if (slice_starts_nocase(key, "remote.") || slice_starts_nocase(key, "submit.users") ||
	    slice_starts_nocase(key, "dkim"))
		return true;
	return settings_table_find(key, &id) &&
	       settings_table_row(id)->type == SETTINGS_TYPE_SECRET;
}

static bool
settings_ask_config_get(struct slice key, struct expr_value *value, void *arg)
{
	const struct settings *settings = arg;
	const struct toml_node *node = settings->root;

	if (slice_is(key, "server.hostname") || slice_is(key, "lookup.default.hostname")) {
		*value = expr_value_text(slice_of(settings->hostname));
		return true;
	}
	if (slice_is(key, "report.domain") || slice_is(key, "lookup.default.domain")) {
		*value = expr_value_text(slice_of(settings->report_domain));
		return true;
	}
	if (settings_ask_is_secret(key))
		return false;
	while (node != NULL && key.len > 0) {
		const char *dot = memchr(key.data, '.', key.len);
		struct slice part = {key.data, dot ? (size_t)(dot - key.data) : key.len};
		const struct toml_entry *entry = toml_tree_entry(node, part);
		size_t skip = part.len + (dot != NULL);

		key = (struct slice){key.data + skip, key.len - skip};
		node = entry != NULL ? entry->value : NULL;
	}
	if (node == NULL || node->type == TOML_TABLE || node->type == TOML_ARRAY)
		return false;
	*value = expr_value_text(node->type == TOML_STRING ? node->text : node->source);
	return true;
}

/* In a store, and not with the value false. */
static bool
settings_ask_listed(const struct settings *settings, struct slice store, struct slice key)
{
	const struct settings_lookup_store *found =
	    settings_lookup_store(&settings->lookups, store);
	const struct settings_lookup_entry *entry =
	    found != NULL ? settings_lookup_find(found, key) : NULL;

	return entry != NULL && !(entry->value.type == EXPR_INTEGER && entry->value.integer == 0);
}

static bool
settings_ask_is_local_domain(struct slice directory, struct slice domain, void *arg)
{
	return settings_ask_listed(
	    arg, settings_ask_is_default(directory) ? slice_of("local-domains") : directory,
	    domain);
}

static bool
settings_ask_is_local_address(struct slice directory, struct slice address, void *arg)
{
	return settings_ask_listed(
	    arg, settings_ask_is_default(directory) ? slice_of("local-addresses") : directory,
	    address);
}

const struct expr_lookup *
settings_ask(void)
{
	static const struct expr_lookup functions = {
	    .key_get = settings_ask_key_get,
	    .key_exists = settings_ask_key_exists,
	    .config_get = settings_ask_config_get,
	    .is_local_domain = settings_ask_is_local_domain,
	    .is_local_address = settings_ask_is_local_address,
	};

	return &functions;
}
