#include "worker/deliver/subject.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/domain.h"
#include "common/expr/expr.h"
#include "common/proto/job.h"

struct deliver_subject {
	struct arena *arena;
	struct expr_env env;
	struct expr_value variables[EXPR_VARIABLE_COUNT];
	char remote[NETADDR_TEXT];
	char local[NETADDR_TEXT];
};

static const char deliver_subject_no_address[] = "0.0.0.0";

static struct expr_value
deliver_subject_lower(struct deliver_subject *subject, struct slice text)
{
	char *copy = arena_copy(subject->arena, text.data, text.len);

	domain_lower(copy, text.len);
	return expr_value_text((struct slice){copy, text.len});
}

static void
deliver_subject_recipients(struct deliver_subject *subject, const struct proto_job *job)
{
	struct expr_value *items =
	    arena_array(subject->arena, job->recipient_count, sizeof(*items));

	for (size_t i = 0; i < job->recipient_count; i++)
		items[i] = deliver_subject_lower(subject, job->recipients[i].address);
	subject->variables[EXPR_VAR_RECIPIENTS] = expr_value_array(items, job->recipient_count);
	subject->variables[EXPR_VAR_RCPT] = items[0];
}

struct deliver_subject *
deliver_subject_new(struct arena *arena, const struct proto_job *job)
{
	struct deliver_subject *subject = arena_zero(arena, struct deliver_subject);
	const struct proto_job_facts *facts = &job->facts;
	struct expr_value *v = subject->variables;
	int64_t rest = 0;

	subject->arena = arena;
	subject->env.arena = arena;
	subject->env.variables = v;
	expr_scope_blank(v);
	if (facts->expires_at != 0)
		rest = facts->expires_at * 1000 - clock_wall_ms();
	if (rest < 0)
		rest = 0;
	v[EXPR_VAR_SENDER] = deliver_subject_lower(subject, job->sender);
	v[EXPR_VAR_SENDER_DOMAIN] = expr_value_text(domain_of(v[EXPR_VAR_SENDER].text));
	v[EXPR_VAR_RCPT_DOMAIN] = expr_value_text(job->domain);
	v[EXPR_VAR_PRIORITY] = expr_value_integer(job->priority);
	v[EXPR_VAR_RETRY_NUM] = expr_value_integer(facts->retry_num);
	v[EXPR_VAR_NOTIFY_NUM] = expr_value_integer(facts->notify_num);
	v[EXPR_VAR_EXPIRES_IN] = expr_value_integer(rest / 1000);
	v[EXPR_VAR_EXPIRES_IN_MS] = expr_value_integer(rest);
	v[EXPR_VAR_LAST_STATUS] = expr_value_text(facts->last_status);
	v[EXPR_VAR_LAST_ERROR] = expr_value_text(facts->last_error);
	v[EXPR_VAR_LAST_TLS_ERROR] = expr_value_text(facts->last_tls_error);
	v[EXPR_VAR_SIZE] = expr_value_integer((int64_t)job->size);
	deliver_subject_recipients(subject, job);
	deliver_subject_set_remote(subject, NULL);
	deliver_subject_set_local(subject, NULL);
	return subject;
}

struct expr_env *
deliver_subject_env(struct deliver_subject *subject)
{
	subject->env.captures.count = 0;
	return &subject->env;
}

void
deliver_subject_set_mx(struct deliver_subject *subject, const char *mx)
{
	subject->variables[EXPR_VAR_MX] = expr_value_text(slice_of(mx ? mx : ""));
}

void
deliver_subject_set_remote(struct deliver_subject *subject, const struct netaddr *remote)
{
	const char *text = deliver_subject_no_address;

	if (remote != NULL && netaddr_family(remote) != AF_UNSPEC)
		text = netaddr_text(subject->remote, remote);
	subject->variables[EXPR_VAR_REMOTE_IP] = expr_value_text(slice_of(text));
}

void
deliver_subject_set_local(struct deliver_subject *subject, const struct netaddr *local)
{
	const char *text = deliver_subject_no_address;

	if (local != NULL && netaddr_family(local) != AF_UNSPEC)
		text = netaddr_text(subject->local, local);
	subject->variables[EXPR_VAR_LOCAL_IP] = expr_value_text(slice_of(text));
}
