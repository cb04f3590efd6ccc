#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/expr/memo.h"
#include "common/expr/scope.h"
#include "common/expr/value.h"

/*
 * Expressions of the configuration: text compiled once, at load, into a tree in which every name
 * and type is resolved, and evaluated against the variables of one delivery. Compiled expressions
 * are read-only, belong to the arena they were compiled into, and serve one thread.
 *
 * Columns are characters of the expression text, counted from 1.
 */
struct arena;
struct expr;
struct why;

/* Something the author should know, though the expression compiles. */
typedef void (*expr_warn_fn)(unsigned column, const char *text, void *arg);

/* Something that went wrong during an evaluation without failing it; line 0 when not in a block. */
typedef void (*expr_report_fn)(unsigned line, unsigned column, const char *text, void *arg);

/*
 * NULL on error, with why->column and why->text set. The text is copied. Empty text and `()` give
 * an expression that is unset. warn may be NULL.
 */
struct expr *expr_compile(struct arena *arena, struct slice text, const struct expr_scope *scope,
			  expr_warn_fn warn, void *warn_arg, struct why *why);

/* The setting was given without a value: it is as if it were absent. */
bool expr_is_unset(const struct expr *expr);
/* True, and *value set, when no evaluation is needed. The value lives as long as the expression. */
bool expr_is_constant(const struct expr *expr, struct expr_value *value);
/* EXPR_BIT() of each variable it reads. */
uint64_t expr_variables(const struct expr *expr);
/* It may answer EXPR_WAIT. */
bool expr_is_asynchronous(const struct expr *expr);
/* Its value depends on captures an earlier condition left. */
bool expr_uses_captures(const struct expr *expr);
/* The text it was compiled from. */
struct slice expr_text(const struct expr *expr);

/*
 * What functions ask the program. A NULL member, or a NULL table, answers no. Values and their text
 * must live as long as the evaluation's arena.
 */
struct expr_lookup {
	/* Value of a key in a static store; an unknown store means the default one. */
	bool (*key_get)(struct slice store, struct slice key, struct expr_value *value, void *arg);
	bool (*key_exists)(struct slice store, struct slice key, void *arg);
	/* Raw text of another setting, not evaluated. */
	bool (*config_get)(struct slice key, struct expr_value *value, void *arg);
	/* The directory '*' or '' is the default one. */
	bool (*is_local_domain)(struct slice directory, struct slice domain, void *arg);
	bool (*is_local_address)(struct slice directory, struct slice address, void *arg);
};

/* $0 to $31. */
enum { EXPR_CAPTURE_MAX = 32 };

/* The groups of the last matches() that matched; slices of its subject. */
struct expr_captures {
	size_t count; /* groups set; all others are "" */
	struct slice groups[EXPR_CAPTURE_MAX];
};

/*
 * What one evaluation sees; made by the caller, zeroed where not needed. Captures are left alone by
 * expr_eval(), so that they survive from a condition into its value: whoever calls it for something
 * new, or again after EXPR_WAIT, sets captures.count to 0. expr_block_eval() does so itself.
 */
struct expr_env {
	const struct expr_value *variables; /* EXPR_VARIABLE_COUNT values */
	struct arena *arena;                /* where results that need memory are made */
	const struct expr_lookup *lookup;
	void *lookup_arg;
	struct expr_captures captures;
	struct expr_memo *memo;        /* answers of dns_query so far; NULL: every question fails */
	struct expr_question question; /* set with EXPR_WAIT */
	expr_report_fn report;         /* conditions that failed, limits hit; may be NULL */
	void *report_arg;
	unsigned line;           /* passed to report; expr_block_eval() sets it */
	unsigned regex_too_long; /* counts matches() given up at a limit, which is "no match" */
};

enum expr_status {
	EXPR_OK,
	EXPR_FAILED, /* an asynchronous function failed; why says which and why */
	EXPR_WAIT,   /* env->question needs an answer: add it to env->memo, evaluate again */
};

/*
 * Pure but for env: the same variables and memo give the same result. *result is set with EXPR_OK
 * only and lives as long as the expression, the variables and env->arena. An unset expression
 * gives "". Types never make it fail.
 */
enum expr_status expr_eval(const struct expr *expr, struct expr_env *env, struct expr_value *result,
			   struct why *why);
