#include "worker/deliver/attempt.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/domain.h"
#include "common/log.h"
#include "common/map.h"
#include "common/random.h"
#include "common/settings/bundle.h"
#include "common/settings/relay.h"
#include "common/settings/settings.h"
#include "worker/deliver/connect.h"
#include "worker/deliver/host.h"
#include "worker/deliver/job.h"
#include "worker/deliver/pool.h"
#include "worker/deliver/state.h"
#include "worker/deliver/subject.h"
#include "worker/deliver/transact.h"
#include "worker/smtp/session.h"
#include "worker/smtp/verdict.h"

/* The present session is not this job's any more. */
static void
deliver_attempt_leave(struct deliver_job *job, bool polite)
{
	if (job->session != NULL)
		deliver_pool_close(job->deliver->pool, &job->session, polite);
}

static int64_t
deliver_attempt_duration(struct deliver_job *job, enum setting_id id)
{
	int64_t ms = 1;

	settings_eval_duration_ms(job->deliver->bundle->settings, id,
				  deliver_subject_env(job->subject), &ms);
	return ms;
}

static int
deliver_attempt_choice(struct deliver_job *job, enum setting_id id)
{
	int choice = 0;

	settings_eval_choice(job->deliver->bundle->settings, id, deliver_subject_env(job->subject),
			     &choice);
	return choice;
}

struct smtp_timeouts
deliver_attempt_timeouts(struct deliver_job *job)
{
	return (struct smtp_timeouts){
	    .greeting = deliver_attempt_duration(job, SETTING_QUEUE_OUTBOUND_TIMEOUTS_GREETING),
	    .tls = deliver_attempt_duration(job, SETTING_QUEUE_OUTBOUND_TIMEOUTS_TLS),
	    .ehlo = deliver_attempt_duration(job, SETTING_QUEUE_OUTBOUND_TIMEOUTS_EHLO),
	    .mail_from = deliver_attempt_duration(job, SETTING_QUEUE_OUTBOUND_TIMEOUTS_MAIL_FROM),
	    .rcpt_to = deliver_attempt_duration(job, SETTING_QUEUE_OUTBOUND_TIMEOUTS_RCPT_TO),
	    .data = deliver_attempt_duration(job, SETTING_QUEUE_OUTBOUND_TIMEOUTS_DATA),
	};
}

/* The EHLO name; a value that is none is replaced by server.hostname, and said. */
static struct slice
deliver_attempt_ehlo(struct deliver_job *job)
{
	const struct settings *settings = job->deliver->bundle->settings;
	struct slice name = {0};

	settings_eval_text(settings, SETTING_QUEUE_OUTBOUND_HOSTNAME,
			   deliver_subject_env(job->subject), &name);
	if (name.len > 0 && domain_is_ehlo_name(name))
		return name;
	if (name.len > 0)
		log_warn("queue.outbound.hostname gave \"%.*s\", which is no host name; %s is "
			 "used",
			 SLICE_ARG(name), settings_hostname(settings));
	return slice_of(settings_hostname(settings));
}

/* The list one source address is picked from for each new connection. */
static void
deliver_attempt_sources(struct deliver_job *job, struct deliver_pool_key *key)
{
	struct settings_answer answer = {0};
	enum setting_id id = netaddr_family(&key->remote) == AF_INET6
				 ? SETTING_QUEUE_OUTBOUND_SOURCE_IP_V6
				 : SETTING_QUEUE_OUTBOUND_SOURCE_IP_V4;

	if (key->path != NULL)
		return;
	settings_eval(job->deliver->bundle->settings, id, deliver_subject_env(job->subject),
		      &answer);
	key->sources = answer.addresses;
	key->source_count = answer.count;
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

/* Everything that decides which connection will do. */
static void
deliver_attempt_prepare(struct deliver_job *job)
{
	const struct deliver_route_host *host = deliver_job_host(job);
	struct deliver_attempt *attempt;

	if (job->attempt == NULL)
		job->attempt = arena_zero(job->arena, struct deliver_attempt);
	attempt = job->attempt;
	attempt->key = (struct deliver_pool_key){.remote = *deliver_job_address(job)};
	attempt->ehlo = NULL;
	deliver_job_arrive(job);
	if (host->kind == DELIVER_ROUTE_UNIX)
		attempt->key.path = host->name;
	deliver_subject_set_remote(job->subject, &attempt->key.remote);
	deliver_subject_set_local(job->subject, NULL);
	deliver_attempt_sources(job, &attempt->key);
	attempt->key.lmtp = deliver_attempt_is_lmtp(job);
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
deliver_attempt_limit(struct deliver_job *job, struct deliver_pool_session *session)
{
	const struct settings *settings = job->deliver->bundle->settings;
	struct expr_env *env = deliver_subject_env(job->subject);
	struct settings_answer idle = {0};
	struct settings_answer most = {0};

	settings_eval(settings, SETTING_QUEUE_OUTBOUND_CONNECTION_IDLE, env, &idle);
	settings_eval(settings, SETTING_QUEUE_OUTBOUND_CONNECTION_MAX_MESSAGES, env, &most);
	session->idle_ms = idle.integer;
	session->max_messages = most.integer;
	session->max_age_ms =
	    deliver_attempt_duration(job, SETTING_QUEUE_OUTBOUND_CONNECTION_MAX_AGE);
}

static struct deliver_job *
deliver_attempt_job(struct deliver *deliver, struct smtp_session *smtp)
{
	struct deliver_job *job = map_take(deliver->openings, &smtp, sizeof(smtp));

	assert(job != NULL && job->opening == smtp);
	return job;
}

static void
deliver_attempt_on_opened(struct smtp_session *smtp, void *arg)
{
	struct deliver_job *job = deliver_attempt_job(arg, smtp);
	struct deliver_pool_names names = {
	    .host = deliver_job_host(job)->name, .ehlo = job->attempt->ehlo, .source = job->source};

	job->opening = NULL;
	job->session =
	    deliver_pool_open(job->deliver->pool, smtp, job->job.id, &job->attempt->key, &names);
	deliver_attempt_limit(job, job->session);
	deliver_transact_start(job);
}

static void
deliver_attempt_on_failed(struct smtp_session *smtp, const struct smtp_verdict *verdict, void *arg)
{
	struct deliver_job *job = deliver_attempt_job(arg, smtp);

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

static void
deliver_attempt_on_connected(const struct deliver_connect_result *result, void *arg)
{
	static const struct outcome_enhanced local = {4, 3, 5};
	static const struct outcome_enhanced remote = {4, 4, 1};
	struct deliver_job *job = arg;
	struct deliver_attempt *attempt = job->attempt;
	struct smtp_session_config config = {.lmtp = attempt->key.lmtp};
	struct slice ehlo;

	job->connect = NULL;
	if (result->fd < 0) {
		struct outcome outcome = {.class = OUTCOME_TEMPORARY,
					  .step = result->step,
					  .error = result->local ? OUTCOME_ERROR_IO
								 : OUTCOME_ERROR_CONNECTION,
					  .enhanced = result->local ? local : remote,
					  .reply = slice_of(result->text),
					  .local = result->local};

		deliver_job_note(job, &outcome, deliver_attempt_where(job));
		deliver_attempt_go_on(job, SMTP_NEXT_ADDRESS);
		return;
	}
	job->source = result->source;
	deliver_subject_set_local(job->subject, &job->source);
	ehlo = deliver_attempt_ehlo(job);
	attempt->ehlo = arena_copy(job->arena, ehlo.data, ehlo.len);
	config.ehlo_name = attempt->ehlo;
	config.peer = deliver_attempt_where(job);
	config.timeouts = deliver_attempt_timeouts(job);
	config.greeting_permanent =
	    deliver_attempt_choice(job, SETTING_QUEUE_OUTBOUND_GREETING_5XX) == SETTINGS_BOUNCE;
	deliver_job_enter(job, DELIVER_OPENING);
	job->opening = smtp_session_new(job->deliver->base, result->fd, &config,
					&deliver_attempt_session_events, job->deliver);
	map_put(job->deliver->openings, &job->opening, sizeof(job->opening), job);
}

static void
deliver_attempt_connect(struct deliver_job *job)
{
	const struct deliver_attempt *attempt = job->attempt;
	struct deliver_connect_request request = {
	    .remote = attempt->key.remote,
	    .path = attempt->key.path,
	    .sources = attempt->key.sources,
	    .source_count = attempt->key.source_count,
	    .timeout_ms = deliver_attempt_duration(job, SETTING_QUEUE_OUTBOUND_TIMEOUTS_CONNECT),
	    .random = random_default};

	deliver_job_enter(job, DELIVER_CONNECTING);
	job->connect =
	    deliver_connect_start(job->deliver->base, &request, deliver_attempt_on_connected, job);
}

/* Would a connection opened now from that address say the same name? */
static bool
deliver_attempt_fits(const struct deliver_pool_session *session, void *arg)
{
	struct deliver_job *job = arg;

	deliver_subject_set_local(job->subject, &session->source);
	return slice_is(deliver_attempt_ehlo(job), session->ehlo);
}

void
deliver_attempt_start(struct deliver_job *job)
{
	struct deliver_pool_session *idle = NULL;

	deliver_attempt_prepare(job);
	if (!job->fresh_wanted)
		idle = deliver_pool_take(job->deliver->pool, &job->attempt->key,
					 deliver_attempt_fits, job);
	if (idle != NULL) {
		deliver_attempt_leave(job, true);
		job->session = idle;
		job->source = idle->source;
		job->attempt->ehlo = arena_str(job->arena, idle->ehlo);
		deliver_transact_start(job);
		return;
	}
	job->fresh_wanted = false;
	deliver_subject_set_local(job->subject, NULL);
	if (job->job.permit == PROTO_PERMIT_OPEN)
		deliver_attempt_connect(job);
	else
		deliver_host_next_address(job);
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
		deliver_connect_cancel(&job->connect);
		deliver_job_note(job, &outcome, deliver_attempt_where(job));
		deliver_job_finish(job);
	}
}

void
deliver_attempt_cancel(struct deliver_job *job)
{
	deliver_connect_cancel(&job->connect);
	if (job->opening != NULL) {
		map_take(job->deliver->openings, &job->opening, sizeof(job->opening));
		smtp_session_free(&job->opening);
	}
	deliver_attempt_leave(job, false);
}
