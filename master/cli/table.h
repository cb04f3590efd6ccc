#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/str.h"

/*
 * Aligned columns for people, of any number of rows in bounded memory: the first
 * CLI_TABLE_SAMPLE rows decide the widths, those after them are written as they come.
 */
struct cli_table;

enum { CLI_TABLE_SAMPLE = 200 };

struct cli_table_column {
	const char *heading; /* must live as long as the table */
	/* Columns it keeps when the terminal is too narrow; 0: never cut. */
	unsigned least;
};

struct cli_table_cell {
	struct slice text; /* from cli_text_line() */
	/* A column of which all cells but "-" are numbers is aligned to the right. */
	bool number;
};

/*
 * width: columns of the terminal, cells are cut to stay inside; 0: nothing is cut, and a row that
 * is wider than the sample pushes its own columns only. out stays the caller's.
 */
struct cli_table *cli_table_new(FILE *out, const struct cli_table_column *columns, size_t count,
				unsigned width);
/* Writes what is still held; NULL is fine. */
void cli_table_free(struct cli_table **table);
/* As many cells as columns; copied. */
void cli_table_row(struct cli_table *table, const struct cli_table_cell *cells);
