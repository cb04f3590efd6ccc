#include "worker/deliver/choice.h"

static const struct {
	enum setting_id setting;
	enum deliver_choice_stage stage;
} deliver_choice_table[DELIVER_CHOICES] = {
#define CHOICE(name, setting, stage) \
	[DELIVER_CHOICE_##name] = {SETTING_##setting, DELIVER_STAGE_##stage},
#include "worker/deliver/choice.def"
#undef CHOICE
};

enum expr_status
deliver_choice_eval(const struct settings *settings, enum deliver_choice_stage stage,
		    struct expr_env *env, struct deliver_choices *choices)
{
	for (int i = 0; i < DELIVER_CHOICES; i++) {
		if (deliver_choice_table[i].stage != stage)
			continue;
		/* Captures belong to one expression. */
		env->captures.count = 0;
		if (settings_eval(settings, deliver_choice_table[i].setting, env,
				  &choices->answers[i]) == EXPR_WAIT)
			return EXPR_WAIT;
	}
	return EXPR_OK;
}

const char *
deliver_choice_key(enum deliver_choice choice)
{
	return settings_table_row(deliver_choice_table[choice].setting)->key;
}

enum deliver_choice_stage
deliver_choice_stage(enum deliver_choice choice)
{
	return deliver_choice_table[choice].stage;
}

enum settings_type
deliver_choice_type(enum deliver_choice choice)
{
	return settings_table_row(deliver_choice_table[choice].setting)->type;
}
