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
#include "common/xtext.h"
#include "worker/deliver/connect.h"
#include "worker/deliver/host.h"
#include "worker/deliver/job.h"
#include "worker/deliver/pool.h"
#include "worker/deliver/report.h"
#include "worker/deliver/state.h"
#include "worker/deliver/subject.h"
#include "worker/smtp/message.h"
#include "worker/smtp/session.h"
#include "worker/smtp/verdict.h"

/* Settings and the transaction at the present address. Lives in the job's arena, made anew. */
struct deliver_attempt {
	struct deliver_pool_key key;
	const char *ehlo;
	struct smtp_message message;
	struct smtp_transaction transaction;
	struct smtp_recipient *recipients;
	size_t *indexes; /* of the job's recipients, in the order of the transaction's */
};

static void deliver_attempt_transact(struct deliver_job *job);

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

static struct smtp_timeouts
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
static const char *
deliver_attempt_ehlo(struct deliver_job *job)
{
	const struct settings *settings = job->deliver->bundle->settings;
	struct slice name = {0};

	settings_eval_text(settings, SETTING_QUEUE_OUTBOUND_HOSTNAME,
			   deliver_subject_env(job->subject), &name);
	if (name.len > 0 && domain_is_ehlo_name(name))
		return arena_copy(job->arena, name.data, name.len);
	if (name.len > 0)
		log_warn("queue.outbound.hostname gave \"%.*s\", which is no host name; %s is "
			 "used",
			 SLICE_ARG(name), settings_hostname(settings));
	return settings_hostname(settings);
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
	struct deliver_attempt *attempt = arena_zero(job->arena, struct deliver_attempt);
	const struct deliver_route_host *host = deliver_job_host(job);

	job->attempt = attempt;
	attempt->key.remote = *deliver_job_address(job);
	if (host->kind == DELIVER_ROUTE_UNIX)
		attempt->key.path = host->name;
	deliver_subject_set_remote(job->subject, &attempt->key.remote);
	deliver_subject_set_local(job->subject, NULL);
	deliver_attempt_sources(job, &attempt->key);
	attempt->key.lmtp = deliver_attempt_is_lmtp(job);
}

/* "mx1.example.org[192.0.2.1]:25" */
static const char *
deliver_attempt_where(const struct deliver_job *job)
{
	char text[NETADDR_TEXT] = "";
	const struct deliver_route_host *host = deliver_job_host(job);

	if (host->kind != DELIVER_ROUTE_UNIX)
		netaddr_text(text, deliver_job_address(job));
	return arena_printf(job->arena, "%s[%s]:%u", host->name, text, host->port);
}

/* Where a job goes on after something failed that concerned all undecided recipients. */
static void
deliver_attempt_go_on(struct deliver_job *job, enum smtp_next next)
{
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
	job->opened = true;
	deliver_attempt_limit(job, job->session);
	deliver_attempt_transact(job);
}

static void
deliver_attempt_on_failed(struct smtp_session *smtp, const struct smtp_verdict *verdict, void *arg)
{
	struct deliver_job *job = deliver_attempt_job(arg, smtp);

	deliver_job_note(job, &verdict->outcome, deliver_attempt_where(job));
	smtp_session_free(&job->opening);
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
	attempt->ehlo = deliver_attempt_ehlo(job);
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
	return strcmp(deliver_attempt_ehlo(job), session->ehlo) == 0;
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
		deliver_attempt_transact(job);
		return;
	}
	job->fresh_wanted = false;
	deliver_subject_set_local(job->subject, NULL);
	if (job->job.permit == PROTO_PERMIT_OPEN)
		deliver_attempt_connect(job);
	else
		deliver_host_next_address(job);
}

/* The connection of a transaction that is over: kept for the next message, or closed. */
static void
deliver_attempt_release(struct deliver_job *job, bool reusable)
{
	if (job->session == NULL)
		return;
	if (reusable)
		deliver_pool_give(job->deliver->pool, &job->session);
	else
		deliver_attempt_leave(job, true);
}

static void
deliver_attempt_on_result(unsigned index, const struct outcome *outcome, void *arg)
{
	struct deliver_job *job = arg;

	deliver_job_decide(job, job->attempt->indexes[index], outcome);
}

static void
deliver_attempt_on_dot(void *arg)
{
	struct deliver_job *job = arg;

	deliver_report_dot(job->deliver, job->job.id);
}

static void
deliver_attempt_say(const struct deliver_job *job, const struct smtp_end *end)
{
	if (end->alert)
		log_error("alert: msg=%llu: %s asks for credentials",
			  (unsigned long long)job->job.message, deliver_attempt_where(job));
	if (end->raw_eight_bit)
		log_info("msg=%llu: 8-bit text was sent to %s, which does not offer 8BITMIME",
			 (unsigned long long)job->job.message, deliver_attempt_where(job));
}

/* Recipients that nobody decided: what holds for them if nothing else can be tried. */
static void
deliver_attempt_note(struct deliver_job *job, const struct smtp_end *end)
{
	const struct deliver_attempt *attempt = job->attempt;

	/* What a used session says at MAIL is not the peer's word about this message. */
	if (end->outcome == NULL || end->next == SMTP_NEXT_SESSION)
		return;
	deliver_job_say(job, end->outcome, deliver_attempt_where(job));
	for (unsigned i = 0; i < attempt->transaction.count; i++)
		if (end->standing[i] == SMTP_STANDING_OPEN ||
		    end->standing[i] == SMTP_STANDING_ACCEPTED)
			deliver_job_note_recipient(job, attempt->indexes[i], end->outcome);
}

static void
deliver_attempt_on_done(struct smtp_session *smtp, const struct smtp_end *end, void *arg)
{
	struct deliver_job *job = arg;
	enum smtp_next next = end->next;
	bool more = end->left > 0 && (next == SMTP_NEXT_NONE || next == SMTP_NEXT_STOP);

	(void)smtp;
	deliver_attempt_say(job, end);
	deliver_attempt_note(job, end);
	job->rcpt_max = end->rcpt_max ? end->rcpt_max : job->rcpt_max;
	job->avoid_chunking = job->avoid_chunking || end->bdat_refused;
	if (more && end->reusable) {
		deliver_attempt_transact(job);
		return;
	}
	deliver_attempt_release(job, end->reusable);
	if (more)
		next = SMTP_NEXT_SESSION;
	deliver_attempt_go_on(job, job->undecided > 0 ? next : SMTP_NEXT_NONE);
}

static const struct smtp_transaction_events deliver_attempt_transaction_events = {
    .result = deliver_attempt_on_result,
    .dot = deliver_attempt_on_dot,
    .done = deliver_attempt_on_done,
};

static struct slice
deliver_attempt_xtext(struct deliver_job *job, struct slice encoded)
{
	struct slice text = {0};

	if (encoded.len > 0)
		xtext_decode(job->arena, encoded, &text);
	return text;
}

static void
deliver_attempt_message(struct deliver_job *job, struct smtp_message *message)
{
	const struct proto_job *from = &job->job;

	*message = (struct smtp_message){.sender = from->sender,
					 .envid = deliver_attempt_xtext(job, from->envid),
					 .memory = job->body.memory,
					 .fd = job->body.fd,
					 .offset = (off_t)job->body.offset,
					 .size = from->size,
					 .ret = (enum smtp_ret)from->ret,
					 .eight_bit = from->eight_bit,
					 .needs_stuffing = from->needs_stuffing,
					 .smtputf8 = from->smtputf8,
					 .requiretls = from->requiretls,
					 .has_priority = from->priority != 0,
					 .priority = from->priority};
	if (job->body.fd >= 0)
		message->memory = (struct slice){0};
}

/* All recipients still undecided, in the order of the job. */
static void
deliver_attempt_recipients(struct deliver_job *job, struct deliver_attempt *attempt)
{
	size_t count = 0;

	attempt->recipients = arena_array(job->arena, job->undecided, sizeof(*attempt->recipients));
	attempt->indexes = arena_array(job->arena, job->undecided, sizeof(*attempt->indexes));
	for (size_t i = 0; i < job->job.recipient_count; i++) {
		const struct proto_job_recipient *from = &job->job.recipients[i];

		if (job->recipients[i].decided)
			continue;
		attempt->recipients[count] =
		    (struct smtp_recipient){.address = from->address,
					    .orcpt = deliver_attempt_xtext(job, from->orcpt),
					    .notify = from->notify};
		attempt->indexes[count++] = i;
	}
	attempt->transaction.recipients = attempt->recipients;
	attempt->transaction.count = (unsigned)count;
}

static void
deliver_attempt_transact(struct deliver_job *job)
{
	struct deliver_attempt *attempt = job->attempt;
	struct smtp_transaction *transaction = &attempt->transaction;

	job->fresh_wanted = false;
	deliver_subject_set_local(job->subject, &job->source);
	deliver_attempt_message(job, &attempt->message);
	*transaction = (struct smtp_transaction){.message = &attempt->message,
						 .rcpt_max = job->rcpt_max,
						 .avoid_chunking = job->avoid_chunking,
						 .timeouts = deliver_attempt_timeouts(job),
						 .events = &deliver_attempt_transaction_events,
						 .arg = job};
	deliver_attempt_recipients(job, attempt);
	job->transact_ms = clock_mono_ms();
	deliver_job_enter(job, DELIVER_TRANSACTING);
	smtp_session_transact(job->session->smtp, transaction);
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

	job->route.kept = job->host + 1;
	job->order.kept = job->address + 1;
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
