#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/expr/expr.h"
#include "common/settings/complaint.h"

/*
 * Outbound limits: queue.limiter.outbound.<id>, [[queue.limiter.outbound]], [[queue.throttle]].
 * Which variables a limiter reads decides who asks it, and when. Read-only after load.
 */
struct expr_block;
struct settings_loader;
struct toml_node;

/* One bit for each part of a key; a limiter has one bucket for each combination of values. */
enum settings_limiter_key {
	SETTINGS_LIMITER_SENDER = 1,
	SETTINGS_LIMITER_SENDER_DOMAIN = 2,
	SETTINGS_LIMITER_RCPT_DOMAIN = 4,
	SETTINGS_LIMITER_MX = 8,
	SETTINGS_LIMITER_REMOTE_IP = 16,
	SETTINGS_LIMITER_LOCAL_IP = 32
};

enum settings_limiter_class {
	SETTINGS_LIMITER_BY_SENDER, /* known when the message is: asked by the master */
	SETTINGS_LIMITER_BY_DOMAIN, /* known with the recipient domain: asked by the master */
	SETTINGS_LIMITER_BY_HOST    /* mx, remote_ip or local_ip: asked by the worker */
};

struct settings_limiter {
	const char *id; /* unique; "0000" and so on for elements of an array */
	bool enabled;
	unsigned keys;                  /* of enum settings_limiter_key; 0: one bucket for all */
	const struct expr_block *match; /* NULL: always */
	enum settings_limiter_class class;
	int64_t rate; /* messages each period; 0: no rate */
	int64_t period_ms;
	int64_t concurrency; /* at the same time; 0: no limit */
	struct settings_place at;
};

struct settings_limiters {
	struct settings_limiter *list;
	size_t count;
};

/* Adds the limiters below node, which is a table of tables or an array of tables. */
void settings_limiter_load(struct settings_loader *loader, const struct toml_node *node,
			   const char *key, struct settings_limiters *limiters);

/*
 * Does it concern this delivery? A match that fails is reported and does not. False with *wait set
 * when env->question needs an answer first (class BY_HOST only).
 */
bool settings_limiter_matches(const struct settings_limiter *limiter, struct expr_env *env,
			      bool *wait);
