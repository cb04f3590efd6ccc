#pragma once

#include "common/settings/settings.h"

/* Loading short texts, for the tests of settings. */
struct fixture {
	struct settings_complaints *complaints;
	struct settings *settings; /* NULL after an error */
};

/* Macros: env:TOKEN is "s3cret", file:/key is a PEM of two lines; nothing else exists. */
struct fixture fixture_load(const char *text);
void fixture_free(struct fixture *fixture);
/* Fails the test, showing every complaint, when there is an error. */
struct fixture fixture_load_good(const char *text);
bool fixture_macro(struct slice name, struct str *value, void *arg, struct why *why);
