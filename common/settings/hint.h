#pragma once

#include "common/settings/block.h"

/* What to write instead of an expression that does not compile: the usual mistakes, recognized. */
struct settings;
struct str;

/* Appends a sentence without a full stop, or nothing. column is where the compiler stopped. */
void settings_hint(const struct settings *settings, const struct settings_block_spec *spec,
		   struct slice text, unsigned column, struct str *hint);
