#pragma once

/*
 * The configuration as far as the operator's program needs it. Whoever may ask the daemon need not
 * be allowed to read its secrets, so a macro that gives nothing is no mistake here.
 */
struct settings;
struct why;

/*
 * NULL with one line in *why; *status is 66 when the file cannot be read, 78 when it has errors.
 * The caller frees the settings.
 */
struct settings *cli_config_load(const char *path, int *status, struct why *why);
