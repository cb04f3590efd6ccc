#include "worker/deliver/transact.h"

#include <stddef.h>

#include "common/arena.h"
#include "common/log.h"
#include "common/xtext.h"
#include "worker/deliver/attempt.h"
#include "worker/deliver/job.h"
#include "worker/deliver/pool.h"
#include "worker/deliver/report.h"
#include "worker/deliver/state.h"
#include "worker/smtp/session.h"

/*
 * What is lent to the session until the transaction's end, and what is the same in all transactions
 * of a job. In the job's arena.
 */
struct deliver_transact {
	struct smtp_message message;
	struct smtp_recipient *everybody; /* all recipients of the job */
	struct smtp_transaction transaction;
	struct smtp_recipient *recipients; /* those of the transaction */
	size_t *indexes;                   /* of the job's recipients, in the same order */
};

struct smtp_timeouts
deliver_transact_timeouts(const struct deliver_job *job)
{
	const struct settings_answer *answers = job->choices.answers;

	return (struct smtp_timeouts){
	    .greeting = answers[DELIVER_CHOICE_GREETING].integer,
	    .tls = answers[DELIVER_CHOICE_TLS].integer,
	    .ehlo = answers[DELIVER_CHOICE_EHLO].integer,
	    .mail_from = answers[DELIVER_CHOICE_MAIL_FROM].integer,
	    .rcpt_to = answers[DELIVER_CHOICE_RCPT_TO].integer,
	    .data = answers[DELIVER_CHOICE_DATA].integer,
	};
}

/* The connection of a transaction that is over: kept for the next message, or closed. */
static void
deliver_transact_release(struct deliver_job *job, bool reusable)
{
	if (job->session == NULL)
		return;
	if (reusable)
		deliver_pool_give(job->deliver->pool, &job->session);
	else
		deliver_pool_close(job->deliver->pool, &job->session, true);
}

static void
deliver_transact_on_result(unsigned index, const struct outcome *outcome, void *arg)
{
	struct deliver_job *job = arg;

	deliver_job_decide(job, job->transact->indexes[index], outcome);
}

static void
deliver_transact_on_dot(void *arg)
{
	struct deliver_job *job = arg;

	deliver_report_dot(job->deliver, job->job.id);
}

static void
deliver_transact_say(const struct deliver_job *job, const struct smtp_end *end)
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
deliver_transact_note(struct deliver_job *job, const struct smtp_end *end)
{
	const struct deliver_transact *transact = job->transact;

	/* What a used session says at MAIL is not the peer's word about this message. */
	if (end->outcome == NULL || (end->next == SMTP_NEXT_SESSION && !job->late))
		return;
	deliver_job_say(job, end->outcome, deliver_attempt_where(job));
	for (unsigned i = 0; i < transact->transaction.count; i++)
		if (end->standing[i] != SMTP_STANDING_DECIDED)
			deliver_job_note_recipient(job, transact->indexes[i], end->outcome);
}

static void
deliver_transact_on_done(struct smtp_session *smtp, const struct smtp_end *end, void *arg)
{
	struct deliver_job *job = arg;
	enum smtp_next next = end->next;
	bool more = end->left > 0 && (next == SMTP_NEXT_NONE || next == SMTP_NEXT_STOP);
	bool reusable = end->reusable;

	(void)smtp;
	deliver_transact_say(job, end);
	deliver_transact_note(job, end);
	job->rcpt_max = end->rcpt_max ? end->rcpt_max : job->rcpt_max;
	job->avoid_chunking = job->avoid_chunking || end->bdat_refused;
	if (more && reusable && !job->late) {
		deliver_transact_start(job);
		return;
	}
	deliver_transact_release(job, reusable);
	if (more)
		next = SMTP_NEXT_SESSION;
	deliver_attempt_go_on(job, job->undecided > 0 ? next : SMTP_NEXT_NONE);
}

static const struct smtp_transaction_events deliver_transact_events = {
    .result = deliver_transact_on_result,
    .dot = deliver_transact_on_dot,
    .done = deliver_transact_on_done,
};

static struct slice
deliver_transact_xtext(struct deliver_job *job, struct slice encoded)
{
	struct slice text = {0};

	if (encoded.len > 0)
		xtext_decode(job->arena, encoded, &text);
	return text;
}

static void
deliver_transact_message(struct deliver_job *job, struct smtp_message *message)
{
	const struct proto_job *from = &job->job;

	*message = (struct smtp_message){.sender = from->sender,
					 .envid = deliver_transact_xtext(job, from->envid),
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

/* What is the same in all transactions of a job, decoded once. */
static void
deliver_transact_prepare(struct deliver_job *job)
{
	size_t count = job->job.recipient_count;
	struct deliver_transact *transact;

	if (job->transact != NULL)
		return;
	transact = job->transact = arena_zero(job->arena, struct deliver_transact);
	deliver_transact_message(job, &transact->message);
	transact->everybody = arena_array(job->arena, count, sizeof(*transact->everybody));
	transact->recipients = arena_array(job->arena, count, sizeof(*transact->recipients));
	transact->indexes = arena_array(job->arena, count, sizeof(*transact->indexes));
	for (size_t i = 0; i < count; i++) {
		const struct proto_job_recipient *from = &job->job.recipients[i];

		transact->everybody[i] =
		    (struct smtp_recipient){.address = from->address,
					    .orcpt = deliver_transact_xtext(job, from->orcpt),
					    .notify = from->notify};
	}
}

/* All recipients still undecided, in the order of the job. */
static unsigned
deliver_transact_recipients(struct deliver_job *job)
{
	struct deliver_transact *transact = job->transact;
	unsigned count = 0;

	for (size_t i = 0; i < job->job.recipient_count; i++) {
		if (job->recipients[i].decided)
			continue;
		transact->recipients[count] = transact->everybody[i];
		transact->indexes[count++] = i;
	}
	return count;
}

void
deliver_transact_start(void *arg)
{
	struct deliver_job *job = arg;
	struct deliver_transact *transact;

	job->fresh_wanted = false;
	deliver_transact_prepare(job);
	transact = job->transact;
	transact->transaction =
	    (struct smtp_transaction){.message = &transact->message,
				      .recipients = transact->recipients,
				      .count = deliver_transact_recipients(job),
				      .rcpt_max = job->rcpt_max,
				      .avoid_chunking = job->avoid_chunking,
				      .timeouts = deliver_transact_timeouts(job),
				      .events = &deliver_transact_events,
				      .arg = job};
	deliver_job_meet(job);
	deliver_job_enter(job, DELIVER_TRANSACTING);
	smtp_session_transact(job->session->smtp, &transact->transaction);
}
