#include "common/settings/limiter.h"

#include <string.h>

#include "common/arena.h"
#include "common/expr/block.h"
#include "common/expr/scope.h"
#include "common/quantity.h"
#include "common/settings/load.h"
#include "common/settings/member.h"
#include "common/settings/place.h"
#include "common/toml/tree.h"
#include "common/why.h"

static const struct settings_member_word settings_limiter_words[] = {
    {"sender", SETTINGS_LIMITER_SENDER},
    {"sender_domain", SETTINGS_LIMITER_SENDER_DOMAIN},
    {"rcpt_domain", SETTINGS_LIMITER_RCPT_DOMAIN},
    {"mx", SETTINGS_LIMITER_MX},
    {"remote_ip", SETTINGS_LIMITER_REMOTE_IP},
    {"local_ip", SETTINGS_LIMITER_LOCAL_IP},
    {NULL, 0},
};

static const char *const settings_limiter_names[] = {
    "enable", "key", "match", "rate", "concurrency", NULL,
};

static void
settings_limiter_rate(struct settings_loader *loader, const struct toml_node *node, const char *key,
		      struct settings_limiter *limiter)
{
	struct why why = {0};

	if (node->type != TOML_STRING)
		why_set(&why, "must be a count and a period, such as \"100/1s\"");
	else if (quantity_rate(node->text, &limiter->rate, &limiter->period_ms, &why))
		return;
	settings_complaint_error(loader->complaints, settings_place_inside(node, 1), key, "%s",
				 why.text);
	/* One complaint is enough: the limiter does count as having a rate. */
	limiter->rate = 1;
	limiter->period_ms = 1000;
}

static void
settings_limiter_member(struct settings_loader *loader, const struct toml_entry *entry,
			const char *key, struct settings_limiter *limiter)
{
	const char *full = arena_printf(loader->arena, "%s.%.*s", key, SLICE_ARG(entry->key));

	if (slice_is(entry->key, "enable")) {
		settings_member_bool(loader, entry->value, full, &limiter->enabled);
	} else if (slice_is(entry->key, "key")) {
		settings_member_keys(loader, entry->value, full, settings_limiter_words,
				     &limiter->keys);
	} else if (slice_is(entry->key, "match")) {
		limiter->match = settings_member_match(loader, entry->value, full);
	} else if (slice_is(entry->key, "rate")) {
		settings_limiter_rate(loader, entry->value, full, limiter);
	} else if (slice_is(entry->key, "concurrency")) {
		if (!settings_member_number(loader, entry->value, full, false,
					    &limiter->concurrency))
			limiter->concurrency = 1;
	} else {
		settings_member_unknown(loader, entry, key, settings_limiter_names);
	}
}

/* The last thing it needs to know decides when it can be asked. */
static enum settings_limiter_class
settings_limiter_classify(const struct settings_limiter *limiter)
{
	const uint64_t host =
	    EXPR_BIT(EXPR_VAR_MX) | EXPR_BIT(EXPR_VAR_REMOTE_IP) | EXPR_BIT(EXPR_VAR_LOCAL_IP);
	uint64_t variables = limiter->match ? expr_block_variables(limiter->match) : 0;

	if ((limiter->keys &
	     (SETTINGS_LIMITER_MX | SETTINGS_LIMITER_REMOTE_IP | SETTINGS_LIMITER_LOCAL_IP)) ||
	    (variables & host))
		return SETTINGS_LIMITER_BY_HOST;
	if ((limiter->keys & SETTINGS_LIMITER_RCPT_DOMAIN) ||
	    (variables & EXPR_BIT(EXPR_VAR_RCPT_DOMAIN)))
		return SETTINGS_LIMITER_BY_DOMAIN;
	return SETTINGS_LIMITER_BY_SENDER;
}

static void
settings_limiter_one(struct settings_loader *loader, const struct toml_node *table, const char *id,
		     const char *key, void *arg)
{
	struct settings_limiters *limiters = arg;
	struct settings_limiter *limiter = &limiters->list[limiters->count];

	for (size_t i = 0; i < limiters->count; i++) {
		if (strcmp(limiters->list[i].id, id) == 0)
			id = key;
	}
	*limiter =
	    (struct settings_limiter){.id = id, .enabled = true, .at = settings_place_of(table)};
	limiters->count++;
	for (size_t i = 0; i < table->entry_count; i++)
		settings_limiter_member(loader, &table->entries[i], key, limiter);
	limiter->class = settings_limiter_classify(limiter);
	if (limiter->rate == 0 && limiter->concurrency == 0)
		settings_complaint_error(
		    loader->complaints, limiter->at, key,
		    "limits nothing: add rate = \"100/1s\" or concurrency = 10");
	if (limiter->match != NULL && limiter->class != SETTINGS_LIMITER_BY_HOST &&
	    expr_block_is_asynchronous(limiter->match))
		settings_complaint_error(
		    loader->complaints, limiter->at, key,
		    "dns_query() cannot be used in a limit by sender or domain, which is decided "
		    "before DNS is asked: add mx to its key, or leave the function out");
}

void
settings_limiter_load(struct settings_loader *loader, const struct toml_node *node, const char *key,
		      struct settings_limiters *limiters)
{
	size_t room = limiters->count + settings_member_count(node) + 1;
	struct settings_limiter *list = arena_array(loader->arena, room, sizeof(*list));

	if (limiters->count > 0)
		memcpy(list, limiters->list, limiters->count * sizeof(*list));
	limiters->list = list;
	settings_member_each(loader, node, key, settings_limiter_one, limiters);
}

bool
settings_limiter_matches(const struct settings_limiter *limiter, struct expr_env *env, bool *wait)
{
	return settings_member_matches(limiter->match, env, wait);
}
