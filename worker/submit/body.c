#include "worker/submit/body.h"

#include <stdio.h>

#include "common/arena.h"
#include "common/clock.h"
#include "worker/submit/command.h"
#include "worker/submit/intake.h"
#include "worker/submit/session.h"
#include "worker/submit/trace.h"

enum {
	SUBMIT_BODY_ROOM = 16 * 1024 - 1, /* taken at once for a body of unknown size */
	SUBMIT_BODY_PIECE = 128 * 1024,   /* written at once of a large body */
	SUBMIT_BODY_RECEIVED = 100,       /* trace fields; more are a loop (RFC 5321 section 6.3) */
};

static const char submit_body_memory[] = "452 4.3.1 Too much mail at once, try later";
static const char submit_body_disk[] = "452 4.3.1 Cannot store the message now, try later";
static const char submit_body_size[] = "552 5.3.4 Message too big";

/* The message has no future: its bytes are still heard, but go nowhere. */
static void
submit_body_fail(struct submit_session *session, const char *reply)
{
	session->verdict = reply;
	str_free(&session->message->body);
	submit_intake_abandon(session->shared->intake, &session->message);
}

/* Puts the trace header field in front, through the scanner, which measures it as well. */
static void
submit_body_trace(struct submit_session *session)
{
	struct submit_message *message = session->message;
	struct submit_trace_facts facts = {.name = session->name,
					   .client = session->client,
					   .protocol = message->envelope.smtputf8 ? "UTF8SMTP"
						       : session->esmtp           ? "ESMTP"
										  : "SMTP",
					   .ticket = message->ticket};
	char text[SUBMIT_TRACE_MAX];
	struct slice field = {text, 0};

	field.len = submit_trace_field(session->shared->trace, &facts, clock_wall_ms(), text);
	submit_scan_raw(&message->scan, field, &message->body);
	message->trace = message->scan.size;
}

const char *
submit_body_start(struct submit_session *session)
{
	struct submit_session_shared *shared = session->shared;
	struct submit_message *message = session->message;
	size_t room = SUBMIT_BODY_ROOM;

	if (message->envelope.size > room)
		room = message->envelope.size < SUBMIT_MESSAGE_LARGE - SUBMIT_TRACE_MAX
			   ? (size_t)message->envelope.size + SUBMIT_TRACE_MAX - 1
			   : SUBMIT_MESSAGE_LARGE - 1;
	if (shared->memory_used + room > shared->memory)
		return submit_body_memory;
	message->state = SUBMIT_MESSAGE_BODY;
	message->ticket = submit_intake_ticket(shared->intake);
	submit_scan_init(&message->scan);
	str_reserve(&message->body, room);
	submit_body_trace(session);
	return NULL;
}

/* After each piece: is it too much, or large enough for a segment of its own? */
static void
submit_body_check(struct submit_session *session)
{
	struct submit_session_shared *shared = session->shared;
	struct submit_message *message = session->message;

	if (session->verdict != NULL) {
		str_free(&message->body);
		return;
	}
	submit_session_account(session);
	if (message->scan.size - message->trace > shared->max_size) {
		submit_body_fail(session, submit_body_size);
	} else if (shared->memory_used > shared->memory) {
		submit_body_fail(session, submit_body_memory);
	} else if (submit_segment_is_open(&message->own)) {
		if (message->body.len > SUBMIT_BODY_PIECE &&
		    !submit_intake_stream(shared->intake, message))
			submit_body_fail(session, submit_body_disk);
	} else if (message->scan.size > SUBMIT_MESSAGE_LARGE) {
		session->resume = session->step;
		submit_session_goto(session, SUBMIT_SESSION_SEGMENT);
		submit_intake_want(shared->intake, message);
	}
}

/* The reply a complete message gets at once, or NULL when it may be stored. */
static const char *
submit_body_judge(const struct submit_session *session)
{
	const struct submit_scan *scan = &session->message->scan;

	if (session->verdict != NULL)
		return session->verdict;
	if (scan->nul)
		return "554 5.6.0 The message has NUL bytes";
	if (scan->bare_newline && session->shared->refuse_bare_newline)
		return "554 5.6.0 The message has a CR or LF by itself";
	/* One of them is ours. */
	if (scan->received > SUBMIT_BODY_RECEIVED + 1)
		return "554 5.4.6 Too many hops: mail loop";
	return NULL;
}

static void
submit_body_end(struct submit_session *session)
{
	const char *reply = submit_body_judge(session);

	if (reply == NULL) {
		submit_session_goto(session, SUBMIT_SESSION_ANSWER);
		submit_intake_complete(session->shared->intake, session->message);
		return;
	}
	submit_session_say(session, reply);
	submit_session_reset(session);
}

static void
submit_body_chunk_end(struct submit_session *session)
{
	char reply[64];

	if (session->verdict != NULL) {
		submit_session_say(session, session->verdict);
		submit_session_reset(session);
		return;
	}
	snprintf(reply, sizeof(reply), "250 2.0.0 %llu octets",
		 (unsigned long long)session->chunk_size);
	submit_session_say(session, reply);
	submit_session_goto(session, SUBMIT_SESSION_COMMAND);
}

/* Goes on when DATA or the chunk is complete, unless a segment must come first. */
static void
submit_body_advance(struct submit_session *session)
{
	struct submit_message *message = session->message;

	if (session->step == SUBMIT_SESSION_SEGMENT)
		return;
	if (session->chunking ? session->chunk_left > 0 : message->scan.state != SUBMIT_SCAN_END)
		return;
	if (session->chunking && !session->chunk_last) {
		submit_body_chunk_end(session);
		return;
	}
	if (session->chunking && session->verdict == NULL) {
		submit_scan_finish(&message->scan, &message->body);
		submit_body_check(session);
		if (session->step == SUBMIT_SESSION_SEGMENT)
			return;
	}
	submit_body_end(session);
}

size_t
submit_body_hear_data(struct submit_session *session, struct slice in)
{
	struct submit_message *message = session->message;
	size_t taken = submit_scan_data(&message->scan, in, &message->body);

	submit_body_check(session);
	submit_body_advance(session);
	return taken;
}

void
submit_body_chunk(struct submit_session *session, uint64_t size, bool last)
{
	session->chunking = true;
	session->chunk_size = size;
	session->chunk_left = size;
	session->chunk_last = last;
	submit_session_goto(session, SUBMIT_SESSION_BDAT);
	submit_body_advance(session);
}

size_t
submit_body_hear_chunk(struct submit_session *session, struct slice in)
{
	struct submit_message *message = session->message;

	if (in.len > session->chunk_left)
		in.len = (size_t)session->chunk_left;
	session->chunk_left -= in.len;
	if (session->verdict == NULL) {
		submit_scan_raw(&message->scan, in, &message->body);
		submit_body_check(session);
	}
	submit_body_advance(session);
	return in.len;
}

static void
submit_body_granted(struct submit_message *message, void *arg)
{
	struct submit_session *session = arg;

	if (!submit_intake_stream(session->shared->intake, message))
		submit_body_fail(session, submit_body_disk);
	submit_session_goto(session, session->resume);
	submit_body_advance(session);
	submit_session_wake(session);
}

static void
submit_body_answered(struct submit_message *message, const char *reply, void *arg)
{
	struct submit_session *session = arg;

	if (session->step == SUBMIT_SESSION_SEGMENT) {
		submit_body_fail(session, arena_str(message->arena, reply));
		submit_session_goto(session, session->resume);
		submit_body_advance(session);
	} else {
		if (reply[0] == '2')
			session->errors = 0;
		submit_session_say(session, reply);
		submit_session_reset(session);
	}
	submit_session_wake(session);
}

const struct submit_message_handlers submit_body_handlers = {
    .granted = submit_body_granted,
    .answered = submit_body_answered,
};
