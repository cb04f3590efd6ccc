#include "common/settings/settings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/log.h"
#include "common/settings/cross.h"
#include "common/settings/fill.h"
#include "common/settings/load.h"
#include "common/settings/place.h"
#include "common/toml/parse.h"
#include "common/toml/tree.h"
#include "common/why.h"

enum { SETTINGS_SMTP_PORT = 25 };

static void
settings_warn_toml(struct toml_position at, const char *text, void *arg)
{
	settings_complaint_warn(arg, (struct settings_place){at.line, at.column}, "syntax", "%s",
				text);
}

static void
settings_load_sections(struct settings_loader *loader)
{
	struct settings *settings = loader->settings;

	if (loader->remote != NULL)
		settings->relays =
		    settings_relay_load(loader->arena, loader->remote, loader->complaints);
	if (loader->lookup != NULL)
		settings->lookups =
		    settings_lookup_load(loader->arena, loader->lookup, loader->complaints);
	settings_fill_plain(loader);
	settings_fill_names(loader);
	settings_fill_expressions(loader);
	if (loader->limiters != NULL)
		settings_limiter_load(loader, loader->limiters, "queue.limiter.outbound",
				      &settings->limiters);
	if (loader->throttles != NULL)
		settings_limiter_load(loader, loader->throttles, "queue.throttle",
				      &settings->limiters);
	if (loader->quotas != NULL)
		settings_quota_load(loader, loader->quotas, "queue.quota", &settings->quotas);
	settings_cross_check(loader);
}

/* The loop check takes the addresses mail comes in by, when it is not told others. */
static void
settings_derive_own_addresses(struct settings *settings)
{
	struct settings_slot *own = &settings->slots[SETTING_SERVER_OWN_ADDRESSES];
	const struct settings_datum *listen = &settings->slots[SETTING_SUBMIT_LISTEN].datum;
	struct settings_endpoint *list;

	if (own->given)
		return;
	list = arena_array(settings->arena, listen->count + 1, sizeof(*list));
	own->datum.count = 0;
	for (size_t i = 0; i < listen->count; i++) {
		const struct settings_endpoint *endpoint = &listen->endpoints[i];

		if (endpoint->path == NULL &&
		    netaddr_port(&endpoint->address) == SETTINGS_SMTP_PORT &&
		    !netaddr_is_unspecified(&endpoint->address))
			list[own->datum.count++] = *endpoint;
	}
	own->datum.endpoints = list;
}

static void
settings_collect_source(struct settings *settings, struct netaddr *list,
			const struct netaddr *address)
{
	for (size_t i = 0; i < settings->source_count; i++) {
		if (netaddr_equal(&list[i], address))
			return;
	}
	list[settings->source_count++] = *address;
}

/* Of one family; with list NULL only counts them. */
static size_t
settings_collect_family(struct settings *settings, enum setting_id id, struct netaddr *list)
{
	const struct settings_slot *slot = &settings->slots[id];
	size_t count = 0;

	for (size_t b = 0; b <= slot->block->rule_count; b++) {
		const struct settings_datum *datum = &slot->branches[b].datum;

		count += datum->count;
		for (size_t i = 0; list != NULL && i < datum->count; i++)
			settings_collect_source(settings, list, &datum->addresses[i]);
	}
	return count;
}

static void
settings_collect_sources(struct settings *settings)
{
	size_t room = settings_collect_family(settings, SETTING_QUEUE_OUTBOUND_SOURCE_IP_V4, NULL) +
		      settings_collect_family(settings, SETTING_QUEUE_OUTBOUND_SOURCE_IP_V6, NULL);
	struct netaddr *list = arena_array(settings->arena, room + 1, sizeof(*list));

	settings_collect_family(settings, SETTING_QUEUE_OUTBOUND_SOURCE_IP_V4, list);
	settings_collect_family(settings, SETTING_QUEUE_OUTBOUND_SOURCE_IP_V6, list);
	settings->sources = list;
}

struct settings *
settings_load(const struct settings_source *source, struct settings_complaints *complaints)
{
	size_t before = settings_complaint_errors(complaints);
	struct arena *arena = arena_new();
	struct settings *settings = arena_zero(arena, struct settings);
	struct settings_loader loader = {
	    .settings = settings, .arena = arena, .complaints = complaints, .source = source};
	struct toml_node *root;
	struct why why = {0};

	settings->arena = arena;
	settings->file = arena_copy(arena, source->file, strlen(source->file));
	for (size_t i = 0; i < SETTING_COUNT; i++)
		settings->slots[i].warned_ms = INT64_MIN;
	root = toml_parse(arena, source->text, TOML_LENIENT, settings_warn_toml, complaints, &why);
	if (root == NULL) {
		settings_complaint_error(complaints, (struct settings_place){why.line, why.column},
					 "syntax", "%s", why.text);
	} else {
		loader.root = root;
		settings->root = root;
		settings_load_macros(&loader, root);
		settings_load_walk(&loader);
		settings_load_sections(&loader);
	}
	if (settings_complaint_errors(complaints) > before) {
		settings_free(&settings);
		return NULL;
	}
	settings_derive_own_addresses(settings);
	settings_collect_sources(settings);
	return settings;
}

void
settings_free(struct settings **settings)
{
	struct arena *arena;

	if (*settings == NULL)
		return;
	arena = (*settings)->arena;
	*settings = NULL;
	arena_free(&arena);
}

static const struct settings_datum *
settings_static(const struct settings *settings, enum setting_id id)
{
	assert(settings_table_row(id)->kind == SETTINGS_STATIC);
	return &settings->slots[id].datum;
}

const char *
settings_text(const struct settings *settings, enum setting_id id)
{
	const char *text = settings_static(settings, id)->text.data;

	if (id == SETTING_SERVER_HOSTNAME)
		return settings->hostname;
	if (id == SETTING_REPORT_DOMAIN)
		return settings->report_domain;
	return text != NULL ? text : "";
}

int64_t
settings_duration_ms(const struct settings *settings, enum setting_id id)
{
	assert(settings_table_row(id)->type == SETTINGS_TYPE_DURATION);
	return settings_static(settings, id)->integer;
}

int64_t
settings_integer(const struct settings *settings, enum setting_id id)
{
	return settings_static(settings, id)->integer;
}

int64_t
settings_size(const struct settings *settings, enum setting_id id)
{
	assert(settings_table_row(id)->type == SETTINGS_TYPE_SIZE);
	return settings_static(settings, id)->integer;
}

bool
settings_bool(const struct settings *settings, enum setting_id id)
{
	assert(settings_table_row(id)->type == SETTINGS_TYPE_BOOL);
	return settings_static(settings, id)->integer != 0;
}

int
settings_choice(const struct settings *settings, enum setting_id id)
{
	return (int)settings_static(settings, id)->integer;
}

void
settings_space(const struct settings *settings, enum setting_id id, int64_t *bytes, int *percent)
{
	assert(settings_table_row(id)->type == SETTINGS_TYPE_SPACE);
	*bytes = settings_static(settings, id)->integer;
	*percent = settings_static(settings, id)->percent;
}

const struct settings_endpoint *
settings_endpoints(const struct settings *settings, enum setting_id id, size_t *count)
{
	const struct settings_datum *datum = settings_static(settings, id);

	*count = datum->count;
	return datum->endpoints;
}

const struct netaddr_prefix *
settings_prefixes(const struct settings *settings, enum setting_id id, size_t *count)
{
	const struct settings_datum *datum = settings_static(settings, id);

	*count = datum->count;
	return datum->prefixes;
}

const char *const *
settings_texts(const struct settings *settings, enum setting_id id, size_t *count)
{
	const struct settings_datum *datum = settings_static(settings, id);

	*count = datum->count;
	return datum->texts;
}

bool
settings_is_given(const struct settings *settings, enum setting_id id)
{
	return settings->slots[id].given;
}

struct settings_origin
settings_origin(const struct settings *settings, enum setting_id id)
{
	const struct settings_slot *slot = &settings->slots[id];
	struct settings_origin origin = {.file = settings->file};

	if (slot->given) {
		origin.line = slot->at.line;
		origin.column = slot->at.column;
		origin.rules = slot->block != NULL ? slot->block->rule_count : 0;
	}
	return origin;
}

void
settings_set_report(struct settings *settings, settings_report_fn fn, void *arg)
{
	settings->report = fn;
	settings->report_arg = arg;
}

const struct settings_relay *
settings_relay_find(const struct settings *settings, struct slice id)
{
	for (size_t i = 0; i < settings->relays.count; i++) {
		if (slice_is(id, settings->relays.list[i].id))
			return &settings->relays.list[i];
	}
	return NULL;
}

const struct settings_relay *
settings_relays(const struct settings *settings, size_t *count)
{
	*count = settings->relays.count;
	return settings->relays.list;
}

const struct settings_limiter *
settings_limiters(const struct settings *settings, size_t *count)
{
	*count = settings->limiters.count;
	return settings->limiters.list;
}

const struct settings_quota *
settings_quotas(const struct settings *settings, size_t *count)
{
	*count = settings->quotas.count;
	return settings->quotas.list;
}

const char *
settings_hostname(const struct settings *settings)
{
	return settings->hostname;
}

const struct netaddr *
settings_source_addresses(const struct settings *settings, size_t *count)
{
	*count = settings->source_count;
	return settings->sources;
}
