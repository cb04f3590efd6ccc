#pragma once

/*
 * `postrider eval [--for KEY] EXPR [NAME=VALUE...]`: evaluates an expression of the configuration
 * and prints its canonical value. Works on its own, without a daemon.
 */
struct expr_lookup;
struct expr_scope;

/* What an expression of this setting may use; NULL when there is no such setting. */
typedef const struct expr_scope *(*cli_eval_scope_fn)(const char *key, void *arg);

struct cli_eval_config {
	cli_eval_scope_fn scope_for;      /* of --for; NULL: no setting is known */
	const struct expr_lookup *lookup; /* for key_get() and its like; may be NULL */
	void *arg;                        /* of both */
};

/*
 * argv[0] is "eval". Returns the exit status: 0; 1 with `column N: text` on standard error when the
 * expression is not valid; 64 for a wrong command line; 69 when it needs DNS, which is not asked.
 */
int cli_eval(int argc, char **argv, const struct cli_eval_config *config);
