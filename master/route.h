#pragma once

#include <stdbool.h>

#include "common/settings/settings.h"
#include "common/str.h"

/*
 * Where a delivery goes: to the mail hosts of its domain, or through a relay (queue.outbound.
 * next-hop). Evaluated by the master for each attempt.
 */
struct arena;
struct subject;

struct route {
	struct slice relay; /* id of a remote.<id>; empty: the mail hosts of the domain */
	bool unknown;       /* there is no such relay: never the mail hosts instead */
	struct settings_origin origin;
};

/* The relay's id lives in the settings or the subject. */
struct route route_find(const struct settings *settings, struct subject *subject);
/* Every delivery goes to the mail hosts: no need to ask. */
bool route_is_direct(const struct settings *settings);
