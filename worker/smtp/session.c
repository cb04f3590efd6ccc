#include "worker/smtp/session.h"

#include <assert.h>
#include <event2/buffer.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "worker/smtp/command.h"
#include "worker/smtp/io.h"
#include "worker/smtp/session_state.h"
#include "worker/smtp/transaction.h"

static void
smtp_session_destroy(struct smtp_session *session)
{
	smtp_io_free(&session->io);
	smtp_reply_free(&session->reply);
	str_free(&session->commands);
	str_free(&session->words);
	free(session->progress.standing);
	free(session->script);
	free(session->ehlo_name);
	free(session->peer);
	free(session);
}

static void
smtp_session_enter(struct smtp_session *session)
{
	session->depth++;
}

/*
 * The deadline is that of the turn at heard and begins anew when heard moves; while the message
 * goes out, with every octet that leaves.
 */
static void
smtp_session_arm(struct smtp_session *session)
{
	const struct smtp_step *row;
	bool moved = session->turns_heard != session->armed_turns || !session->armed;
	uint64_t sent;

	if (session->heard == session->planned) {
		if (session->armed)
			smtp_io_set_deadline(session->io, 0);
		session->armed = false;
		return;
	}
	sent = smtp_io_sent(session->io);
	if (session->script[session->heard].step == SMTP_STEP_CONTENT &&
	    sent != session->armed_sent)
		moved = true;
	if (!moved)
		return;
	row = smtp_step_row(session->script[session->heard].step);
	smtp_io_set_deadline(session->io,
			     *(const int64_t *)((const char *)&session->timeouts + row->timeout));
	session->armed = true;
	session->armed_turns = session->turns_heard;
	session->armed_sent = sent;
}

static void
smtp_session_leave(struct smtp_session *session)
{
	if (--session->depth > 0)
		return;
	if (session->gone) {
		smtp_session_destroy(session);
		return;
	}
	if (session->io != NULL)
		session->facts.bytes_sent = smtp_io_sent(session->io);
	if (session->io != NULL && !session->ended)
		smtp_session_arm(session);
}

void
smtp_session_plan(struct smtp_session *session, enum smtp_step_id step, unsigned arg)
{
	if (session->planned == session->room) {
		session->room = session->room ? session->room * 2 : 8;
		session->script =
		    alloc_resize(session->script, session->room, sizeof(session->script[0]));
	}
	session->script[session->planned++] = (struct smtp_turn){step, arg};
}

void
smtp_session_put_commands(struct smtp_session *session)
{
	struct str *commands = &session->commands;

	if (commands->len > 0 &&
	    evbuffer_add(smtp_io_output(session->io), commands->data, commands->len) != 0)
		log_die("out of memory");
	str_clear(commands);
}

/* The message and its end have left: from here on its fate is in the peer's hands. */
static void
smtp_session_check_content(struct smtp_session *session)
{
	unsigned at = session->heard;

	if (at < session->planned && session->script[at].step == SMTP_STEP_CONTENT &&
	    session->said > at + 1 && smtp_io_pending(session->io) == 0) {
		session->heard++;
		session->turns_heard++;
	}
}

static bool
smtp_session_may_say(const struct smtp_session *session, const struct smtp_step *row)
{
	if (session->said == session->heard || row->joined)
		return true;
	return session->facts.caps.pipelining && !row->sync;
}

static void
smtp_session_talk(struct smtp_session *session)
{
	bool later = false;

	/* A peer that has said something while it owed nothing is not where we are. */
	if (session->said == session->heard && session->said < session->planned &&
	    smtp_reply_is_partial(&session->reply)) {
		smtp_session_trouble(session, SMTP_TROUBLE_GARBAGE, 0);
		return;
	}
	while (session->said < session->planned && !later && !session->gone) {
		const struct smtp_turn *turn = &session->script[session->said];
		const struct smtp_step *row = smtp_step_row(turn->step);

		if (!smtp_session_may_say(session, row))
			break;
		if (row->say == NULL || row->say(session, turn->arg))
			session->said++;
		else
			later = true;
	}
	if (session->gone)
		return;
	if (session->progress.cut_short) {
		smtp_session_trouble(session, SMTP_TROUBLE_BODY, 0);
		return;
	}
	smtp_session_put_commands(session);
	smtp_io_flush(session->io);
	smtp_session_check_content(session);
	/* The socket took all there was: the next piece comes in the next turn of the loop, so that
	 * one large message does not keep the other sessions waiting. */
	if (later && smtp_io_pending(session->io) == 0)
		smtp_io_poke(session->io);
}

void
smtp_session_break(struct smtp_session *session)
{
	session->ended = true;
	if (session->io != NULL)
		session->facts.bytes_sent = smtp_io_sent(session->io);
	smtp_io_free(&session->io);
}

void
smtp_session_failed(struct smtp_session *session, const struct smtp_verdict *verdict)
{
	/* A peer that only refused may still be told QUIT. */
	session->ended = true;
	session->heard = session->said = session->planned = 0;
	if (!verdict->in_step)
		smtp_io_free(&session->io);
	session->events->failed(session, verdict, session->arg);
}

void
smtp_session_opened(struct smtp_session *session)
{
	session->heard = session->said = session->planned = 0;
	session->facts.opened_ms = session->facts.idle_since_ms = clock_mono_ms();
	session->facts.reusable = true;
	session->events->opened(session, session->arg);
}

struct smtp_verdict_facts
smtp_session_verdict_facts(const struct smtp_session *session)
{
	return (struct smtp_verdict_facts){
	    .accepted = session->progress.accepted,
	    .lmtp = session->lmtp,
	    .reused = session->progress.reused,
	    .bdat = session->progress.bdat && !session->progress.taken,
	    .greeting_permanent = session->greeting_permanent,
	    .fallback_clear = session->fallback_clear,
	};
}

static void
smtp_session_closed(struct smtp_session *session)
{
	smtp_session_break(session);
	session->facts.reusable = false;
	session->events->closed(session, session->arg);
}

void
smtp_session_trouble(struct smtp_session *session, enum smtp_trouble trouble, int error)
{
	struct smtp_verdict_facts facts = smtp_session_verdict_facts(session);
	struct smtp_verdict verdict;
	enum outcome_step step;

	if (session->heard == session->planned && session->progress.transaction == NULL) {
		smtp_session_closed(session);
		return;
	}
	/* What begin refused may come just before the end of the connection. */
	step = session->heard < session->planned
		   ? smtp_step_row(session->script[session->heard].step)->outcome
		   : OUTCOME_STEP_MAIL;
	verdict = smtp_verdict_trouble(step, trouble, error, &facts, &session->words);
	if (session->progress.transaction != NULL)
		smtp_transaction_abandon(session, &verdict);
	else
		smtp_session_failed(session, &verdict);
}

/*
 * A reply may come before its command was said only where that has a meaning: the early answer to
 * a message not begun yet, and a service that closes.
 */
static bool
smtp_session_expects(const struct smtp_session *session)
{
	enum smtp_step_id step;

	if (session->heard == session->planned)
		return false;
	step = session->script[session->heard].step;
	return session->heard < session->said || step == SMTP_STEP_CONTENT ||
	       session->reply.code == 421;
}

/* A complete reply: moves heard, or finds that nothing was asked. */
static void
smtp_session_hear(struct smtp_session *session)
{
	const struct smtp_reply *reply = &session->reply;
	struct smtp_turn now;

	if (!smtp_session_expects(session)) {
		smtp_session_trouble(session, SMTP_TROUBLE_GARBAGE, 0);
		return;
	}
	now = session->script[session->heard];
	if (log_wants(LOG_LEVEL_DEBUG))
		log_debug("%s: %s: %u", session->peer, smtp_step_row(now.step)->name, reply->code);
	session->heard++;
	session->turns_heard++;
	if (session->said < session->heard)
		session->said = session->heard;
	smtp_step_row(now.step)->hear(session, now.arg, reply);
	if (!session->gone && !session->ended && session->progress.transaction != NULL &&
	    session->heard == session->planned && session->planned > 0)
		smtp_transaction_advance(session);
}

static bool
smtp_session_is_live(const struct smtp_session *session)
{
	return !session->gone && !session->ended;
}

/* Hears all that is complete in the input. */
static void
smtp_session_listen(struct smtp_session *session)
{
	struct evbuffer *input = smtp_io_input(session->io);
	size_t len;

	while (smtp_session_is_live(session) && (len = evbuffer_get_contiguous_space(input)) > 0) {
		const char *data = (const char *)evbuffer_pullup(input, (ev_ssize_t)len);
		enum smtp_reply_status status;
		size_t used;

		status = smtp_reply_feed(&session->reply, data, len, &used);
		evbuffer_drain(input, used);
		if (status == SMTP_REPLY_DONE) {
			smtp_session_hear(session);
			smtp_reply_reset(&session->reply);
		} else if (status != SMTP_REPLY_MORE) {
			smtp_session_trouble(session,
					     status == SMTP_REPLY_TOO_LONG ? SMTP_TROUBLE_TOO_LONG
									   : SMTP_TROUBLE_GARBAGE,
					     0);
			return;
		}
	}
}

static void
smtp_session_on_received(void *arg)
{
	struct smtp_session *session = arg;

	/* Whoever keeps an ended session without freeing it must not be asked about it for ever. */
	if (session->ended) {
		smtp_io_free(&session->io);
		return;
	}
	smtp_session_enter(session);
	if (session->progress.transaction != NULL && session->progress.unsaid)
		smtp_transaction_report_refusals(session);
	if (smtp_session_is_live(session))
		smtp_session_listen(session);
	/* Idle, and the peer has begun to speak. */
	if (smtp_session_is_live(session) && session->planned == 0 &&
	    session->progress.transaction == NULL && smtp_reply_is_partial(&session->reply))
		smtp_session_closed(session);
	if (smtp_session_is_live(session))
		smtp_session_talk(session);
	smtp_session_leave(session);
}

static void
smtp_session_on_written(void *arg)
{
	struct smtp_session *session = arg;

	if (session->ended)
		return;
	smtp_session_enter(session);
	smtp_session_check_content(session);
	if (smtp_io_pending(session->io) < SMTP_BODY_PIECE)
		smtp_session_talk(session);
	smtp_session_leave(session);
}

static void
smtp_session_on_trouble(enum smtp_trouble trouble, int error, void *arg)
{
	struct smtp_session *session = arg;

	if (session->ended) {
		smtp_io_free(&session->io);
		return;
	}
	smtp_session_enter(session);
	if (session->progress.transaction != NULL && session->progress.unsaid)
		smtp_transaction_report_refusals(session);
	if (smtp_session_is_live(session))
		smtp_session_trouble(session, trouble, error);
	smtp_session_leave(session);
}

static const struct smtp_io_events smtp_session_io_events = {
    .received = smtp_session_on_received,
    .written = smtp_session_on_written,
    .trouble = smtp_session_on_trouble,
};

struct smtp_session *
smtp_session_new(struct event_base *base, int fd, const struct smtp_session_config *config,
		 const struct smtp_session_events *events, void *arg)
{
	struct smtp_session *session = alloc_new(struct smtp_session);

	session->ehlo_name = alloc_str(config->ehlo_name);
	session->peer = alloc_str(config->peer ? config->peer : "peer");
	session->lmtp = config->lmtp;
	session->greeting_permanent = config->greeting_permanent;
	session->fallback_clear = config->fallback_clear;
	session->timeouts = config->timeouts;
	session->events = events;
	session->arg = arg;
	session->io = smtp_io_new(base, fd, &smtp_session_io_events, session);
	smtp_session_enter(session);
	smtp_session_plan(session, SMTP_STEP_GREETING, 0);
	smtp_session_talk(session);
	smtp_session_leave(session);
	return session;
}

void
smtp_session_transact(struct smtp_session *session, const struct smtp_transaction *transaction)
{
	assert(session->facts.reusable && session->progress.transaction == NULL);
	smtp_session_enter(session);
	smtp_transaction_begin(session, transaction);
	/* Inside a callback of ours the caller's next steps come first; what is said there leaves
	 * when the hearing is over. */
	if (session->depth == 1)
		smtp_session_talk(session);
	smtp_session_leave(session);
}

void
smtp_session_expire(struct smtp_session *session)
{
	if (session->io != NULL && !session->ended)
		smtp_io_expire(session->io);
}

const struct smtp_session_facts *
smtp_session_facts(const struct smtp_session *session)
{
	return &session->facts;
}

void
smtp_session_quit(struct smtp_session **session)
{
	struct smtp_session *it = *session;

	if (it == NULL)
		return;
	if (it->io != NULL && it->planned == 0) {
		smtp_command_plain(&it->commands, "QUIT");
		smtp_session_put_commands(it);
		smtp_io_flush(it->io);
	}
	smtp_session_free(session);
}

void
smtp_session_free(struct smtp_session **session)
{
	struct smtp_session *it = *session;

	*session = NULL;
	if (it == NULL)
		return;
	it->gone = true;
	if (it->depth == 0)
		smtp_session_destroy(it);
	else
		smtp_session_break(it);
}
