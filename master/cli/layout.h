#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"
#include "master/cli/value.h"

/*
 * Which columns of an answer people see, in which order and under which heading. An answer without
 * a layout is a table of all its columns. Constant data.
 */
struct cli_layout_column {
	const char *name;    /* of the value in the row */
	const char *heading; /* in a block NULL: goes on the line of the one before */
	enum cli_format format;
	unsigned least; /* as in struct cli_table_column */
};

struct cli_layout {
	const char *command;
	const char *table; /* of its rows */
	bool block;        /* a line for each column instead of a line for each row */
	const struct cli_layout_column *columns;
	size_t count; /* 0: all columns as they come */
};

/* NULL when there is none. */
const struct cli_layout *cli_layout_find(struct slice command, struct slice table);
/* Its rows are of several tables. */
bool cli_layout_is_several(struct slice command);
