#include "common/settings/settings.h"

#include <assert.h>

#include "common/clock.h"
#include "common/expr/block.h"
#include "common/log.h"
#include "common/settings/ask.h"
#include "common/settings/load.h"
#include "common/why.h"

enum { SETTINGS_EVAL_HOUR_MS = 3600000 };

/* Once for each key and hour: a rule that is wrong is wrong for every delivery. */
static void
settings_eval_report(const struct settings *settings, enum setting_id id, struct expr_place place,
		     const char *text)
{
	const char *key = settings_table_row(id)->key;
	/* When it was last said is no part of the configuration. */
	struct settings_slot *slot = (struct settings_slot *)(uintptr_t)&settings->slots[id];
	int64_t now = clock_mono_ms();
	struct str line = {0};

	if (slot->warned_ms != INT64_MIN && now - slot->warned_ms < SETTINGS_EVAL_HOUR_MS)
		return;
	slot->warned_ms = now;
	str_printf(&line, "%s:%u: the default is used: ", settings->file, place.line);
	str_printable(&line, text, slice_of(text).len);
	if (settings->report != NULL)
		settings->report(key, str_c(&line), settings->report_arg);
	else
		log_warn("%s: %s", key, str_c(&line));
	str_free(&line);
}

static void
settings_eval_answer(struct settings_answer *answer, const struct settings_datum *datum)
{
	answer->integer = datum->integer;
	answer->real = datum->real;
	answer->text = datum->text;
	answer->addresses = datum->addresses;
	answer->integers = datum->integers;
	answer->count = datum->count;
	answer->unset = datum->unset;
}

static void
settings_eval_origin(const struct settings *settings, const struct settings_slot *slot,
		     size_t which, struct settings_origin *origin)
{
	struct expr_place place = expr_block_place(slot->block, which);

	*origin = (struct settings_origin){.file = settings->file};
	if (!slot->given)
		return;
	origin->line = place.line;
	origin->column = place.column;
	origin->rule = which;
	origin->rules = slot->block->rule_count;
}

/* The value is not usable: the documented default, and where that comes from. */
static void
settings_eval_default(const struct settings *settings, const struct settings_slot *slot,
		      struct settings_answer *answer)
{
	*answer = (struct settings_answer){.origin = {.file = settings->file}};
	settings_eval_answer(answer, &slot->fallback);
}

/* Evaluates a branch that depends on the delivery. */
static enum expr_status
settings_eval_dynamic(const struct settings *settings, enum setting_id id, struct expr_env *env,
		      struct settings_answer *answer)
{
	const struct settings_slot *slot = &settings->slots[id];
	struct settings_datum datum = {0};
	struct expr_value value;
	struct why why = {0};
	size_t which = 0;
	enum expr_status status = expr_block_eval(slot->block, env, &value, &which, &why);

	if (status == EXPR_WAIT)
		return EXPR_WAIT;
	if (status == EXPR_OK && slot->branches[which].constant) {
		settings_eval_answer(answer, &slot->branches[which].datum);
	} else if (status != EXPR_OK || !settings_convert(env->arena, settings_table_row(id)->type,
							  &value, &datum, &why)) {
		if (slot->given)
			settings_eval_report(settings, id, expr_block_place(slot->block, which),
					     why.text);
		settings_eval_default(settings, slot, answer);
		return EXPR_OK;
	} else {
		settings_eval_answer(answer, &datum);
	}
	settings_eval_origin(settings, slot, which, &answer->origin);
	return EXPR_OK;
}

enum expr_status
settings_eval(const struct settings *settings, enum setting_id id, struct expr_env *env,
	      struct settings_answer *answer)
{
	const struct settings_slot *slot = &settings->slots[id];

	assert(settings_table_row(id)->kind == SETTINGS_EXPRESSION);
	*answer = (struct settings_answer){0};
	if (slot->block->rule_count > 0 || !slot->branches[0].constant) {
		if (env->lookup == NULL) {
			env->lookup = settings_ask();
			env->lookup_arg = (void *)(uintptr_t)settings;
		}
		return settings_eval_dynamic(settings, id, env, answer);
	}
	settings_eval_answer(answer, &slot->branches[0].datum);
	settings_eval_origin(settings, slot, 0, &answer->origin);
	return EXPR_OK;
}

enum expr_status
settings_eval_duration_ms(const struct settings *settings, enum setting_id id, struct expr_env *env,
			  int64_t *ms)
{
	struct settings_answer answer;
	enum expr_status status = settings_eval(settings, id, env, &answer);

	assert(settings_table_row(id)->type == SETTINGS_TYPE_DURATION ||
	       settings_table_row(id)->type == SETTINGS_TYPE_DELAY);
	*ms = answer.integer;
	return status;
}

enum expr_status
settings_eval_count(const struct settings *settings, enum setting_id id, struct expr_env *env,
		    int64_t *count)
{
	struct settings_answer answer;
	enum expr_status status = settings_eval(settings, id, env, &answer);

	*count = answer.integer;
	return status;
}

enum expr_status
settings_eval_choice(const struct settings *settings, enum setting_id id, struct expr_env *env,
		     int *choice)
{
	struct settings_answer answer;
	enum expr_status status = settings_eval(settings, id, env, &answer);

	*choice = (int)answer.integer;
	return status;
}

enum expr_status
settings_eval_text(const struct settings *settings, enum setting_id id, struct expr_env *env,
		   struct slice *text)
{
	struct settings_answer answer;
	enum expr_status status = settings_eval(settings, id, env, &answer);

	*text = answer.text;
	return status;
}

bool
settings_eval_varies(const struct settings *settings, enum setting_id id)
{
	const struct expr_block *block = settings->slots[id].block;

	return expr_block_variables(block) != 0 || expr_block_is_asynchronous(block);
}
