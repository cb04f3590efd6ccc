#include "worker/deliver/attempt.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/domain.h"
#include "common/log.h"
#include "common/map.h"
#include "common/random.h"
#include "common/settings/bundle.h"
#include "common/settings/relay.h"
#include "worker/deliver/ask.h"
#include "worker/deliver/explain.h"
#include "worker/deliver/family.h"
#include "worker/deliver/host.h"
#include "worker/deliver/job.h"
#include "worker/deliver/pool.h"
#include "worker/deliver/race.h"
#include "worker/deliver/state.h"
#include "worker/deliver/subject.h"
#include "worker/deliver/transact.h"
#include "worker/smtp/session.h"
#include "worker/smtp/verdict.h"

static int64_t
deliver_attempt_integer(const struct deliver_job *job, enum deliver_choice choice)
{
	return job->choices.answers[choice].integer;
}

const struct settings_answer *
deliver_attempt_sources(const struct deliver_job *job)
{
	static const struct settings_answer none = {0};

	/* A Unix socket has no source address. */
	if (deliver_job_host(job)->kind == DELIVER_ROUTE_UNIX)
		return &none;
	return &job->choices.answers[netaddr_family(deliver_job_address(job)) == AF_INET6
					 ? DELIVER_CHOICE_SOURCE_V6
					 : DELIVER_CHOICE_SOURCE_V4];
}

/* A value that is no host name is replaced by server.hostname, and that is said. */
static const char *
deliver_attempt_check_ehlo(struct deliver_job *job, struct slice name)
{
	const char *fallback = settings_hostname(job->deliver->bundle->settings);

	if (name.len > 0 && domain_is_ehlo_name(name))
		return arena_copy(job->arena, name.data, name.len);
	if (name.len > 0)
		log_warn("queue.outbound.hostname gave \"%.*s\", which is no host name; %s is used",
			 SLICE_ARG(name), fallback);
	return fallback;
}

const char *
deliver_attempt_ehlo(struct deliver_job *job)
{
	struct expr_env *env = deliver_subject_env(job->subject);
	struct slice name = {0};

	if (settings_eval_text(job->deliver->bundle->settings, SETTING_QUEUE_OUTBOUND_HOSTNAME, env,
			       &name) != EXPR_OK)
		name.len = 0;
	return deliver_attempt_check_ehlo(job, name);
}

static bool
deliver_attempt_is_lmtp(const struct deliver_job *job)
{
	const struct settings_relay *relay;

	if (job->job.relay.len == 0)
		return false;
	relay = settings_relay_find(job->deliver->bundle->settings, job->job.relay);
	return relay != NULL && relay->lmtp;
}

/* What must be the same for an idle connection to be used. */
static struct deliver_pool_key
deliver_attempt_key(const struct deliver_job *job)
{
	const struct deliver_route_host *host = deliver_job_host(job);
	struct deliver_pool_key key = {.remote = *deliver_job_address(job),
				       .lmtp = deliver_attempt_is_lmtp(job)};

	if (host->kind == DELIVER_ROUTE_UNIX)
		key.path = host->name;
	key.sources = deliver_attempt_sources(job)->addresses;
	key.source_count = deliver_attempt_sources(job)->count;
	return key;
}

const char *
deliver_attempt_where(const struct deliver_job *job)
{
	const struct deliver_route_host *host = deliver_job_host(job);
	char text[NETADDR_TEXT];

	if (host->kind == DELIVER_ROUTE_UNIX)
		return host->name;
	netaddr_text(text, deliver_job_address(job));
	if (host->kind == DELIVER_ROUTE_LITERAL)
		return arena_printf(job->arena, "[%s]:%u", text, host->port);
	return arena_printf(job->arena, "%s[%s]:%u", host->name, text, host->port);
}

void
deliver_attempt_leave(struct deliver_job *job, bool polite)
{
	if (job->session != NULL)
		deliver_pool_close(job->deliver->pool, &job->session, polite);
}

void
deliver_attempt_go_on(struct deliver_job *job, enum smtp_next next)
{
	if (job->late && job->undecided > 0 && !job->has_best)
		deliver_job_trouble(job, OUTCOME_TEMPORARY, OUTCOME_STEP_CONNECT,
				    OUTCOME_ERROR_CONNECTION, (struct outcome_enhanced){4, 4, 1},
				    "the time for one attempt was over");
	if (job->late)
		next = SMTP_NEXT_STOP;
	switch (next) {
	case SMTP_NEXT_SESSION:
		job->fresh_wanted = true;
		deliver_attempt_start(job);
		return;
	case SMTP_NEXT_ADDRESS:
		deliver_host_next_address(job);
		return;
	case SMTP_NEXT_HOST:
		deliver_host_next(job);
		return;
	case SMTP_NEXT_NONE:
	case SMTP_NEXT_STOP:
		break;
	}
	deliver_job_finish(job);
}

static void
deliver_attempt_on_opened(struct smtp_session *smtp, void *arg)
{
	struct deliver *deliver = arg;
	struct deliver_job *job = map_take(deliver->openings, &smtp, sizeof(smtp));
	struct deliver_pool_key key;
	struct deliver_pool_names names;

	assert(job != NULL && job->opening == smtp);
	job->opening = NULL;
	key = deliver_attempt_key(job);
	names = (struct deliver_pool_names){
	    .host = deliver_job_host(job)->name, .ehlo = job->ehlo, .source = job->source};
	job->session = deliver_pool_open(deliver->pool, smtp, job->job.id, &key, &names);
	job->session->idle_ms = deliver_attempt_integer(job, DELIVER_CHOICE_IDLE);
	job->session->max_messages = deliver_attempt_integer(job, DELIVER_CHOICE_MAX_MESSAGES);
	job->session->max_age_ms = deliver_attempt_integer(job, DELIVER_CHOICE_MAX_AGE);
	deliver_transact_start(job);
}

static void
deliver_attempt_on_failed(struct smtp_session *smtp, const struct smtp_verdict *verdict, void *arg)
{
	struct deliver *deliver = arg;
	struct deliver_job *job = map_take(deliver->openings, &smtp, sizeof(smtp));

	assert(job != NULL && job->opening == smtp);
	deliver_job_note(job, &verdict->outcome, deliver_attempt_where(job));
	smtp_session_quit(&job->opening);
	deliver_attempt_go_on(job, verdict->next);
}

static void
deliver_attempt_on_closed(struct smtp_session *smtp, void *arg)
{
	struct deliver *deliver = arg;

	deliver_pool_lost(deliver->pool, smtp);
}

static const struct smtp_session_events deliver_attempt_session_events = {
    .opened = deliver_attempt_on_opened,
    .failed = deliver_attempt_on_failed,
    .closed = deliver_attempt_on_closed,
};

static int
deliver_attempt_eval_session(struct expr_env *env, void *arg)
{
	struct deliver_job *job = arg;

	return (int)deliver_choice_eval(job->deliver->bundle->settings, DELIVER_STAGE_SESSION, env,
					&job->choices);
}

/* All that may follow the source address is known: greeting and EHLO. */
static void
deliver_attempt_open(void *arg)
{
	struct deliver_job *job = arg;
	struct smtp_session_config config = {.lmtp = deliver_attempt_is_lmtp(job)};
	int fd = job->fd;

	job->fd = -1;
	job->ehlo =
	    deliver_attempt_check_ehlo(job, job->choices.answers[DELIVER_CHOICE_HOSTNAME].text);
	config.ehlo_name = job->ehlo;
	config.peer = deliver_attempt_where(job);
	config.timeouts = deliver_transact_timeouts(job);
	config.greeting_permanent =
	    deliver_attempt_integer(job, DELIVER_CHOICE_GREETING_5XX) == SETTINGS_BOUNCE;
	deliver_job_enter(job, DELIVER_OPENING);
	job->opening = smtp_session_new(job->deliver->base, fd, &config,
					&deliver_attempt_session_events, job->deliver);
	map_put(job->deliver->openings, &job->opening, sizeof(job->opening), job);
}

/* The index in the order of the address that a runner of the race goes to. */
static size_t
deliver_attempt_runner(const struct deliver_job *job, enum deliver_race_lane lane)
{
	return lane == DELIVER_RACE_SECOND ? job->second : job->address;
}

static void
deliver_attempt_on_race_failed(enum deliver_race_lane lane,
			       const struct deliver_connect_result *result, void *arg)
{
	static const struct outcome_enhanced local = {4, 3, 5};
	static const struct outcome_enhanced remote = {4, 4, 1};
	struct deliver_job *job = arg;
	size_t first = job->address;
	struct outcome outcome = {.class = OUTCOME_TEMPORARY,
				  .step = result->step,
				  .error =
				      result->local ? OUTCOME_ERROR_IO : OUTCOME_ERROR_CONNECTION,
				  .enhanced = result->local ? local : remote,
				  .reply = slice_of(result->text),
				  .local = result->local};

	job->first_failed = job->first_failed || lane == DELIVER_RACE_FIRST;
	job->address = deliver_attempt_runner(job, lane);
	deliver_job_arrive(job);
	deliver_job_note(job, &outcome, deliver_attempt_where(job));
	if (!result->local)
		deliver_family_failed(job->deliver->family, deliver_job_host(job)->name,
				      netaddr_family(deliver_job_address(job)), clock_mono_ms());
	job->address = first;
	deliver_job_arrive(job);
}

static void
deliver_attempt_on_won(enum deliver_race_lane lane, const struct deliver_connect_result *result,
		       void *arg)
{
	struct deliver_job *job = arg;

	job->race = NULL;
	if (lane == DELIVER_RACE_SECOND) {
		/* The first may still be tried when this one turns out to be of no use. */
		deliver_host_swap(job, job->second);
		if (job->first_failed)
			deliver_host_drop(job, job->second);
	}
	deliver_family_worked(job->deliver->family, deliver_job_host(job)->name,
			      netaddr_family(deliver_job_address(job)));
	deliver_job_arrive(job);
	job->fd = result->fd;
	job->source = result->source;
	deliver_subject_set_remote(job->subject, deliver_job_address(job));
	deliver_subject_set_local(job->subject, &job->source);
	deliver_ask_run(job->ask, deliver_subject_env(job->subject), deliver_attempt_eval_session,
			deliver_attempt_open, job);
}

static void
deliver_attempt_on_lost(bool second, void *arg)
{
	struct deliver_job *job = arg;

	job->race = NULL;
	if (second)
		deliver_host_drop(job, job->second);
	deliver_attempt_go_on(job, SMTP_NEXT_ADDRESS);
}

static const struct deliver_race_events deliver_attempt_race_events = {
    .failed = deliver_attempt_on_race_failed,
    .won = deliver_attempt_on_won,
    .lost = deliver_attempt_on_lost,
};

static struct deliver_connect_request
deliver_attempt_request(const struct deliver_job *job)
{
	const struct deliver_route_host *host = deliver_job_host(job);
	const struct settings_answer *sources = deliver_attempt_sources(job);

	return (struct deliver_connect_request){
	    .remote = *deliver_job_address(job),
	    .path = host->kind == DELIVER_ROUTE_UNIX ? host->name : NULL,
	    .sources = sources->addresses,
	    .source_count = sources->count,
	    .timeout_ms = deliver_attempt_integer(job, DELIVER_CHOICE_CONNECT),
	    .random = random_default};
}

static void
deliver_attempt_connect(struct deliver_job *job)
{
	struct deliver_race_request request = {.first = deliver_attempt_request(job)};
	size_t first = job->address;

	if (deliver_host_second(job, &job->second)) {
		request.head_start_ms = deliver_attempt_integer(job, DELIVER_CHOICE_HAPPY_EYEBALLS);
		job->address = job->second;
		request.second = deliver_attempt_request(job);
		job->address = first;
	}
	job->first_failed = false;
	deliver_job_enter(job, DELIVER_CONNECTING);
	job->race =
	    deliver_race_start(job->deliver->base, &request, &deliver_attempt_race_events, job);
}

/* Would a connection opened now from that address say the same name? */
static bool
deliver_attempt_fits(const struct deliver_pool_session *session, void *arg)
{
	struct deliver_job *job = arg;

	deliver_subject_set_local(job->subject, &session->source);
	return strcmp(deliver_attempt_ehlo(job), session->ehlo) == 0;
}

/* The peer may have left while the settings asked the DNS: then it is as if it had at MAIL. */
static void
deliver_attempt_reused(void *arg)
{
	struct deliver_job *job = arg;

	if (smtp_session_facts(job->session->smtp)->reusable) {
		deliver_transact_start(job);
		return;
	}
	deliver_attempt_leave(job, false);
	deliver_attempt_go_on(job, SMTP_NEXT_SESSION);
}

static bool
deliver_attempt_reuse(struct deliver_job *job)
{
	struct deliver_pool_key key = deliver_attempt_key(job);
	struct deliver_pool_session *idle;

	if (job->fresh_wanted)
		return false;
	idle = deliver_pool_take(job->deliver->pool, &key, deliver_attempt_fits, job);
	if (idle == NULL)
		return false;
	job->session = idle;
	job->source = idle->source;
	job->ehlo = arena_str(job->arena, idle->ehlo);
	deliver_subject_set_local(job->subject, &job->source);
	deliver_ask_run(job->ask, deliver_subject_env(job->subject), deliver_attempt_eval_session,
			deliver_attempt_reused, job);
	return true;
}

static void
deliver_attempt_explained(void *arg)
{
	struct deliver_job *job = arg;

	deliver_explain_stage(job, DELIVER_STAGE_SESSION);
	deliver_host_next_address(job);
}

/* As far as an explanation goes: what a connection would be told, and no connection. */
static void
deliver_attempt_explain(struct deliver_job *job)
{
	const struct settings_answer *sources = deliver_attempt_sources(job);

	deliver_explain_address(job);
	deliver_explain_stage(job, DELIVER_STAGE_ADDRESS);
	deliver_subject_set_local(job->subject, sources->count ? &sources->addresses[0] : NULL);
	deliver_ask_run(job->ask, deliver_subject_env(job->subject), deliver_attempt_eval_session,
			deliver_attempt_explained, job);
}

static int
deliver_attempt_eval_address(struct expr_env *env, void *arg)
{
	struct deliver_job *job = arg;

	return (int)deliver_choice_eval(job->deliver->bundle->settings, DELIVER_STAGE_ADDRESS, env,
					&job->choices);
}

static void
deliver_attempt_begin(void *arg)
{
	struct deliver_job *job = arg;
	bool fresh = job->fresh_wanted;

	if (job->request != 0) {
		deliver_attempt_explain(job);
		return;
	}
	if (deliver_attempt_reuse(job))
		return;
	job->fresh_wanted = false;
	deliver_subject_set_local(job->subject, NULL);
	if (job->job.permit == PROTO_PERMIT_OPEN)
		deliver_attempt_connect(job);
	else if (fresh)
		deliver_job_finish(job);
	else
		deliver_host_next_address(job);
}

void
deliver_attempt_start(struct deliver_job *job)
{
	const struct settings_answer *sources = deliver_attempt_sources(job);

	deliver_job_arrive(job);
	deliver_subject_set_remote(job->subject, deliver_job_address(job));
	deliver_subject_set_local(job->subject,
				  sources->count == 1 ? &sources->addresses[0] : NULL);
	deliver_ask_run(job->ask, deliver_subject_env(job->subject), deliver_attempt_eval_address,
			deliver_attempt_begin, job);
}

void
deliver_attempt_expire(struct deliver_job *job)
{
	struct outcome outcome = {
	    .class = OUTCOME_TEMPORARY,
	    .step = OUTCOME_STEP_CONNECT,
	    .error = OUTCOME_ERROR_CONNECTION,
	    .enhanced = {4, 4, 1},
	    .reply = slice_of("the time for one attempt was over while connecting")};

	job->late = true;
	if (job->opening != NULL) {
		smtp_session_expire(job->opening);
	} else if (job->phase == DELIVER_TRANSACTING) {
		smtp_session_expire(job->session->smtp);
	} else {
		deliver_job_note(job, &outcome, deliver_attempt_where(job));
		deliver_job_finish(job);
	}
}

void
deliver_attempt_cancel(struct deliver_job *job)
{
	deliver_race_cancel(&job->race);
	if (job->fd >= 0)
		close(job->fd);
	job->fd = -1;
	if (job->opening != NULL) {
		map_take(job->deliver->openings, &job->opening, sizeof(job->opening));
		smtp_session_free(&job->opening);
	}
	deliver_attempt_leave(job, false);
}
