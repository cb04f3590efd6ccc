#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * The rows of one answer as text: tables and blocks for people, or one JSON object per line. Holds
 * at most a sample of the rows of one table.
 */
struct cli_print;
struct proto_row;

struct cli_print_options {
	FILE *out;
	const char *command; /* whose answer it is */
	bool json;
	bool utc;       /* times of tables are absolute */
	unsigned width; /* columns of the terminal that is written to; 0: no terminal, no cutting */
	int64_t now;    /* seconds since the epoch, for relative times */
};

/* What options point to must live as long. */
struct cli_print *cli_print_new(const struct cli_print_options *options);
/* Writes what is held; NULL is fine. */
void cli_print_free(struct cli_print **print);
/* False when out cannot be written; errno tells why. */
bool cli_print_row(struct cli_print *print, const struct proto_row *row);
/* What was done, behind the rows: a line, or {"text":"..."}. */
void cli_print_text(struct cli_print *print, const char *text);
