#pragma once

#include <stddef.h>
#include <stdio.h>

#include "master/cli/alone.h"

/*
 * Every command of postrider: those the daemon answers, from common/tbl/command.def, and those
 * that need none. Constant data.
 */
struct cli_usage {
	const char *name;
	const char *usage;
	const char *meaning;
	cli_alone_fn alone; /* NULL: the daemon answers */
};

/* NULL when there is no such command. */
const struct cli_usage *cli_usage_find(const char *name);
/* The command most like this word, or NULL when none is near. */
const char *cli_usage_similar(const char *word);
/* The whole program, or one command. */
void cli_usage_print(FILE *out, const struct cli_usage *only);
