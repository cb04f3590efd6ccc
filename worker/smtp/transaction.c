#include "worker/smtp/transaction.h"

#include <assert.h>
#include <event2/buffer.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "worker/smtp/command.h"
#include "worker/smtp/io.h"
#include "worker/smtp/session_state.h"

static bool
smtp_transaction_is_undecided(enum smtp_standing standing)
{
	return standing == SMTP_STANDING_OPEN || standing == SMTP_STANDING_ACCEPTED;
}

/* The smaller of two limits, 0 being none. */
static unsigned
smtp_transaction_limit(unsigned a, unsigned b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

static bool
smtp_transaction_is_refused(const struct smtp_session *session, enum smtp_refusal *refusal)
{
	const struct smtp_caps *caps = &session->facts.caps;
	const struct smtp_message *message = session->progress.transaction->message;

	if (!smtp_command_address_fits(message->sender))
		*refusal = SMTP_REFUSAL_SENDER;
	else if (caps->size_limit != 0 && message->size > caps->size_limit)
		*refusal = SMTP_REFUSAL_SIZE;
	else if (message->smtputf8 && !caps->smtputf8)
		*refusal = SMTP_REFUSAL_SMTPUTF8;
	else if (message->requiretls && !caps->requiretls)
		*refusal = SMTP_REFUSAL_REQUIRETLS;
	else
		return false;
	return true;
}

/*
 * Both ways take two round trips where there is PIPELINING, and DATA is the better trodden one.
 * BDAT is taken where it saves something: a round trip without PIPELINING, the search for dots, and
 * for large messages the peer's search for the end.
 */
static bool
smtp_transaction_wants_bdat(const struct smtp_session *session)
{
	const struct smtp_transaction *transaction = session->progress.transaction;
	const struct smtp_caps *caps = &session->facts.caps;

	if (!caps->chunking || transaction->avoid_chunking)
		return false;
	return !caps->pipelining || transaction->message->needs_stuffing ||
	       transaction->message->memory.data == NULL;
}

static void
smtp_transaction_plan_group(struct smtp_session *session)
{
	struct smtp_progress *progress = &session->progress;

	if (session->half_open)
		smtp_session_plan(session, SMTP_STEP_RSET, 0);
	session->half_open = false;
	smtp_session_plan(session, SMTP_STEP_MAIL, 0);
	for (unsigned i = 0; i < progress->transaction->count; i++) {
		if (progress->standing[i] == SMTP_STANDING_OPEN &&
		    smtp_command_address_fits(progress->transaction->recipients[i].address))
			smtp_session_plan(session, SMTP_STEP_RCPT, i);
	}
	progress->bdat = smtp_transaction_wants_bdat(session);
	if (session->facts.caps.pipelining && !progress->bdat) {
		smtp_session_plan(session, SMTP_STEP_DATA, 0);
		progress->offered = true;
	}
}

void
smtp_transaction_begin(struct smtp_session *session, const struct smtp_transaction *transaction)
{
	struct smtp_progress *progress = &session->progress;
	unsigned limit =
	    smtp_transaction_limit(transaction->rcpt_max, session->facts.caps.rcpt_max);
	enum smtp_standing *standing = progress->standing;
	unsigned room = progress->room;
	unsigned fits = 0;
	enum smtp_refusal refusal;

	assert(transaction->count > 0);
	if (room < transaction->count) {
		room = transaction->count;
		standing = alloc_resize(standing, room, sizeof(*standing));
	}
	*progress = (struct smtp_progress){.transaction = transaction,
					   .standing = standing,
					   .room = room,
					   .reused = session->facts.transactions > 0};
	for (unsigned i = 0; i < transaction->count; i++) {
		bool left = limit != 0 && i >= limit;

		standing[i] = left ? SMTP_STANDING_LEFT : SMTP_STANDING_OPEN;
		if (!left && smtp_command_address_fits(transaction->recipients[i].address))
			fits++;
		else if (!left)
			progress->unsaid = true;
	}
	session->timeouts.mail_from = transaction->timeouts.mail_from;
	session->timeouts.rcpt_to = transaction->timeouts.rcpt_to;
	session->timeouts.data = transaction->timeouts.data;
	session->facts.idle_since_ms = 0;
	session->facts.reusable = false;
	if (fits == 0 || smtp_transaction_is_refused(session, &refusal)) {
		progress->unsaid = true;
	} else {
		session->facts.transactions++;
		smtp_transaction_plan_group(session);
	}
	if (progress->unsaid)
		smtp_io_poke(session->io);
}

static void
smtp_transaction_count(const struct smtp_progress *progress, struct smtp_end *end)
{
	for (unsigned i = 0; i < progress->transaction->count; i++) {
		if (progress->standing[i] == SMTP_STANDING_LEFT)
			end->left++;
		else if (smtp_transaction_is_undecided(progress->standing[i]))
			end->undecided++;
	}
}

/* verdict: why those undecided are so; NULL when nobody is. */
static void
smtp_transaction_end(struct smtp_session *session, const struct smtp_verdict *verdict)
{
	struct smtp_progress *progress = &session->progress;
	const struct smtp_transaction *transaction = progress->transaction;
	const struct smtp_caps *caps = &session->facts.caps;
	struct smtp_end end = progress->end;

	end.standing = progress->standing;
	smtp_transaction_count(progress, &end);
	assert(end.undecided == 0 || verdict != NULL);
	if (end.undecided > 0) {
		end.next = verdict->next;
		end.outcome = &verdict->outcome;
	}
	end.dsn = caps->dsn;
	/* What waits in the input then is a reply to nothing. */
	end.reusable = session->io != NULL &&
		       evbuffer_get_length(smtp_io_input(session->io)) == 0 &&
		       (caps->mail_max == 0 || session->facts.transactions < caps->mail_max);
	session->heard = session->said = session->planned = 0;
	progress->transaction = NULL;
	session->facts.reusable = end.reusable;
	session->facts.idle_since_ms = clock_mono_ms();
	session->ended = !end.reusable;
	transaction->events->done(session, &end, transaction->arg);
}

void
smtp_transaction_decide(struct smtp_session *session, unsigned recipient,
			const struct outcome *outcome)
{
	struct smtp_progress *progress = &session->progress;
	const struct smtp_transaction *transaction = progress->transaction;

	progress->standing[recipient] = SMTP_STANDING_DECIDED;
	transaction->events->result(recipient, outcome, transaction->arg);
}

void
smtp_transaction_decide_all(struct smtp_session *session, const struct outcome *outcome)
{
	struct smtp_progress *progress = &session->progress;

	progress->refused = true;
	for (unsigned i = 0; i < progress->transaction->count && !session->gone; i++) {
		if (smtp_transaction_is_undecided(progress->standing[i]))
			smtp_transaction_decide(session, i, outcome);
	}
}

void
smtp_transaction_report_refusals(struct smtp_session *session)
{
	struct smtp_progress *progress = &session->progress;
	const struct smtp_transaction *transaction = progress->transaction;
	struct smtp_verdict verdict = {.next = SMTP_NEXT_NONE};
	enum smtp_refusal refusal;

	progress->unsaid = false;
	for (unsigned i = 0; i < transaction->count && !session->gone; i++) {
		if (progress->standing[i] != SMTP_STANDING_OPEN ||
		    smtp_command_address_fits(transaction->recipients[i].address))
			continue;
		verdict = smtp_verdict_refusal(SMTP_REFUSAL_RECIPIENT, &session->words);
		smtp_transaction_decide(session, i, &verdict.outcome);
	}
	if (session->gone || session->planned > 0)
		return;
	if (smtp_transaction_is_refused(session, &refusal))
		verdict = smtp_verdict_refusal(refusal, &session->words);
	if (verdict.next == SMTP_NEXT_STOP)
		smtp_transaction_decide_all(session, &verdict.outcome);
	if (!session->gone)
		smtp_transaction_end(session, &verdict);
}

void
smtp_transaction_accept(struct smtp_session *session, unsigned recipient)
{
	session->progress.standing[recipient] = SMTP_STANDING_ACCEPTED;
	session->progress.accepted++;
}

void
smtp_transaction_leave(struct smtp_session *session, unsigned recipient)
{
	struct smtp_progress *progress = &session->progress;

	progress->standing[recipient] = SMTP_STANDING_LEFT;
	progress->end.rcpt_max = progress->accepted;
	for (unsigned i = session->said; i < session->planned; i++) {
		if (session->script[i].step == SMTP_STEP_RCPT)
			progress->standing[session->script[i].arg] = SMTP_STANDING_LEFT;
	}
	session->planned = session->said;
}

void
smtp_transaction_plan_content(struct smtp_session *session)
{
	struct smtp_progress *progress = &session->progress;
	bool first = true;

	progress->offered = true;
	smtp_body_init(&progress->body, progress->transaction->message,
		       progress->transaction->message->needs_stuffing && !progress->bdat);
	smtp_session_plan(session, SMTP_STEP_CONTENT, 0);
	for (unsigned i = 0; i < progress->transaction->count; i++) {
		if (progress->standing[i] != SMTP_STANDING_ACCEPTED)
			continue;
		if (first || session->lmtp)
			smtp_session_plan(session, first ? SMTP_STEP_DOT : SMTP_STEP_ANSWER, i);
		first = false;
	}
}

void
smtp_transaction_advance(struct smtp_session *session)
{
	struct smtp_progress *progress = &session->progress;

	/* A learned limit is how many were taken in the end: a peer may refuse one in the middle.
	 */
	if (progress->end.rcpt_max != 0)
		progress->end.rcpt_max = progress->accepted;
	if (progress->refused || progress->offered || progress->accepted == 0) {
		/* MAIL stands, and no message has followed. */
		if (progress->mailed && !progress->offered)
			session->half_open = true;
		smtp_transaction_end(session, NULL);
	} else if (progress->bdat) {
		smtp_transaction_plan_content(session);
	} else {
		progress->offered = true;
		smtp_session_plan(session, SMTP_STEP_DATA, 0);
	}
}

bool
smtp_transaction_is_open(const struct smtp_session *session)
{
	const struct smtp_progress *progress = &session->progress;

	for (unsigned i = 0; i < progress->transaction->count; i++) {
		if (smtp_transaction_is_undecided(progress->standing[i]))
			return true;
	}
	return false;
}

void
smtp_transaction_abandon(struct smtp_session *session, const struct smtp_verdict *verdict)
{
	struct smtp_progress *progress = &session->progress;

	progress->end.bdat_refused |= verdict->bdat_refused;
	if (progress->end.rcpt_max != 0)
		progress->end.rcpt_max = progress->accepted;
	smtp_session_break(session);
	if (verdict->next == SMTP_NEXT_STOP)
		smtp_transaction_decide_all(session, &verdict->outcome);
	if (!session->gone)
		smtp_transaction_end(session, verdict);
}
