#include "worker/deliver/host.h"

#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/random.h"
#include "common/settings/bundle.h"
#include "common/settings/relay.h"
#include "common/settings/settings.h"
#include "worker/deliver/ask.h"
#include "worker/deliver/attempt.h"
#include "worker/deliver/explain.h"
#include "worker/deliver/family.h"
#include "worker/deliver/job.h"
#include "worker/deliver/state.h"
#include "worker/deliver/subject.h"
#include "worker/resolve/mx.h"
#include "worker/resolve/resolve.h"

static const struct outcome_enhanced deliver_host_no_domain = {5, 1, 2};
static const struct outcome_enhanced deliver_host_null_mx = {5, 1, 10};
static const struct outcome_enhanced deliver_host_loop = {5, 4, 6};
static const struct outcome_enhanced deliver_host_dns = {4, 4, 3};
static const struct outcome_enhanced deliver_host_no_route = {4, 4, 4};

/* What the questions about one host have brought so far. */
struct deliver_answers {
	struct netaddr v4[DELIVER_ORDER_MOST / 2];
	struct netaddr v6[DELIVER_ORDER_MOST / 2];
	size_t v4_count;
	size_t v6_count;
	enum resolve_status v4_status;
	enum resolve_status v6_status;
	enum settings_strategy strategy;
	char detail[256]; /* of a temporary failure */
	bool silent;      /* no name server answers anything */
	unsigned waiting;
};

static const struct settings *
deliver_host_settings(const struct deliver_job *job)
{
	return job->deliver->bundle->settings;
}

static int64_t
deliver_host_choice(const struct deliver_job *job, enum deliver_choice choice)
{
	return job->choices.answers[choice].integer;
}

static int
deliver_host_eval_route(struct expr_env *env, void *arg)
{
	struct deliver_job *job = arg;

	return (int)deliver_choice_eval(deliver_host_settings(job), DELIVER_STAGE_ROUTE, env,
					&job->choices);
}

static int
deliver_host_eval(struct expr_env *env, void *arg)
{
	struct deliver_job *job = arg;

	return (int)deliver_choice_eval(deliver_host_settings(job), DELIVER_STAGE_HOST, env,
					&job->choices);
}

static void
deliver_host_begin(struct deliver_job *job)
{
	job->host = (size_t)-1;
	deliver_host_next(job);
}

static void
deliver_host_on_found(struct deliver_job *job, const struct resolve_mx_answer *answer)
{
	struct deliver_route_question question = {
	    .hosts = answer->hosts,
	    .count = answer->count,
	    .own_names = job->deliver->own_names,
	    .limit = (size_t)deliver_host_choice(job, DELIVER_CHOICE_LIMITS_MX),
	    .random = random_default};

	deliver_route_mx(job->arena, &question, &job->route);
	deliver_explain_route(job);
	deliver_explain_dropped(job, answer);
	if (job->route.kept == 0)
		deliver_job_trouble(
		    job, OUTCOME_PERMANENT, OUTCOME_STEP_MX, OUTCOME_ERROR_DNS, deliver_host_loop,
		    "mail for %s loops back to this server, which is its best mail host",
		    job->domain);
	deliver_host_begin(job);
}

/* Our own name servers are not there: no attempt, and not the recipient's fault. */
static void
deliver_host_blind(struct deliver_job *job, enum outcome_step step, const char *name)
{
	struct outcome outcome = {.class = OUTCOME_TEMPORARY,
				  .step = step,
				  .error = OUTCOME_ERROR_DNS,
				  .enhanced = deliver_host_dns,
				  .local = true};

	outcome.reply = slice_of(arena_printf(
	    job->arena, "%s cannot be looked up: no name server answers anything", name));
	deliver_job_note(job, &outcome, NULL);
}

static void
deliver_host_on_mx(const struct resolve_mx_answer *answer, void *arg)
{
	struct deliver_job *job = arg;

	job->mx = NULL;
	switch (answer->kind) {
	case RESOLVE_MX_FOUND:
	case RESOLVE_MX_IMPLICIT:
		deliver_host_on_found(job, answer);
		return;
	case RESOLVE_MX_NULL:
		deliver_job_trouble(job, OUTCOME_PERMANENT, OUTCOME_STEP_MX, OUTCOME_ERROR_DNS,
				    deliver_host_null_mx, "%s accepts no mail (null MX)",
				    job->domain);
		break;
	case RESOLVE_MX_NXDOMAIN:
		deliver_job_trouble(job, OUTCOME_PERMANENT, OUTCOME_STEP_MX, OUTCOME_ERROR_DNS,
				    deliver_host_no_domain, "there is no domain %s", job->domain);
		break;
	case RESOLVE_MX_BAD_NAME:
		deliver_job_trouble(job, OUTCOME_PERMANENT, OUTCOME_STEP_MX, OUTCOME_ERROR_DNS,
				    deliver_host_no_domain, "%s is no domain name", job->domain);
		break;
	case RESOLVE_MX_UNUSABLE:
	case RESOLVE_MX_TEMPORARY:
		if (answer->silent) {
			deliver_host_blind(job, OUTCOME_STEP_MX, job->domain);
			break;
		}
		deliver_job_trouble(
		    job, OUTCOME_TEMPORARY, OUTCOME_STEP_MX, OUTCOME_ERROR_DNS, deliver_host_dns,
		    "the mail hosts of %s cannot be looked up: %s", job->domain, answer->detail);
		break;
	}
	deliver_job_finish(job);
}

static void
deliver_host_relay(struct deliver_job *job)
{
	const struct settings_relay *relay =
	    settings_relay_find(deliver_host_settings(job), job->job.relay);
	struct deliver_route_host *host = arena_zero(job->arena, struct deliver_route_host);

	/* As the master says it: a fault of ours, and no attempt. */
	if (relay == NULL) {
		struct outcome outcome = {.class = OUTCOME_TEMPORARY,
					  .step = OUTCOME_STEP_ROUTE,
					  .error = OUTCOME_ERROR_IO,
					  .enhanced = {4, 3, 5},
					  .local = true};

		outcome.reply = slice_of(
		    arena_printf(job->arena, "there is no relay %.*s", SLICE_ARG(job->job.relay)));
		deliver_job_note(job, &outcome, NULL);
		deliver_job_finish(job);
		return;
	}
	host->kind = relay->is_unix                                 ? DELIVER_ROUTE_UNIX
		     : netaddr_family(&relay->literal) != AF_UNSPEC ? DELIVER_ROUTE_LITERAL
								    : DELIVER_ROUTE_NAME;
	host->name = relay->host;
	host->literal = relay->literal;
	host->port = relay->port;
	job->route = (struct deliver_route){.hosts = host, .count = 1, .kept = 1};
	deliver_host_begin(job);
}

static void
deliver_host_route(void *arg)
{
	struct deliver_job *job = arg;

	deliver_explain_stage(job, DELIVER_STAGE_ROUTE);
	if (job->job.relay.len > 0)
		deliver_host_relay(job);
	else if (deliver_route_literal(job->arena, job->domain, &job->route))
		deliver_host_begin(job);
	else
		job->mx =
		    resolve_mx_start(job->deliver->resolve, job->domain, deliver_host_on_mx, job);
}

void
deliver_host_start(struct deliver_job *job)
{
	deliver_job_enter(job, DELIVER_ROUTING);
	deliver_ask_run(job->ask, deliver_subject_env(job->subject), deliver_host_eval_route,
			deliver_host_route, job);
}

/* The host exists, and none of its addresses may be tried: why, and is it for good? */
static void
deliver_host_no_address(struct deliver_job *job)
{
	const struct deliver_answers *answers = job->answers;
	const char *name = deliver_job_host(job)->name;
	bool both = answers->strategy == SETTINGS_IPV4_THEN_IPV6 ||
		    answers->strategy == SETTINGS_IPV6_THEN_IPV4;
	bool v6 = answers->strategy == SETTINGS_IPV6_ONLY;
	enum resolve_status status = v6 ? answers->v6_status : answers->v4_status;
	bool relay = job->job.relay.len > 0;

	if (answers->silent)
		deliver_host_blind(job, OUTCOME_STEP_ADDRESS, name);
	else if (answers->detail[0] != '\0')
		deliver_job_trouble(job, OUTCOME_TEMPORARY, OUTCOME_STEP_ADDRESS, OUTCOME_ERROR_DNS,
				    deliver_host_dns, "the addresses of %s cannot be looked up: %s",
				    name, answers->detail);
	else if (relay)
		/* Named by our configuration: its fault, not the recipient's. */
		deliver_job_trouble(job, OUTCOME_TEMPORARY, OUTCOME_STEP_ADDRESS, OUTCOME_ERROR_DNS,
				    deliver_host_no_route, "the relay %s has no usable address",
				    name);
	else if (job->order.all_loopback)
		deliver_job_trouble(job, OUTCOME_PERMANENT, OUTCOME_STEP_ADDRESS, OUTCOME_ERROR_DNS,
				    deliver_host_loop, "%s has only loopback addresses", name);
	else if (status == RESOLVE_NXDOMAIN)
		deliver_job_trouble(job, OUTCOME_PERMANENT, OUTCOME_STEP_ADDRESS, OUTCOME_ERROR_DNS,
				    deliver_host_no_domain, "there is no host %s", name);
	else if (both)
		deliver_job_trouble(job, OUTCOME_PERMANENT, OUTCOME_STEP_ADDRESS, OUTCOME_ERROR_DNS,
				    deliver_host_no_domain, "%s has no usable address", name);
	else
		deliver_job_trouble(job, OUTCOME_TEMPORARY, OUTCOME_STEP_ADDRESS, OUTCOME_ERROR_DNS,
				    deliver_host_no_route,
				    "%s has no usable IPv%c address and the strategy is ipv%c_only",
				    name, v6 ? '6' : '4', v6 ? '6' : '4');
}

/* An address of ours: this host is this server, and no later one is closer to the destination. */
static bool
deliver_host_is_self(const struct deliver_job *job)
{
	const struct settings_endpoint *own;
	size_t count;

	if (job->job.relay.len > 0)
		return false;
	own = settings_endpoints(deliver_host_settings(job), SETTING_SERVER_OWN_ADDRESSES, &count);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < job->order.count; j++)
			if (netaddr_equal(&own[i].address, &job->order.entries[j].address))
				return true;
	return false;
}

/* A preferred family that could not be connected to lately goes behind the other. */
static void
deliver_host_avoid(struct deliver_job *job)
{
	const char *name = deliver_job_host(job)->name;
	struct deliver_family *memory = job->deliver->family;
	int64_t now = clock_mono_ms();
	int family;

	if (job->order.kept == 0 || deliver_host_choice(job, DELIVER_CHOICE_HAPPY_EYEBALLS) == 0)
		return;
	family = netaddr_family(&job->order.entries[0].address);
	if (!deliver_family_is_bad(memory, name, family, now) ||
	    deliver_family_is_bad(memory, name, family == AF_INET ? AF_INET6 : AF_INET, now))
		return;
	deliver_order_put_behind(&job->order, family);
}

/* The addresses are in order: the first is tried, or it is said why none can be. */
static void
deliver_host_visit(struct deliver_job *job)
{
	deliver_explain_order(job);
	if (deliver_host_is_self(job)) {
		deliver_job_trouble(job, OUTCOME_PERMANENT, OUTCOME_STEP_ADDRESS, OUTCOME_ERROR_DNS,
				    deliver_host_loop, "%s is this server",
				    deliver_job_host(job)->name);
		job->route.kept = job->host + 1;
		deliver_host_next(job);
		return;
	}
	if (job->order.kept == 0) {
		deliver_host_no_address(job);
		deliver_host_next(job);
		return;
	}
	job->address = (size_t)-1;
	deliver_host_next_address(job);
}

static void
deliver_host_sort(struct deliver_job *job)
{
	const struct deliver_answers *answers = job->answers;
	struct deliver_order_question question = {
	    .strategy = answers->strategy,
	    .v4 = answers->v4,
	    .v4_count = answers->v4_count,
	    .v6 = answers->v6,
	    .v6_count = answers->v6_count,
	    .limit = (size_t)deliver_host_choice(job, DELIVER_CHOICE_MULTIHOMED),
	    .any = job->job.relay.len > 0};

	deliver_order_addresses(&question, &job->order);
	deliver_host_avoid(job);
	deliver_host_visit(job);
}

/* A literal has one address, whatever the strategy; of a relay any, of a domain one of a host. */
static void
deliver_host_literal(struct deliver_job *job)
{
	const struct netaddr *literal = &deliver_job_host(job)->literal;
	bool v6 = netaddr_family(literal) == AF_INET6;
	struct deliver_order_question question = {.strategy = v6 ? SETTINGS_IPV6_THEN_IPV4
								 : SETTINGS_IPV4_THEN_IPV6,
						  .v4 = literal,
						  .v4_count = !v6,
						  .v6 = literal,
						  .v6_count = v6,
						  .limit = 1,
						  .any = job->job.relay.len > 0};

	job->answers->strategy = question.strategy;
	deliver_order_addresses(&question, &job->order);
	deliver_host_visit(job);
}

static void
deliver_host_socket(struct deliver_job *job)
{
	job->order.entries[0] =
	    (struct deliver_order_entry){.address = deliver_job_host(job)->literal};
	job->order.count = job->order.kept = 1;
	job->address = (size_t)-1;
	deliver_host_next_address(job);
}

static void
deliver_host_take(const struct resolve_answer *answer, struct deliver_answers *answers,
		  struct netaddr *addresses, size_t *count, uint16_t port, bool v6)
{
	for (size_t i = 0; i < answer->count && *count < DELIVER_ORDER_MOST / 2; i++)
		addresses[(*count)++] = v6 ? netaddr_from_v6(&answer->records[i].aaaa, port)
					   : netaddr_from_v4(answer->records[i].a, port);
	if (resolve_status_is_temporary(answer->status))
		snprintf(answers->detail, sizeof(answers->detail), "%s", answer->detail);
	answers->silent = answers->silent || answer->status == RESOLVE_SILENT;
	answers->waiting--;
}

static void
deliver_host_on_v4(const struct resolve_answer *answer, void *arg)
{
	struct deliver_job *job = arg;

	job->query_v4 = NULL;
	job->answers->v4_status = answer->status;
	deliver_host_take(answer, job->answers, job->answers->v4, &job->answers->v4_count,
			  deliver_job_host(job)->port, false);
	if (job->answers->waiting == 0)
		deliver_host_sort(job);
}

static void
deliver_host_on_v6(const struct resolve_answer *answer, void *arg)
{
	struct deliver_job *job = arg;

	job->query_v6 = NULL;
	job->answers->v6_status = answer->status;
	deliver_host_take(answer, job->answers, job->answers->v6, &job->answers->v6_count,
			  deliver_job_host(job)->port, true);
	if (job->answers->waiting == 0)
		deliver_host_sort(job);
}

static void
deliver_host_look_up(struct deliver_job *job, const char *name)
{
	struct deliver_answers *answers = job->answers;
	struct resolve *resolve = job->deliver->resolve;

	if (deliver_order_wants_v4(answers->strategy)) {
		answers->waiting++;
		job->query_v4 = resolve_start(resolve, name, RESOLVE_A, deliver_host_on_v4, job);
	}
	if (deliver_order_wants_v6(answers->strategy)) {
		answers->waiting++;
		job->query_v6 = resolve_start(resolve, name, RESOLVE_AAAA, deliver_host_on_v6, job);
	}
}

/* The settings of this host are known. */
static void
deliver_host_addresses(void *arg)
{
	struct deliver_job *job = arg;
	const struct deliver_route_host *host = deliver_job_host(job);

	deliver_explain_host(job);
	deliver_explain_stage(job, DELIVER_STAGE_HOST);
	job->answers->strategy =
	    (enum settings_strategy)deliver_host_choice(job, DELIVER_CHOICE_STRATEGY);
	if (host->kind == DELIVER_ROUTE_NAME)
		deliver_host_look_up(job, host->name);
	else if (host->kind == DELIVER_ROUTE_LITERAL)
		deliver_host_literal(job);
	else
		deliver_host_socket(job);
}

void
deliver_host_next(struct deliver_job *job)
{
	if (++job->host >= job->route.kept) {
		deliver_job_finish(job);
		return;
	}
	deliver_job_enter(job, DELIVER_ADDRESSING);
	deliver_subject_set_mx(job->subject, deliver_job_host(job)->name);
	deliver_subject_set_remote(job->subject, NULL);
	deliver_subject_set_local(job->subject, NULL);
	if (job->answers == NULL)
		job->answers = arena_zero(job->arena, struct deliver_answers);
	memset(job->answers, 0, sizeof(*job->answers));
	job->order.count = 0;
	job->order.kept = 0;
	job->rcpt_max = 0;
	job->avoid_chunking = false;
	job->address = 0;
	deliver_job_arrive(job);
	deliver_ask_run(job->ask, deliver_subject_env(job->subject), deliver_host_eval,
			deliver_host_addresses, job);
}

void
deliver_host_next_address(struct deliver_job *job)
{
	if (++job->address >= job->order.kept)
		deliver_host_next(job);
	else
		deliver_attempt_start(job);
}

bool
deliver_host_second(const struct deliver_job *job, size_t *index)
{
	int family = netaddr_family(deliver_job_address(job));

	if (deliver_host_choice(job, DELIVER_CHOICE_HAPPY_EYEBALLS) == 0)
		return false;
	for (size_t i = job->address + 1; i < job->order.kept; i++)
		if (netaddr_family(&job->order.entries[i].address) != family) {
			*index = i;
			return true;
		}
	return false;
}

void
deliver_host_swap(struct deliver_job *job, size_t index)
{
	struct deliver_order_entry present = job->order.entries[job->address];

	job->order.entries[job->address] = job->order.entries[index];
	job->order.entries[index] = present;
}

void
deliver_host_drop(struct deliver_job *job, size_t index)
{
	job->order.kept--;
	for (size_t i = index; i < job->order.kept; i++)
		job->order.entries[i] = job->order.entries[i + 1];
}

void
deliver_host_cancel(struct deliver_job *job)
{
	deliver_ask_cancel(job->ask);
	resolve_mx_cancel(&job->mx);
	resolve_cancel(&job->query_v4);
	resolve_cancel(&job->query_v6);
}
