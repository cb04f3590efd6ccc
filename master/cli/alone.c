#include "master/cli/alone.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/expr/expr.h"
#include "common/settings/ask.h"
#include "common/settings/settings.h"
#include "common/why.h"
#include "master/cli/check.h"
#include "master/cli/config.h"
#include "master/cli/eval.h"

struct cli_alone_eval {
	struct settings *settings; /* NULL: none are asked */
	struct expr_scope scope;   /* of --for */
};

int
cli_alone_check(const char *config, int argc, char **argv)
{
	bool verbose = argc == 2 && strcmp(argv[1], "-v") == 0;

	if (argc > 1 && !verbose) {
		fputs("usage: postrider check [-v]\n", stderr);
		return EX_USAGE;
	}
	return cli_check(config, verbose, stdout, stderr);
}

static const struct expr_scope *
cli_alone_scope_for(const char *key, void *arg)
{
	struct cli_alone_eval *eval = arg;
	enum setting_id id;

	if (!settings_table_find(slice_of(key), &id))
		return NULL;
	eval->scope = settings_table_scope(id);
	return &eval->scope;
}

/* The questions an expression has, passed on to the settings. */
static bool
cli_alone_key_get(struct slice store, struct slice key, struct expr_value *value, void *arg)
{
	const struct cli_alone_eval *eval = arg;

	return settings_ask()->key_get(store, key, value, eval->settings);
}

static bool
cli_alone_key_exists(struct slice store, struct slice key, void *arg)
{
	const struct cli_alone_eval *eval = arg;

	return settings_ask()->key_exists(store, key, eval->settings);
}

static bool
cli_alone_config_get(struct slice key, struct expr_value *value, void *arg)
{
	const struct cli_alone_eval *eval = arg;

	return settings_ask()->config_get(key, value, eval->settings);
}

static bool
cli_alone_is_local_domain(struct slice directory, struct slice domain, void *arg)
{
	const struct cli_alone_eval *eval = arg;

	return settings_ask()->is_local_domain(directory, domain, eval->settings);
}

static bool
cli_alone_is_local_address(struct slice directory, struct slice address, void *arg)
{
	const struct cli_alone_eval *eval = arg;

	return settings_ask()->is_local_address(directory, address, eval->settings);
}

int
cli_alone_eval(const char *config, int argc, char **argv)
{
	static const struct expr_lookup lookup = {
	    .key_get = cli_alone_key_get,
	    .key_exists = cli_alone_key_exists,
	    .config_get = cli_alone_config_get,
	    .is_local_domain = cli_alone_is_local_domain,
	    .is_local_address = cli_alone_is_local_address,
	};
	struct cli_alone_eval eval = {0};
	struct cli_eval_config eval_config = {.scope_for = cli_alone_scope_for, .arg = &eval};
	struct why why = {0};
	int status;

	/* An expression on its own is the same everywhere; one of a setting sees its tables. */
	if (argc > 1 && strcmp(argv[1], "--for") == 0) {
		eval.settings = cli_config_load(config, &status, &why);
		if (eval.settings == NULL) {
			fprintf(stderr, "postrider: %s\n", why.text);
			return status;
		}
		eval_config.lookup = &lookup;
	}
	status = cli_eval(argc, argv, &eval_config);
	settings_free(&eval.settings);
	return status;
}
