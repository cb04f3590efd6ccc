#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/settings/settings.h"
#include "common/settings/table.h"
#include "common/str.h"

/*
 * From the value of an expression to what a key needs. Used at load for constants, where a value
 * that does not fit is an error of the file, and at run time, where it gives the default.
 */
struct arena;
struct expr_value;
struct why;

/* The value of a key in the form in which it is used; which members count is the type's matter. */
struct settings_datum {
	int64_t integer;
	double real;
	int percent;
	struct slice text; /* NUL-terminated */
	const struct netaddr *addresses;
	const int64_t *integers;
	const struct settings_endpoint *endpoints;
	const struct netaddr_prefix *prefixes;
	const char *const *texts;
	size_t count; /* of whichever list */
	bool unset;
};

/* Lists and texts are made in the arena. False: why->text says what is wrong and what to write. */
bool settings_convert(struct arena *arena, enum settings_type type, const struct expr_value *value,
		      struct settings_datum *datum, struct why *why);
