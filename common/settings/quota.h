#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/expr/expr.h"
#include "common/settings/complaint.h"

/*
 * Quotas of the queue: queue.quota.<id> and [[queue.quota]]; what exceeds one is refused at intake
 * with 452 4.3.1. Evaluated by the master. Read-only after load.
 */
struct expr_block;
struct settings_loader;
struct toml_node;

enum settings_quota_key {
	SETTINGS_QUOTA_SENDER = 1,
	SETTINGS_QUOTA_SENDER_DOMAIN = 2,
	SETTINGS_QUOTA_RCPT_DOMAIN = 4,
	SETTINGS_QUOTA_RCPT = 8
};

struct settings_quota {
	const char *id;
	bool enabled;
	unsigned keys;                  /* of enum settings_quota_key; 0: one count for all */
	const struct expr_block *match; /* NULL: always (D24) */
	int64_t messages;               /* 0: no limit */
	int64_t size;                   /* bytes; 0: no limit */
	struct settings_place at;
};

struct settings_quotas {
	struct settings_quota *list;
	size_t count;
};

/* Adds the quotas below node, which is a table of tables or an array of tables. */
void settings_quota_load(struct settings_loader *loader, const struct toml_node *node,
			 const char *key, struct settings_quotas *quotas);

/* Does it concern this message? A match that fails is reported and does not. */
bool settings_quota_matches(const struct settings_quota *quota, struct expr_env *env);
