#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/expr/expr.h"
#include "common/settings/settings.h"
#include "common/settings/table.h"
#include "common/str.h"

/*
 * Expression keys: evaluated against the variables of one delivery, and converted to what the key
 * needs. Values that are the same for every delivery cost a look-up. Never fails for lack of a
 * value: every key has a default.
 */
struct netaddr;

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
enum expr_status settings_eval_bool(const struct settings *settings, enum setting_id id,
				    struct expr_env *env, bool *truth);
enum expr_status settings_eval_choice(const struct settings *settings, enum setting_id id,
				      struct expr_env *env, int *choice);
/* Empty when unset. */
enum expr_status settings_eval_text(const struct settings *settings, enum setting_id id,
				    struct expr_env *env, struct slice *text);
