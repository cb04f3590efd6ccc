#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/expr/expr.h"
#include "common/netaddr.h"
#include "common/settings/complaint.h"
#include "common/settings/macro.h"
#include "common/settings/table.h"

/*
 * One loaded configuration: static keys by typed readers, expression keys evaluated against the
 * variables of a delivery. Immutable and owned by whoever loaded it; what readers return lives as
 * long. Asking a key by a reader of another type is a bug and asserts. One thread.
 */
struct settings;
struct settings_limiter;
struct settings_quota;
struct settings_relay;

struct settings_source {
	const char *file; /* name for messages */
	struct slice text;
	const char *hostname;    /* the machine's name; NULL: "localhost" */
	settings_macro_fn macro; /* NULL: macros are errors */
	void *macro_arg;
	bool blanked; /* the text of a bundle: secrets of the other role are stars */
};

/*
 * Reads everything and complains of everything. NULL only when there is an error among the
 * complaints, which are added to the list given.
 */
struct settings *settings_load(const struct settings_source *source,
			       struct settings_complaints *complaints);
void settings_free(struct settings **settings);

/* Where a value comes from; line 0 is the default. rule counts from 0; rules of a plain value: 0.
 */
struct settings_origin {
	const char *file;
	unsigned line;
	unsigned column;
	size_t rule;  /* which condition decided; rules: the else */
	size_t rules; /* how many conditions there are */
};

struct settings_endpoint {
	struct netaddr address; /* AF_UNSPEC for a path */
	const char *path;       /* of "unix:PATH", else NULL */
};

/* Static keys. Texts are "" and lists empty when unset. */
const char *settings_text(const struct settings *settings, enum setting_id id);
int64_t settings_duration_ms(const struct settings *settings, enum setting_id id);
int64_t settings_integer(const struct settings *settings, enum setting_id id);
int64_t settings_size(const struct settings *settings, enum setting_id id);
bool settings_bool(const struct settings *settings, enum setting_id id);
/* Words of a choice, as the enumerations of table.h; modes as numbers. */
int settings_choice(const struct settings *settings, enum setting_id id);
/* The space that must stay free: the larger of *bytes and *percent of the file system. */
void settings_space(const struct settings *settings, enum setting_id id, int64_t *bytes,
		    int *percent);
const struct settings_endpoint *settings_endpoints(const struct settings *settings,
						   enum setting_id id, size_t *count);
const struct netaddr_prefix *settings_prefixes(const struct settings *settings, enum setting_id id,
					       size_t *count);
const char *const *settings_texts(const struct settings *settings, enum setting_id id,
				  size_t *count);
/* In the file, not a default. */
bool settings_is_given(const struct settings *settings, enum setting_id id);
struct settings_origin settings_origin(const struct settings *settings, enum setting_id id);

/* Expression keys. */
struct settings_answer {
	int64_t integer; /* milliseconds, counts, bytes, truth, words of a choice */
	double real;     /* fractions */
	struct slice text;
	const struct netaddr *addresses;
	const int64_t *integers;
	size_t count;                  /* of the list */
	bool unset;                    /* text and lists: none (`false`, or no value at all) */
	struct settings_origin origin; /* which rule decided */
};

/*
 * EXPR_OK, or EXPR_WAIT: answer env->question and ask again. Where the value fails or does not fit
 * the key, the documented default is returned and reported. env->lookup may be NULL: the tables of
 * these settings are used. Lists live as long as the settings or env->arena.
 */
enum expr_status settings_eval(const struct settings *settings, enum setting_id id,
			       struct expr_env *env, struct settings_answer *answer);
enum expr_status settings_eval_duration_ms(const struct settings *settings, enum setting_id id,
					   struct expr_env *env, int64_t *ms);
enum expr_status settings_eval_count(const struct settings *settings, enum setting_id id,
				     struct expr_env *env, int64_t *count);
enum expr_status settings_eval_choice(const struct settings *settings, enum setting_id id,
				      struct expr_env *env, int *choice);
/* Empty when unset. */
enum expr_status settings_eval_text(const struct settings *settings, enum setting_id id,
				    struct expr_env *env, struct slice *text);

/* Its value may differ from delivery to delivery. */
bool settings_eval_varies(const struct settings *settings, enum setting_id id);

/* A value did not fit: once for each key and hour. Without one, the log gets it. */
typedef void (*settings_report_fn)(const char *key, const char *text, void *arg);
void settings_set_report(struct settings *settings, settings_report_fn fn, void *arg);

/* NULL when there is none. */
const struct settings_relay *settings_relay_find(const struct settings *settings, struct slice id);
const struct settings_relay *settings_relays(const struct settings *settings, size_t *count);
/* Includes those that are not enabled. */
const struct settings_limiter *settings_limiters(const struct settings *settings, size_t *count);
const struct settings_quota *settings_quotas(const struct settings *settings, size_t *count);

/* server.hostname, with its default. */
const char *settings_hostname(const struct settings *settings);
/* Every source address the file names literally, without duplicates. */
const struct netaddr *settings_source_addresses(const struct settings *settings, size_t *count);
