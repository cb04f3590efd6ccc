#pragma once

/*
 * The commands that need no daemon: `check` and `eval`.
 */

/*
 * config is the path of the configuration; argv[0] is the command. Returns the exit status, with
 * what went wrong on standard error.
 */
typedef int (*cli_alone_fn)(const char *config, int argc, char **argv);

int cli_alone_check(const char *config, int argc, char **argv);
int cli_alone_eval(const char *config, int argc, char **argv);
