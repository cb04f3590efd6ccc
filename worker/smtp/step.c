#include "worker/smtp/step.h"

#include <event2/buffer.h>

#include "common/log.h"
#include "worker/smtp/command.h"
#include "worker/smtp/io.h"
#include "worker/smtp/session_state.h"
#include "worker/smtp/transaction.h"

/* Octets of a message that wait in our output at most; two pieces keep the socket busy. */
enum { SMTP_STEP_OUTPUT = 2 * SMTP_BODY_PIECE };

static struct smtp_verdict
smtp_step_verdict(struct smtp_session *session, enum outcome_step step,
		  const struct smtp_reply *reply)
{
	struct smtp_verdict_facts facts = smtp_session_verdict_facts(session);
	struct smtp_verdict verdict = smtp_verdict_reply(step, reply, &facts, &session->words);

	session->progress.end.alert |= verdict.alert;
	return verdict;
}

static void
smtp_step_hear_greeting(struct smtp_session *session, unsigned arg, const struct smtp_reply *reply)
{
	struct smtp_verdict verdict = smtp_step_verdict(session, OUTCOME_STEP_GREETING, reply);

	if (verdict.next != SMTP_NEXT_NONE)
		smtp_session_failed(session, &verdict);
	else
		smtp_session_plan(session, session->lmtp ? SMTP_STEP_LHLO : SMTP_STEP_EHLO, 0);
}

static bool
smtp_step_say_ehlo(struct smtp_session *session, unsigned arg)
{
	smtp_command_hello(&session->commands, "EHLO", session->ehlo_name);
	return true;
}

static bool
smtp_step_say_helo(struct smtp_session *session, unsigned arg)
{
	smtp_command_hello(&session->commands, "HELO", session->ehlo_name);
	return true;
}

static bool
smtp_step_say_lhlo(struct smtp_session *session, unsigned arg)
{
	smtp_command_hello(&session->commands, "LHLO", session->ehlo_name);
	return true;
}

static void
smtp_step_hear_ehlo(struct smtp_session *session, unsigned arg, const struct smtp_reply *reply)
{
	struct smtp_verdict verdict = smtp_step_verdict(session, OUTCOME_STEP_EHLO, reply);

	if (verdict.use_helo) {
		smtp_session_plan(session, SMTP_STEP_HELO, 0);
	} else if (verdict.next != SMTP_NEXT_NONE) {
		smtp_session_failed(session, &verdict);
	} else {
		smtp_caps_read(&session->facts.caps, reply);
		smtp_session_opened(session);
	}
}

static void
smtp_step_hear_helo(struct smtp_session *session, unsigned arg, const struct smtp_reply *reply)
{
	struct smtp_verdict_facts facts = smtp_session_verdict_facts(session);
	struct smtp_verdict verdict;

	facts.helo = true;
	verdict = smtp_verdict_reply(OUTCOME_STEP_EHLO, reply, &facts, &session->words);
	if (verdict.next != SMTP_NEXT_NONE)
		smtp_session_failed(session, &verdict);
	else
		smtp_session_opened(session);
}

static bool
smtp_step_say_rset(struct smtp_session *session, unsigned arg)
{
	smtp_command_plain(&session->commands, "RSET");
	return true;
}

/* A session that does not take RSET is not one to go on with: as if MAIL were refused. */
static void
smtp_step_hear_rset(struct smtp_session *session, unsigned arg, const struct smtp_reply *reply)
{
	struct smtp_verdict verdict = smtp_step_verdict(session, OUTCOME_STEP_MAIL, reply);

	if (verdict.next != SMTP_NEXT_NONE)
		smtp_transaction_abandon(session, &verdict);
}

static bool
smtp_step_say_mail(struct smtp_session *session, unsigned arg)
{
	smtp_command_mail(&session->commands, session->progress.transaction->message,
			  &session->facts.caps);
	return true;
}

static void
smtp_step_hear_mail(struct smtp_session *session, unsigned arg, const struct smtp_reply *reply)
{
	struct smtp_verdict verdict = smtp_step_verdict(session, OUTCOME_STEP_MAIL, reply);

	if (verdict.next == SMTP_NEXT_NONE) {
		session->progress.mailed = true;
		return;
	}
	if (verdict.next == SMTP_NEXT_SESSION)
		session->progress.end.mail_max = session->facts.messages;
	if (verdict.next != SMTP_NEXT_STOP || !verdict.in_step) {
		smtp_transaction_abandon(session, &verdict);
		return;
	}
	/* What was said with MAIL is still answered. */
	session->planned = session->said;
	smtp_transaction_decide_all(session, &verdict.outcome);
}

static bool
smtp_step_say_rcpt(struct smtp_session *session, unsigned arg)
{
	const struct smtp_transaction *transaction = session->progress.transaction;

	smtp_command_rcpt(&session->commands, &transaction->recipients[arg], transaction->message,
			  &session->facts.caps);
	return true;
}

static void
smtp_step_hear_rcpt(struct smtp_session *session, unsigned arg, const struct smtp_reply *reply)
{
	struct smtp_verdict verdict;

	if (session->progress.refused)
		return;
	verdict = smtp_step_verdict(session, OUTCOME_STEP_RCPT, reply);
	if (verdict.next != SMTP_NEXT_NONE) {
		smtp_transaction_abandon(session, &verdict);
		return;
	}
	if (smtp_reply_class(reply) == 2)
		smtp_transaction_accept(session, arg);
	else if (verdict.too_many)
		smtp_transaction_leave(session, arg);
	else
		smtp_transaction_decide(session, arg, &verdict.outcome);
	if (!session->gone && !verdict.in_step)
		smtp_session_trouble(session, SMTP_TROUBLE_GARBAGE, 0);
}

static bool
smtp_step_say_data(struct smtp_session *session, unsigned arg)
{
	smtp_command_plain(&session->commands, "DATA");
	return true;
}

/* RFC 2920 section 3.1: DATA in the group may be accepted although no recipient was. */
static void
smtp_step_hear_data(struct smtp_session *session, unsigned arg, const struct smtp_reply *reply)
{
	struct smtp_progress *progress = &session->progress;
	struct smtp_verdict verdict = smtp_step_verdict(session, OUTCOME_STEP_DATA, reply);
	bool wanted = !progress->refused && progress->accepted > 0;

	if (reply->code == 354) {
		if (wanted)
			smtp_transaction_plan_content(session);
		else
			smtp_session_plan(session, SMTP_STEP_LONE_DOT, 0);
		return;
	}
	session->half_open = progress->mailed;
	if (!verdict.in_step || (wanted && verdict.next != SMTP_NEXT_STOP))
		smtp_transaction_abandon(session, &verdict);
	else if (wanted)
		smtp_transaction_decide_all(session, &verdict.outcome);
}

static bool
smtp_step_say_content(struct smtp_session *session, unsigned arg)
{
	struct smtp_progress *progress = &session->progress;

	progress->end.raw_eight_bit =
	    progress->transaction->message->eight_bit && !session->facts.caps.eight_bit_mime;
	if (progress->bdat)
		smtp_command_bdat(&session->commands, progress->transaction->message->size);
	smtp_session_put_commands(session);
	return true;
}

/* An early reply is the reply: nothing more is sent, and the connection is of no use any more. */
static void
smtp_step_hear_content(struct smtp_session *session, unsigned arg, const struct smtp_reply *reply)
{
	struct smtp_verdict verdict = smtp_step_verdict(session, OUTCOME_STEP_CONTENT, reply);

	smtp_transaction_abandon(session, &verdict);
}

static bool
smtp_step_say_dot(struct smtp_session *session, unsigned arg)
{
	struct smtp_progress *progress = &session->progress;
	const struct smtp_transaction *transaction = progress->transaction;
	struct evbuffer *out = smtp_io_output(session->io);
	enum smtp_body_status status = smtp_body_fill(&progress->body, out, SMTP_STEP_OUTPUT);

	if (status == SMTP_BODY_MORE)
		return false;
	if (status == SMTP_BODY_FAILED || !smtp_body_finish(&progress->body, out)) {
		progress->cut_short = true;
		return false;
	}
	transaction->events->dot(transaction->arg);
	if (session->gone)
		return false;
	if (!progress->bdat && evbuffer_add(out, ".\r\n", 3) != 0)
		log_die("out of memory");
	return true;
}

static void
smtp_step_decide_message(struct smtp_session *session, unsigned arg, const struct outcome *outcome)
{
	if (outcome->class == OUTCOME_DELIVERED && (!session->lmtp || !session->progress.taken)) {
		session->progress.taken = true;
		session->facts.messages++;
	}
	if (session->lmtp)
		smtp_transaction_decide(session, arg, outcome);
	else
		smtp_transaction_decide_all(session, outcome);
}

static void
smtp_step_hear_dot(struct smtp_session *session, unsigned arg, const struct smtp_reply *reply)
{
	struct smtp_verdict verdict = smtp_step_verdict(session, OUTCOME_STEP_DOT, reply);

	if (verdict.next == SMTP_NEXT_SESSION) {
		smtp_transaction_abandon(session, &verdict);
		return;
	}
	/* After a BDAT that failed only RSET leads back to a known place (RFC 3030). */
	if (session->progress.bdat && verdict.outcome.class != OUTCOME_DELIVERED)
		session->half_open = true;
	smtp_step_decide_message(session, arg, &verdict.outcome);
	if (session->gone || verdict.in_step)
		return;
	/* LMTP: the answers for the others will not come any more. */
	if (smtp_transaction_is_open(session))
		smtp_session_trouble(session, SMTP_TROUBLE_CLOSED, 0);
	else
		smtp_transaction_abandon(session, &verdict);
}

static bool
smtp_step_say_lone_dot(struct smtp_session *session, unsigned arg)
{
	smtp_command_plain(&session->commands, ".");
	return true;
}

static void
smtp_step_hear_lone_dot(struct smtp_session *session, unsigned arg, const struct smtp_reply *reply)
{
}

#define SMTP_STEP_TIMEOUT(member) .timeout = offsetof(struct smtp_timeouts, member)

static const struct smtp_step smtp_steps[SMTP_STEPS] = {
    [SMTP_STEP_GREETING] = {.name = "greeting",
			    .outcome = OUTCOME_STEP_GREETING,
			    SMTP_STEP_TIMEOUT(greeting),
			    .hear = smtp_step_hear_greeting},
    [SMTP_STEP_EHLO] = {.name = "EHLO",
			.outcome = OUTCOME_STEP_EHLO,
			SMTP_STEP_TIMEOUT(ehlo),
			.sync = true,
			.say = smtp_step_say_ehlo,
			.hear = smtp_step_hear_ehlo},
    [SMTP_STEP_HELO] = {.name = "HELO",
			.outcome = OUTCOME_STEP_EHLO,
			SMTP_STEP_TIMEOUT(ehlo),
			.sync = true,
			.say = smtp_step_say_helo,
			.hear = smtp_step_hear_helo},
    [SMTP_STEP_LHLO] = {.name = "LHLO",
			.outcome = OUTCOME_STEP_EHLO,
			SMTP_STEP_TIMEOUT(ehlo),
			.sync = true,
			.say = smtp_step_say_lhlo,
			.hear = smtp_step_hear_ehlo},
    [SMTP_STEP_RSET] = {.name = "RSET",
			.outcome = OUTCOME_STEP_MAIL,
			SMTP_STEP_TIMEOUT(mail_from),
			.say = smtp_step_say_rset,
			.hear = smtp_step_hear_rset},
    [SMTP_STEP_MAIL] = {.name = "MAIL",
			.outcome = OUTCOME_STEP_MAIL,
			SMTP_STEP_TIMEOUT(mail_from),
			.say = smtp_step_say_mail,
			.hear = smtp_step_hear_mail},
    [SMTP_STEP_RCPT] = {.name = "RCPT",
			.outcome = OUTCOME_STEP_RCPT,
			SMTP_STEP_TIMEOUT(rcpt_to),
			.say = smtp_step_say_rcpt,
			.hear = smtp_step_hear_rcpt},
    [SMTP_STEP_DATA] = {.name = "DATA",
			.outcome = OUTCOME_STEP_DATA,
			SMTP_STEP_TIMEOUT(data),
			.say = smtp_step_say_data,
			.hear = smtp_step_hear_data},
    [SMTP_STEP_CONTENT] = {.name = "content",
			   .outcome = OUTCOME_STEP_CONTENT,
			   SMTP_STEP_TIMEOUT(data),
			   .sync = true,
			   .say = smtp_step_say_content,
			   .hear = smtp_step_hear_content},
    [SMTP_STEP_DOT] = {.name = "end of the message",
		       .outcome = OUTCOME_STEP_DOT,
		       SMTP_STEP_TIMEOUT(data),
		       .joined = true,
		       .say = smtp_step_say_dot,
		       .hear = smtp_step_hear_dot},
    [SMTP_STEP_ANSWER] = {.name = "further answer",
			  .outcome = OUTCOME_STEP_DOT,
			  SMTP_STEP_TIMEOUT(data),
			  .joined = true,
			  .hear = smtp_step_hear_dot},
    [SMTP_STEP_LONE_DOT] = {.name = "lone dot",
			    .outcome = OUTCOME_STEP_DATA,
			    SMTP_STEP_TIMEOUT(data),
			    .sync = true,
			    .say = smtp_step_say_lone_dot,
			    .hear = smtp_step_hear_lone_dot},
};

const struct smtp_step *
smtp_step_row(enum smtp_step_id id)
{
	return &smtp_steps[id];
}
