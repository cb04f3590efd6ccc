#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/proto/hello.h"
#include "master/pool/pool.h"

/*
 * A loaded configuration and what workers born with it get: one sealed bundle for each role. The
 * master keeps the newest; workers of older ones end with what they were born with.
 */

struct settings;
struct settings_complaints;
struct why;

struct generation {
	uint64_t number;
	struct settings *settings;
	int bundles[PROTO_ROLES]; /* memfds, sealed */
};

/*
 * Reads the file at path. NULL with complaints (all of them) when it is refused; with why alone
 * when something else failed. Warnings are added to complaints, too.
 */
struct generation *generation_load(const char *path, uint64_t number,
				   struct settings_complaints *complaints, struct why *why);
void generation_free(struct generation **generation);
/* Without listeners, which the caller adds. */
void generation_births(const struct generation *generation, struct pool_birth births[PROTO_ROLES]);
/* worker.count with "auto" made a number. */
unsigned generation_workers(const struct generation *generation, enum proto_role role);
