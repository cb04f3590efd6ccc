#pragma once

#include "common/expr/block.h"
#include "common/settings/complaint.h"
#include "common/settings/convert.h"
#include "common/settings/limiter.h"
#include "common/settings/lookup.h"
#include "common/settings/quota.h"
#include "common/settings/relay.h"
#include "common/settings/settings.h"
#include "common/settings/table.h"

/*
 * The inside of settings: what the files of this folder share and nobody else includes. The loader
 * exists during settings_load() only; everything it makes lives in the arena of the settings.
 */
struct arena;
struct toml_node;

/* What one rule, or the else, gives. */
struct settings_branch {
	bool constant; /* datum is its value: nothing is evaluated */
	struct settings_datum datum;
};

struct settings_slot {
	const struct toml_node *node; /* as given in the file, or NULL; valid after a mistake too */
	bool given;                   /* the value is the file's */
	struct settings_place at;     /* of the value; line 0: default */
	const struct expr_block *block;         /* of an expression key, given or default */
	const struct settings_branch *branches; /* one for each rule and one for the else */
	struct settings_datum datum;            /* of a static key */
	struct settings_datum fallback;         /* of an expression key: the default */
	int64_t warned_ms; /* when a value last did not fit; never: INT64_MIN */
};

struct settings {
	struct arena *arena;
	const char *file;
	const char *hostname;      /* never NULL */
	const char *report_domain; /* never NULL */
	struct settings_slot slots[SETTING_COUNT];
	struct settings_relays relays;
	struct settings_limiters limiters;
	struct settings_quotas quotas;
	struct settings_lookups lookups;
	const struct toml_node *root;  /* the file, for config_get() */
	const struct netaddr *sources; /* every literal source address */
	size_t source_count;
	settings_report_fn report; /* NULL: the log */
	void *report_arg;
};

struct settings_loader {
	struct settings *settings;
	struct arena *arena;
	struct settings_complaints *complaints;
	const struct settings_source *source;
	const struct toml_node *root;
	/* Sections of their own, or NULL. */
	const struct toml_node *remote;
	const struct toml_node *lookup;
	const struct toml_node *limiters;  /* queue.limiter.outbound */
	const struct toml_node *throttles; /* queue.throttle */
	const struct toml_node *quotas;
};

/* Replaces the macros of all strings below the root, except in sections that are not ours. */
void settings_load_macros(struct settings_loader *loader, struct toml_node *root);
/*
 * Puts the place of every known key into its slot, the sections into the loader, and complains of
 * keys that are not known.
 */
void settings_load_walk(struct settings_loader *loader);
