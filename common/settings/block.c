#include "common/settings/block.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/expr/block.h"
#include "common/expr/expr.h"
#include "common/settings/compile.h"
#include "common/settings/load.h"
#include "common/settings/place.h"
#include "common/toml/tree.h"
#include "common/why.h"

/* A list of conditions being read. */
struct settings_block_builder {
	struct settings_loader *loader;
	const struct settings_block_spec *spec;
	struct expr_rule *rules;
	size_t rule_count;
	struct expr_block *block;
	bool has_else;
	bool failed;
};

/* The dialect before Stalwart 0.6: { if = "rcpt-domain", eq = "x", then = … }. */
static const struct {
	const char *key;
	const char *instead;
} settings_block_old[] = {
    {"eq", "if = \"rcpt_domain == 'example.org'\""},
    {"ne", "if = \"rcpt_domain != 'example.org'\""},
    {"gt", "if = \"priority > 1\""},
    {"ge", "if = \"priority >= 1\""},
    {"lt", "if = \"priority < 1\""},
    {"le", "if = \"priority <= 1\""},
    {"in-list", "if = \"key_exists('STORE', rcpt_domain)\""},
    {"not-in-list", "if = \"!key_exists('STORE', rcpt_domain)\""},
    {"starts-with", "if = \"starts_with(rcpt_domain, 'mail.')\""},
    {"not-starts-with", "if = \"!starts_with(rcpt_domain, 'mail.')\""},
    {"ends-with", "if = \"ends_with(rcpt_domain, '.org')\""},
    {"not-ends-with", "if = \"!ends_with(rcpt_domain, '.org')\""},
    {"matches", "if = \"matches('^a', rcpt_domain)\""},
    {"not-matches", "if = \"!matches('^a', rcpt_domain)\""},
    {"any-of", "if = \"A || B\""},
    {"all-of", "if = \"A && B\""},
    {"none-of", "if = \"!(A || B)\""},
};

static void __attribute__((format(printf, 3, 4)))
settings_block_fail(struct settings_block_builder *builder, const struct toml_node *at,
		    const char *format, ...)
{
	struct str text = {0};
	va_list ap;

	va_start(ap, format);
	str_vprintf(&text, format, ap);
	va_end(ap);
	settings_complaint_error(builder->loader->complaints, settings_place_of(at),
				 builder->spec->key, "%s", str_c(&text));
	builder->failed = true;
	str_free(&text);
}

/* False when the table is of the old dialect: then its shape is not worth more words. */
static bool
settings_block_keys(struct settings_block_builder *builder, const struct toml_node *table)
{
	enum { OLD = sizeof(settings_block_old) / sizeof(settings_block_old[0]) };

	for (size_t i = 0; i < table->entry_count; i++) {
		struct slice key = table->entries[i].key;
		struct settings_place at = {table->entries[i].at.line, table->entries[i].at.column};
		size_t old = 0;

		if (slice_is(key, "if") || slice_is(key, "then") || slice_is(key, "else"))
			continue;
		while (old < OLD && !slice_is(key, settings_block_old[old].key))
			old++;
		builder->failed = true;
		if (old < OLD) {
			settings_complaint_error(
			    builder->loader->complaints, at, builder->spec->key,
			    "%s is of the configuration of Stalwart before 0.6: write %s",
			    settings_block_old[old].key, settings_block_old[old].instead);
			return false;
		}
		settings_complaint_error(builder->loader->complaints, at, builder->spec->key,
					 "%.*s in a condition: only if, then and else are known",
					 SLICE_ARG(key));
	}
	return true;
}

static struct expr_place
settings_block_place(const struct toml_node *node)
{
	struct settings_place at = settings_place_inside(node, 1);

	return (struct expr_place){at.line, at.column};
}

static void
settings_block_else(struct settings_block_builder *builder, const struct toml_node *table,
		    const struct toml_node *value)
{
	if (table->entry_count > 1) {
		settings_block_fail(builder, table,
				    "else together with if or then: write { else = ... } alone, "
				    "as the last element");
		return;
	}
	if (builder->has_else) {
		settings_block_fail(builder, table,
				    "a second else: only the last element may be one");
		return;
	}
	if (builder->rule_count == 0)
		settings_block_fail(builder, table,
				    "else before any if: write the value itself, without a list");
	builder->has_else = true;
	builder->block->otherwise = settings_compile(builder->loader, value, builder->spec);
	builder->block->otherwise_place = settings_block_place(value);
	builder->failed |= builder->block->otherwise == NULL;
}

static void
settings_block_rule(struct settings_block_builder *builder, const struct toml_node *table)
{
	const struct settings_block_spec condition = {builder->spec->key, SETTINGS_TYPE_BOOL,
						      builder->spec->scope};
	const struct toml_node *test = toml_tree_find(table, "if");
	const struct toml_node *then = toml_tree_find(table, "then");
	struct expr_rule *rule = &builder->rules[builder->rule_count++];

	if (builder->has_else)
		settings_block_fail(builder, table,
				    "this comes after the else, and would never be "
				    "used: move the else to the end");
	if (test == NULL && then == NULL)
		settings_block_fail(builder, table,
				    "an empty element: write { if = ..., then = ... }");
	else if (test == NULL)
		settings_block_fail(builder, table,
				    "then without if: write { if = ..., then = ... }");
	else if (then == NULL)
		settings_block_fail(builder, table,
				    "condition %zu has no then: write "
				    "{ if = ..., then = ... }",
				    builder->rule_count);
	if (test != NULL) {
		rule->condition = settings_compile(builder->loader, test, &condition);
		rule->condition_place = settings_block_place(test);
		builder->failed |= rule->condition == NULL;
	}
	if (then != NULL) {
		rule->value = settings_compile(builder->loader, then, builder->spec);
		rule->value_place = settings_block_place(then);
		builder->failed |= rule->value == NULL;
	}
}

static void
settings_block_element(struct settings_block_builder *builder, const struct toml_node *item)
{
	const struct toml_node *otherwise;

	if (item->type != TOML_TABLE) {
		settings_block_fail(builder, item,
				    "%s among conditions: write { if = ..., then = ... } or "
				    "{ else = ... }",
				    toml_tree_type_name(item->type));
		return;
	}
	if (!settings_block_keys(builder, item)) {
		/* Counts as a rule, so that a good else behind it is not called the first. */
		builder->rule_count++;
		return;
	}
	otherwise = toml_tree_find(item, "else");
	if (otherwise != NULL)
		settings_block_else(builder, item, otherwise);
	else
		settings_block_rule(builder, item);
}

static bool
settings_block_is_off(const struct settings_block_builder *builder, struct settings_place at)
{
	struct expr_value value;

	for (size_t i = 0; i < builder->rule_count; i++) {
		const struct expr_rule *rule = &builder->rules[i];

		if (rule->condition_place.line == at.line &&
		    rule->condition_place.column == at.column)
			return expr_is_unset(rule->condition) ||
			       (expr_is_constant(rule->condition, &value) && !expr_truth(&value));
	}
	return false;
}

static void
settings_block_unreachable(unsigned line, unsigned column, const char *text, void *arg)
{
	struct settings_block_builder *builder = arg;
	struct settings_complaints *complaints = builder->loader->complaints;
	const struct settings_place at = {line, column};

	/* A rule switched off by `false` is done on purpose; one in the shadow of another is not.
	 */
	if (settings_block_is_off(builder, at))
		settings_complaint_warn(complaints, at, builder->spec->key, "%s", text);
	else
		settings_complaint_error(complaints, at, builder->spec->key, "%s", text);
}

static const struct expr_block *
settings_block_list(struct settings_loader *loader, const struct toml_node *at,
		    struct toml_node *const *items, size_t count,
		    const struct settings_block_spec *spec)
{
	struct settings_block_builder builder = {.loader = loader, .spec = spec};

	builder.block = arena_zero(loader->arena, struct expr_block);
	builder.rules = arena_array(loader->arena, count + 1, sizeof(*builder.rules));
	for (size_t i = 0; i < count; i++)
		settings_block_element(&builder, items[i]);
	if (!builder.has_else)
		settings_block_fail(&builder, at,
				    "no else: add { else = ... } as the last element");
	if (builder.failed)
		return NULL;
	builder.block->rules = builder.rules;
	builder.block->rule_count = builder.rule_count;
	expr_block_check(builder.block, settings_block_unreachable, &builder);
	return builder.block;
}

static int
settings_block_compare(const void *left, const void *right)
{
	const struct toml_entry *a = left;
	const struct toml_entry *b = right;

	if (a->key.len != b->key.len)
		return a->key.len < b->key.len ? -1 : 1;
	return memcmp(a->key.data, b->key.data, a->key.len);
}

/* key.0000.if = …, as lists look where the configuration was exported key by key. */
static const struct expr_block *
settings_block_indexed(struct settings_loader *loader, const struct toml_node *node,
		       const struct settings_block_spec *spec)
{
	struct toml_entry *entries;
	struct toml_node **items;
	unsigned long long number;

	entries = arena_array(loader->arena, node->entry_count + 1, sizeof(*entries));
	items = arena_array(loader->arena, node->entry_count + 1, sizeof(struct toml_node *));
	for (size_t i = 0; i < node->entry_count; i++) {
		entries[i] = node->entries[i];
		if (!slice_number(entries[i].key, &number)) {
			settings_complaint_error(
			    loader->complaints, settings_place_of(node), spec->key,
			    "a table where a value is expected: put conditions in a list, "
			    "[ { if = ..., then = ... }, { else = ... } ]");
			return NULL;
		}
	}
	qsort(entries, node->entry_count, sizeof(*entries), settings_block_compare);
	for (size_t i = 0; i < node->entry_count; i++)
		items[i] = entries[i].value;
	return settings_block_list(loader, node, items, node->entry_count, spec);
}

static const struct expr_block *
settings_block_plain(struct settings_loader *loader, const struct toml_node *node,
		     const struct settings_block_spec *spec)
{
	struct expr_block *block = arena_zero(loader->arena, struct expr_block);

	block->otherwise = settings_compile(loader, node, spec);
	block->otherwise_place = settings_block_place(node);
	return block->otherwise != NULL ? block : NULL;
}

const struct expr_block *
settings_block_make(struct settings_loader *loader, const struct toml_node *node,
		    const struct settings_block_spec *spec)
{
	if (node->type == TOML_TABLE)
		return settings_block_indexed(loader, node, spec);
	if (node->type != TOML_ARRAY)
		return settings_block_plain(loader, node, spec);
	for (size_t i = 0; i < node->count; i++) {
		if (node->items[i]->type == TOML_TABLE)
			return settings_block_list(loader, node, node->items, node->count, spec);
	}
	if (node->count > 0 || settings_compile_takes_list(spec->type))
		return settings_block_plain(loader, node, spec);
	settings_complaint_warn(loader->complaints, settings_place_of(node), spec->key,
				"an empty list is as if the key were not there: leave it out");
	return NULL;
}

const struct expr_block *
settings_block_text(struct settings_loader *loader, const char *text,
		    const struct settings_block_spec *spec)
{
	struct expr_block *block = arena_zero(loader->arena, struct expr_block);
	struct why why = {0};

	block->otherwise =
	    expr_compile(loader->arena, slice_of(text), spec->scope, NULL, NULL, &why);
	if (block->otherwise == NULL)
		settings_complaint_error(loader->complaints, (struct settings_place){0, 0},
					 spec->key, "built-in default: %s", why.text);
	return block->otherwise != NULL ? block : NULL;
}
