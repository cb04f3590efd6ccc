#pragma once

/* What functions of expressions get to know of the configuration. */
struct expr_lookup;

/*
 * For struct expr_env, whose lookup_arg is the settings. key_get() and key_exists() ask the tables
 * of `lookup`; is_local_domain() the store local-domains, or the one named, a value of false being
 * none; config_get() gives any key as written, but no secret.
 */
const struct expr_lookup *settings_ask(void);
