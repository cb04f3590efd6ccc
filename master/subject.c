#include "master/subject.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/domain.h"
#include "common/expr/expr.h"

struct subject {
	struct arena *arena;
	struct expr_env env;
	struct expr_value variables[EXPR_VARIABLE_COUNT];
};

static struct expr_value
subject_lower(struct subject *subject, struct slice text)
{
	char *copy = arena_copy(subject->arena, text.data, text.len);

	domain_lower(copy, text.len);
	return expr_value_text((struct slice){copy, text.len});
}

static void
subject_set_recipients(struct subject *subject, const struct subject_facts *facts)
{
	struct expr_value *items =
	    arena_array(subject->arena, facts->recipient_count, sizeof(*items));

	for (size_t i = 0; i < facts->recipient_count; i++)
		items[i] = subject_lower(subject, facts->recipients[i]);
	subject->variables[EXPR_VAR_RECIPIENTS] = expr_value_array(items, facts->recipient_count);
	if (facts->recipient_count > 0)
		subject->variables[EXPR_VAR_RCPT] = items[0];
}

static void
subject_set_history(struct subject *subject, const struct subject_facts *facts)
{
	struct expr_value *v = subject->variables;
	int64_t rest = 0;

	if (facts->expires_at != 0)
		rest = facts->expires_at * 1000 - clock_wall_ms();
	if (rest < 0)
		rest = 0;
	v[EXPR_VAR_RETRY_NUM] = expr_value_integer(facts->retry_num);
	v[EXPR_VAR_NOTIFY_NUM] = expr_value_integer(facts->notify_num);
	v[EXPR_VAR_EXPIRES_IN] = expr_value_integer(rest / 1000);
	v[EXPR_VAR_EXPIRES_IN_MS] = expr_value_integer(rest);
	v[EXPR_VAR_LAST_STATUS] = expr_value_text(facts->last_status);
	v[EXPR_VAR_LAST_ERROR] =
	    expr_value_text(facts->last_error.len ? facts->last_error : slice_of("none"));
	v[EXPR_VAR_LAST_TLS_ERROR] = expr_value_text(facts->last_tls_error);
}

struct subject *
subject_new(const struct subject_facts *facts)
{
	struct arena *arena = arena_new();
	struct subject *subject = arena_zero(arena, struct subject);
	struct expr_value *v = subject->variables;

	subject->arena = arena;
	subject->env.arena = arena;
	subject->env.variables = v;
	expr_scope_blank(v);
	v[EXPR_VAR_SENDER] = subject_lower(subject, facts->sender);
	v[EXPR_VAR_SENDER_DOMAIN] = expr_value_text(domain_of(v[EXPR_VAR_SENDER].text));
	v[EXPR_VAR_RCPT_DOMAIN] = expr_value_text(facts->rcpt_domain);
	v[EXPR_VAR_PRIORITY] = expr_value_integer(facts->priority);
	v[EXPR_VAR_SIZE] = expr_value_integer(facts->size);
	subject_set_recipients(subject, facts);
	subject_set_history(subject, facts);
	return subject;
}

void
subject_free(struct subject **subject)
{
	struct arena *arena;

	if (*subject == NULL)
		return;
	arena = (*subject)->arena;
	arena_free(&arena);
	*subject = NULL;
}

struct expr_env *
subject_env(struct subject *subject)
{
	return &subject->env;
}
