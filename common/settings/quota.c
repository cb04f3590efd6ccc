#include "common/settings/quota.h"

#include <string.h>

#include "common/arena.h"
#include "common/expr/block.h"
#include "common/settings/load.h"
#include "common/settings/member.h"
#include "common/settings/place.h"
#include "common/toml/tree.h"

static const struct settings_member_word settings_quota_words[] = {
    {"sender", SETTINGS_QUOTA_SENDER},
    {"sender_domain", SETTINGS_QUOTA_SENDER_DOMAIN},
    {"rcpt_domain", SETTINGS_QUOTA_RCPT_DOMAIN},
    {"rcpt", SETTINGS_QUOTA_RCPT},
    {NULL, 0},
};

static const char *const settings_quota_names[] = {
    "enable", "key", "match", "messages", "size", NULL,
};

static void
settings_quota_member(struct settings_loader *loader, const struct toml_entry *entry,
		      const char *key, struct settings_quota *quota)
{
	const char *full = arena_printf(loader->arena, "%s.%.*s", key, SLICE_ARG(entry->key));

	if (slice_is(entry->key, "enable")) {
		settings_member_bool(loader, entry->value, full, &quota->enabled);
	} else if (slice_is(entry->key, "key")) {
		settings_member_keys(loader, entry->value, full, settings_quota_words,
				     &quota->keys);
	} else if (slice_is(entry->key, "match")) {
		quota->match = settings_member_match(loader, entry->value, full);
	} else if (slice_is(entry->key, "messages")) {
		if (!settings_member_number(loader, entry->value, full, false, &quota->messages))
			quota->messages = 1;
	} else if (slice_is(entry->key, "size")) {
		if (!settings_member_number(loader, entry->value, full, true, &quota->size))
			quota->size = 1;
	} else {
		settings_member_unknown(loader, entry, key, settings_quota_names);
	}
}

static void
settings_quota_one(struct settings_loader *loader, const struct toml_node *table, const char *id,
		   const char *key, void *arg)
{
	struct settings_quotas *quotas = arg;
	struct settings_quota *quota = &quotas->list[quotas->count++];

	*quota = (struct settings_quota){.id = id, .enabled = true, .at = settings_place_of(table)};
	for (size_t i = 0; i < table->entry_count; i++)
		settings_quota_member(loader, &table->entries[i], key, quota);
	if (quota->messages == 0 && quota->size == 0)
		settings_complaint_error(loader->complaints, quota->at, key,
					 "limits nothing: add messages = 1000 or size = \"1 GiB\"");
	if (quota->match != NULL && expr_block_is_asynchronous(quota->match))
		settings_complaint_error(loader->complaints, quota->at, key,
					 "dns_query() cannot be used here: quotas are decided when "
					 "a message is accepted");
}

void
settings_quota_load(struct settings_loader *loader, const struct toml_node *node, const char *key,
		    struct settings_quotas *quotas)
{
	quotas->list =
	    arena_array(loader->arena, settings_member_count(node) + 1, sizeof(*quotas->list));
	quotas->count = 0;
	settings_member_each(loader, node, key, settings_quota_one, quotas);
}

bool
settings_quota_matches(const struct settings_quota *quota, struct expr_env *env)
{
	bool wait;

	return settings_member_matches(quota->match, env, &wait);
}
