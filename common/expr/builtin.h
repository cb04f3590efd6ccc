#pragma once

#include <stddef.h>

#include "common/expr/value.h"

/*
 * The functions of the language: a table of them, and their implementations, which are spread over
 * builtin_*.c by what they work on. They take any types: text functions make a text of what they
 * are given, and those that map do so for each item of an array.
 */
struct expr_run;

enum { EXPR_BUILTIN_ARGS = 3 };

/*
 * args are as many as the table says, resolved; *result is elsewhere. One that cannot answer sets
 * run->status (and run->why, with the column of the call), and leaves *result alone.
 */
typedef void expr_builtin_fn(struct expr_run *run, unsigned column, const struct expr_value *args,
			     struct expr_value *result);

enum expr_function_kind {
	EXPR_FUNCTION_PURE,        /* the same arguments always give the same value */
	EXPR_FUNCTION_ASK,         /* asks the program through struct expr_lookup */
	EXPR_FUNCTION_WAIT,        /* may answer EXPR_WAIT */
	EXPR_FUNCTION_LITERAL,     /* first argument is a quoted text, used at load */
	EXPR_FUNCTION_LITERAL_ASK, /* first argument is a quoted text; asks the program */
};

struct expr_function {
	const char *name;
	unsigned least; /* number of arguments */
	unsigned most;
	expr_builtin_fn *fn;
	enum expr_function_kind kind;
	const char *meaning;
};

/* NULL when there is none of this name. */
const struct expr_function *expr_builtin_find(struct slice name);
/* The table, for suggestions and manuals; NULL behind the last. */
const struct expr_function *expr_builtin_at(size_t index);
/* Why a function that other programs with this language have is not here; NULL for other names. */
const char *expr_builtin_refused(struct slice name);

#define EXPR_FUNCTION(name, least, most, fn, kind, meaning) expr_builtin_fn fn;
#include "common/tbl/function.def"
#undef EXPR_FUNCTION

typedef struct slice expr_builtin_map_fn(struct arena *arena, struct slice text, void *arg);

/* map over the text of value, or of each item of an array. */
struct expr_value expr_builtin_map(struct arena *arena, const struct expr_value *value,
				   expr_builtin_map_fn *map, void *arg);
