#pragma once

/* Every effective value and where it comes from, for `check -v`. */
struct settings;
struct str;

/*
 * `KEY = VALUE   # FILE:LINE`, or `# default`, one line for each key of the table, then relays,
 * limits, quotas and look-ups. Values are written as the file may have them; what came out of a
 * macro is shown as the macro, other secrets as stars.
 */
void settings_print(const struct settings *settings, struct str *out);
