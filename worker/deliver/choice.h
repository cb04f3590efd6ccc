#pragma once

#include "common/expr/expr.h"
#include "common/settings/settings.h"

/*
 * What the settings say about an attempt, stage by stage: every value an attempt goes by is
 * evaluated here, once per stage, and carries the rule that decided, for `explain`.
 */
enum deliver_choice {
#define CHOICE(name, setting, stage) DELIVER_CHOICE_##name,
#include "worker/deliver/choice.def"
#undef CHOICE
	DELIVER_CHOICES
};

enum deliver_choice_stage {
	DELIVER_STAGE_ROUTE,
	DELIVER_STAGE_HOST,
	DELIVER_STAGE_ADDRESS,
	DELIVER_STAGE_SESSION
};

struct deliver_choices {
	struct settings_answer answers[DELIVER_CHOICES];
};

/*
 * All of one stage. EXPR_WAIT: env->question needs an answer first; then all of it is to be
 * evaluated again. Lists and texts live as long as the settings or env->arena.
 */
enum expr_status deliver_choice_eval(const struct settings *settings,
				     enum deliver_choice_stage stage, struct expr_env *env,
				     struct deliver_choices *choices);
/* The key of a choice: "queue.outbound.limits.mx". */
const char *deliver_choice_key(enum deliver_choice choice);
enum deliver_choice_stage deliver_choice_stage(enum deliver_choice choice);
enum settings_type deliver_choice_type(enum deliver_choice choice);
