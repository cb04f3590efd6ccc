#include "common/settings/fill.h"

#include <string.h>

#include "common/arena.h"
#include "common/domain.h"
#include "common/expr/block.h"
#include "common/settings/ask.h"
#include "common/settings/block.h"
#include "common/settings/load.h"
#include "common/settings/place.h"
#include "common/settings/plain.h"
#include "common/toml/parse.h"
#include "common/toml/tree.h"
#include "common/why.h"

/* A default as the node it would be in a file: lists as TOML, everything else as a string. */
static const struct toml_node *
settings_fill_default_node(struct settings_loader *loader, const char *fallback)
{
	struct toml_node *node;
	struct toml_node *root;

	if (fallback[0] == '[') {
		root = toml_parse(loader->arena,
				  slice_of(arena_printf(loader->arena, "v = %s", fallback)), 0,
				  NULL, NULL, NULL);
		return root != NULL ? toml_tree_find(root, "v") : NULL;
	}
	node = toml_tree_new(loader->arena, TOML_STRING, (struct toml_position){0, 0}, 0);
	node->text = slice_of(fallback);
	return node;
}

static void
settings_fill_static(struct settings_loader *loader, enum setting_id id)
{
	const struct settings_row *row = settings_table_row(id);
	struct settings_slot *slot = &loader->settings->slots[id];
	const struct toml_node *fallback = settings_fill_default_node(loader, row->fallback);
	const char *warning = NULL;
	struct why why = {0};

	if (!settings_plain(loader->arena, id, fallback, &slot->datum, &warning, &why))
		settings_complaint_error(loader->complaints, (struct settings_place){0, 0},
					 row->key, "built-in default: %s", why.text);
	if (slot->node == NULL)
		return;
	slot->given = settings_plain(loader->arena, id, slot->node, &slot->datum, &warning, &why);
	if (!slot->given)
		settings_complaint_error(loader->complaints, settings_place_inside(slot->node, 1),
					 row->key, "%s", why.text);
	else if (warning != NULL)
		settings_complaint_warn(loader->complaints, settings_place_inside(slot->node, 1),
					row->key, "%s", warning);
}

void
settings_fill_plain(struct settings_loader *loader)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		if (settings_table_row((enum setting_id)i)->kind == SETTINGS_STATIC)
			settings_fill_static(loader, (enum setting_id)i);
	}
}

/* A name that older files keep in a lookup table. NULL when there is none, or it is none. */
static const char *
settings_fill_lookup_name(struct settings_loader *loader, const char *key)
{
	const struct settings_lookup_store *store =
	    settings_lookup_store(&loader->settings->lookups, slice_of("default"));
	const struct settings_lookup_entry *entry =
	    store ? settings_lookup_find(store, slice_of(key)) : NULL;

	if (entry == NULL)
		return NULL;
	if (entry->value.type == EXPR_TEXT && domain_is_ehlo_name(entry->value.text))
		return arena_copy(loader->arena, entry->value.text.data, entry->value.text.len);
	settings_complaint_error(loader->complaints, entry->at,
				 arena_printf(loader->arena, "lookup.default.%s", key),
				 "must be %s", settings_table_type_words(SETTINGS_TYPE_HOST));
	return NULL;
}

static const char *
settings_fill_lower(struct settings_loader *loader, const char *name)
{
	char *lower = arena_copy(loader->arena, name, strlen(name));

	domain_lower(lower, strlen(lower));
	return lower;
}

/* Without its first label, when that leaves a domain: the usual names of hosts lose "mail.". */
static const char *
settings_fill_parent(const char *hostname)
{
	const char *dot = strchr(hostname, '.');

	return dot != NULL && hostname[0] != '[' && strchr(dot + 1, '.') != NULL ? dot + 1
										 : hostname;
}

void
settings_fill_names(struct settings_loader *loader)
{
	struct settings *settings = loader->settings;
	const struct settings_datum *host = &settings->slots[SETTING_SERVER_HOSTNAME].datum;
	const struct settings_datum *domain = &settings->slots[SETTING_REPORT_DOMAIN].datum;
	const char *older = settings_fill_lookup_name(loader, "hostname");
	const char *name = loader->source->hostname;

	if (name == NULL || !domain_is_ehlo_name(slice_of(name)))
		name = "localhost";
	if (older != NULL)
		name = older;
	if (host->text.len > 0)
		name = host->text.data;
	settings->hostname = settings_fill_lower(loader, name);
	older = settings_fill_lookup_name(loader, "domain");
	name = older != NULL ? older : settings_fill_parent(settings->hostname);
	settings->report_domain =
	    settings_fill_lower(loader, domain->text.len > 0 ? domain->text.data : name);
}

/* The value no delivery changes, if there is one. */
static bool
settings_fill_fold(struct settings_loader *loader, const struct expr *expr,
		   struct expr_value *value)
{
	struct expr_env env = {
	    .arena = loader->arena,
	    .lookup = settings_ask(),
	    .lookup_arg = loader->settings,
	};
	struct expr_value *blank;

	if (expr_is_constant(expr, value))
		return true;
	if (expr_variables(expr) != 0 || expr_is_asynchronous(expr) || expr_uses_captures(expr))
		return false;
	blank = arena_array(loader->arena, EXPR_VARIABLE_COUNT, sizeof(*blank));
	expr_scope_blank(blank);
	env.variables = blank;
	return expr_eval(expr, &env, value, NULL) == EXPR_OK;
}

/* An interval without a unit, or of the wrong family, is seen here and not at the first delivery.
 */
static void
settings_fill_branch(struct settings_loader *loader, enum setting_id id, const struct expr *expr,
		     struct expr_place place, struct settings_branch *branch)
{
	const struct settings_row *row = settings_table_row(id);
	const struct settings_place at = {place.line, place.column};
	struct expr_value value;
	struct why why = {0};

	if (expr_is_unset(expr)) {
		if (place.line > 0)
			settings_complaint_warn(loader->complaints, at, row->key,
						"an empty value: the default is used");
		return;
	}
	if (!settings_fill_fold(loader, expr, &value))
		return;
	branch->constant = settings_convert(loader->arena, row->type, &value, &branch->datum, &why);
	if (!branch->constant)
		settings_complaint_error(loader->complaints, at, row->key, "%s", why.text);
}

static const struct settings_branch *
settings_fill_branches(struct settings_loader *loader, enum setting_id id,
		       const struct expr_block *block)
{
	struct settings_branch *branches =
	    arena_array(loader->arena, block->rule_count + 1, sizeof(*branches));

	for (size_t i = 0; i < block->rule_count; i++)
		settings_fill_branch(loader, id, block->rules[i].value, block->rules[i].value_place,
				     &branches[i]);
	settings_fill_branch(loader, id, block->otherwise, block->otherwise_place,
			     &branches[block->rule_count]);
	return branches;
}

/* Two defaults hang on other keys. */
static const char *
settings_fill_default_text(const struct settings *settings, enum setting_id id)
{
	const struct settings_slot *slots = settings->slots;

	if (id == SETTING_QUEUE_OUTBOUND_HAPPY_EYEBALLS &&
	    (slots[SETTING_QUEUE_OUTBOUND_SOURCE_IP_V4].given ||
	     slots[SETTING_QUEUE_OUTBOUND_SOURCE_IP_V6].given))
		return "0";
	if (id == SETTING_REPORT_TLS_AGGREGATE_SEND && slots[SETTING_REPORT_DOMAIN].given)
		return "daily";
	return settings_table_row(id)->fallback;
}

static void
settings_fill_expression(struct settings_loader *loader, enum setting_id id)
{
	struct settings_slot *slot = &loader->settings->slots[id];
	struct expr_scope *scope = arena_zero(loader->arena, struct expr_scope);
	const struct settings_block_spec spec = {settings_table_row(id)->key,
						 settings_table_row(id)->type, scope};
	const struct expr_block *block = NULL;

	*scope = settings_table_scope(id);
	slot->block =
	    settings_block_text(loader, settings_fill_default_text(loader->settings, id), &spec);
	if (slot->block == NULL)
		return;
	slot->branches = settings_fill_branches(loader, id, slot->block);
	slot->fallback.unset = true;
	if (slot->branches[0].constant)
		slot->fallback = slot->branches[0].datum;
	if (slot->node != NULL)
		block = settings_block_make(loader, slot->node, &spec);
	if (block != NULL && expr_block_is_unset(block))
		settings_complaint_warn(loader->complaints, slot->at, spec.key,
					"an empty value: the default is used");
	else if (block != NULL) {
		slot->given = true;
		slot->block = block;
		slot->branches = settings_fill_branches(loader, id, block);
	}
}

void
settings_fill_expressions(struct settings_loader *loader)
{
	/* In the order of the table, where source-ip comes before happy-eyeballs. */
	for (int i = 0; i < SETTING_COUNT; i++) {
		if (settings_table_row((enum setting_id)i)->kind == SETTINGS_EXPRESSION)
			settings_fill_expression(loader, (enum setting_id)i);
	}
}
