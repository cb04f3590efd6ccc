#include "master/sched/subject.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/domain.h"
#include "common/expr/expr.h"
#include "master/sched/delivery.h"
#include "master/sched/state.h"

struct sched_subject {
	struct arena *arena;
	struct expr_env env;
	struct expr_value variables[EXPR_VARIABLE_COUNT];
};

static struct slice
sched_subject_lower(struct sched_subject *subject, struct slice text)
{
	char *copy = arena_copy(subject->arena, text.data, text.len);

	domain_lower(copy, text.len);
	return (struct slice){copy, text.len};
}

static void
sched_subject_recipients(struct sched_subject *subject, const struct sched_delivery *delivery)
{
	struct expr_value *items =
	    arena_array(subject->arena, delivery->recipient_count, sizeof(*items));

	for (size_t i = 0; i < delivery->recipient_count; i++)
		items[i] =
		    expr_value_text(sched_subject_lower(subject, delivery->recipients[i].address));
	subject->variables[EXPR_VAR_RECIPIENTS] =
	    expr_value_array(items, delivery->recipient_count);
	if (delivery->recipient_count > 0)
		subject->variables[EXPR_VAR_RCPT] = items[0];
}

struct sched_subject *
sched_subject_new(struct sched *sched, const struct sched_delivery *delivery)
{
	struct arena *arena = arena_new();
	struct sched_subject *subject = arena_zero(arena, struct sched_subject);
	struct expr_value *v = subject->variables;
	struct slice sender;
	int64_t rest = 0;

	(void)sched;
	subject->arena = arena;
	subject->env.arena = arena;
	subject->env.variables = v;
	expr_scope_blank(v);
	sender = sched_subject_lower(subject, delivery->sender);
	if (delivery->expires_at != 0)
		rest = delivery->expires_at * 1000 - clock_wall_ms();
	if (rest < 0)
		rest = 0;
	v[EXPR_VAR_SENDER] = expr_value_text(sender);
	v[EXPR_VAR_SENDER_DOMAIN] = expr_value_text(domain_of(sender));
	if (delivery->lane != NULL)
		v[EXPR_VAR_RCPT_DOMAIN] =
		    expr_value_text(slice_of(delivery->lane->destination->name));
	v[EXPR_VAR_PRIORITY] = expr_value_integer(delivery->priority);
	v[EXPR_VAR_RETRY_NUM] = expr_value_integer(delivery->retry_num);
	v[EXPR_VAR_NOTIFY_NUM] = expr_value_integer(delivery->notify_num);
	v[EXPR_VAR_EXPIRES_IN] = expr_value_integer(rest / 1000);
	v[EXPR_VAR_EXPIRES_IN_MS] = expr_value_integer(rest);
	v[EXPR_VAR_LAST_STATUS] = expr_value_text(delivery->last_status);
	v[EXPR_VAR_LAST_ERROR] =
	    expr_value_text(slice_of(outcome_error_name(delivery->last_error)));
	v[EXPR_VAR_LAST_TLS_ERROR] = expr_value_text(delivery->last_tls_error);
	v[EXPR_VAR_SIZE] = expr_value_integer(delivery->size);
	sched_subject_recipients(subject, delivery);
	return subject;
}

void
sched_subject_free(struct sched_subject **subject)
{
	struct arena *arena;

	if (*subject == NULL)
		return;
	arena = (*subject)->arena;
	arena_free(&arena);
	*subject = NULL;
}

struct expr_env *
sched_subject_env(struct sched_subject *subject)
{
	return &subject->env;
}
