#pragma once

#include <stddef.h>

#include "common/expr/expr.h"

/*
 * What the tests of expressions start from: the delivery of the published examples, and a way from
 * the text of an expression to one line of text, its canonical value or its error.
 */
struct given {
	struct arena *arena;
	struct expr_value variables[EXPR_VARIABLE_COUNT];
	struct expr_env env;
	const struct expr_scope *scope;
	struct str text;     /* the last answer */
	struct str warnings; /* of the last compilation, "column N: text" lines */
	struct str reports;  /* of all evaluations, "line:column: text" lines */
};

void given_init(struct given *given);
void given_free(struct given *given);
void given_set(struct given *given, enum expr_variable variable, const char *text);
/* NULL when it does not compile; text is then "column N: ...". */
struct expr *given_compile(struct given *given, const char *expression);
/* The canonical value, "column N: ..." for an error, "wait TYPE NAME", "failed: ...", "unset". */
const char *given_eval(struct given *given, const char *expression);
/* For expr_block_*(). */
void given_report(unsigned line, unsigned column, const char *text, void *arg);

struct given_row {
	const char *expression;
	const char *expected; /* ends in "..." when only the beginning is compared */
};

/* Each row in a fresh evaluation. */
void given_check(struct given *given, const struct given_row *rows, size_t count);

#define GIVEN_CHECK(given, rows) given_check((given), (rows), sizeof(rows) / sizeof((rows)[0]))
