#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/netaddr.h"
#include "common/settings/settings.h"
#include "common/str.h"

/*
 * What a worker is born with: the configuration without the other role's secrets, and everything
 * it cannot fetch for itself. The master writes one for each role and seals it; the worker reads
 * it after dropping its rights. Numbers are little-endian; anything unexpected is refused.
 */
struct why;

enum { SETTINGS_BUNDLE_VERSION = 1, SETTINGS_BUNDLE_SERVERS = 16 };

enum settings_role { SETTINGS_ROLE_DELIVER = 1, SETTINGS_ROLE_SUBMIT = 2 };

/* What the master adds to the configuration. */
struct settings_bundle_facts {
	uint64_t generation;
	const char *hostname;          /* the machine's */
	const struct netaddr *servers; /* resolvers, with ports */
	size_t server_count;
	struct slice ca; /* PEM, may be empty */
};

/*
 * Appends a bundle to *out. The source is one that loads without errors; its macros are expanded
 * again here, only those the role may see. False: a macro has no value any more.
 */
bool settings_bundle_write(const struct settings_source *source, enum settings_role role,
			   const struct settings_bundle_facts *facts, struct str *out,
			   struct why *why);

/* The configuration text a role may see: same lines and columns, other secrets as stars. */
bool settings_bundle_blank(struct slice text, enum settings_role role, struct str *out,
			   struct why *why);

struct settings_bundle {
	enum settings_role role;
	uint64_t generation;
	const char *hostname;
	struct netaddr servers[SETTINGS_BUNDLE_SERVERS];
	size_t server_count;
	struct slice ca;
	struct settings *settings;
	struct arena *arena; /* holds the texts above */
};

/* data may be released afterwards. NULL: not a bundle of this version, or it does not load. */
struct settings_bundle *settings_bundle_read(struct slice data, struct why *why);
void settings_bundle_free(struct settings_bundle **bundle);
