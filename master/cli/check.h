#pragma once

#include <stdbool.h>
#include <stdio.h>

/*
 * `postrider check`: reads the configuration without a daemon. Complaints are the answer, and go
 * to out; that the file cannot be read at all goes to err.
 */

/*
 * With verbose every effective value follows when nothing is wrong. The exit status: 0, 1 when a
 * complaint is an error, EX_NOINPUT (66) when the file cannot be read.
 */
int cli_check(const char *path, bool verbose, FILE *out, FILE *err);
