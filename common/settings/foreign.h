#pragma once

#include <stdbool.h>

#include "common/str.h"

/*
 * Keys and sections of Stalwart that are not postrider's: known, so that its files load, and said
 * once each. Constant data.
 */
struct settings_foreign {
	const char *key;
	bool refused; /* an error: going on without it would change what is sent, and how */
	const char *text;
};

/* NULL when the key or section is not one of them. */
const struct settings_foreign *settings_foreign_find(struct slice key);
