#include "worker/submit/session.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "worker/submit/body.h"
#include "worker/submit/dialog.h"
#include "worker/submit/intake.h"
#include "worker/submit/message.h"

enum {
	SUBMIT_SESSION_BACKLOG = 65536, /* bytes of replies unsent: nothing more is heard */
	SUBMIT_SESSION_ERRORS = 50,     /* since the last message accepted */
	SUBMIT_SESSION_KEEP = 4096,     /* buffers larger than that are given back when empty */
};

static const struct submit_session_row {
	const char *doing; /* for the log */
	/* Takes bytes, returns how many; 0: it needs more. NULL: nothing is heard here. */
	size_t (*hear)(struct submit_session *session, struct slice in);
} submit_session_steps[SUBMIT_SESSION_STEPS] = {
    [SUBMIT_SESSION_COMMAND] = {"while waiting for a command", submit_dialog_hear_line},
    [SUBMIT_SESSION_SKIP] = {"while reading a line that is too long", submit_dialog_hear_rest},
    [SUBMIT_SESSION_DATA] = {"while receiving the message", submit_body_hear_data},
    [SUBMIT_SESSION_BDAT] = {"while receiving a chunk", submit_body_hear_chunk},
    [SUBMIT_SESSION_SEGMENT] = {"while waiting for room on the disk", NULL},
    [SUBMIT_SESSION_ANSWER] = {"while storing the message", NULL},
    [SUBMIT_SESSION_CLOSING] = {"while closing", NULL},
};

const char *
submit_session_doing(const struct submit_session *session)
{
	return submit_session_steps[session->step].doing;
}

void
submit_session_goto(struct submit_session *session, enum submit_session_step step)
{
	if (session->step != SUBMIT_SESSION_CLOSING)
		session->step = step;
}

bool
submit_session_is_idle(const struct submit_session *session)
{
	return session->step == SUBMIT_SESSION_COMMAND && !session->transaction;
}

void
submit_session_account(struct submit_session *session)
{
	size_t memory = session->in.room + session->out.room;

	if (session->message != NULL)
		memory += submit_message_memory(session->message);
	session->shared->memory_used += memory;
	session->shared->memory_used -= session->memory;
	session->memory = memory;
}

void
submit_session_reset(struct submit_session *session)
{
	submit_intake_abandon(session->shared->intake, &session->message);
	if (session->message == NULL)
		session->message = submit_message_new();
	submit_message_reset(session->message);
	session->message->handlers = &submit_body_handlers;
	session->message->arg = session;
	session->transaction = false;
	session->chunking = false;
	session->chunk_left = 0;
	session->verdict = NULL;
	submit_session_goto(session, SUBMIT_SESSION_COMMAND);
}

void
submit_session_say(struct submit_session *session, const char *reply)
{
	if (session->step == SUBMIT_SESSION_CLOSING)
		return;
	str_text(&session->out, reply);
	str_bytes(&session->out, "\r\n", 2);
	if (reply[0] != '5' || ++session->errors < SUBMIT_SESSION_ERRORS)
		return;
	log_info("refused client=[%s] reason=\"too many errors\"", session->client);
	submit_session_end(session, "4.7.0 Too many errors");
}

void
submit_session_wake(struct submit_session *session)
{
	event_active(session->read_event, EV_TIMEOUT, 0);
}

void
submit_session_end(struct submit_session *session, const char *text)
{
	if (session->step == SUBMIT_SESSION_CLOSING)
		return;
	str_printf(&session->out, "421 %s\r\n", text);
	submit_session_goto(session, SUBMIT_SESSION_CLOSING);
	submit_session_wake(session);
}

void
submit_session_free(struct submit_session **session_at)
{
	struct submit_session *session = *session_at;
	struct submit_session_shared *shared;

	if (session == NULL)
		return;
	shared = session->shared;
	submit_intake_abandon(shared->intake, &session->message);
	submit_message_free(&session->message);
	event_free(session->read_event);
	event_free(session->write_event);
	close(session->fd);
	str_free(&session->in);
	str_free(&session->out);
	submit_session_account(session);
	list_remove(&session->link);
	shared->count--;
	free(session);
	*session_at = NULL;
	shared->closed(shared->arg);
}

static bool
submit_session_hears(const struct submit_session *session)
{
	return submit_session_steps[session->step].hear != NULL &&
	       session->out.len - session->out_sent < SUBMIT_SESSION_BACKLOG;
}

/* Lets the rows have their bytes; returns how many were taken. */
static size_t
submit_session_run(struct submit_session *session, struct slice in)
{
	size_t at = 0;

	while (at < in.len && submit_session_hears(session)) {
		struct slice rest = {in.data + at, in.len - at};
		size_t taken = submit_session_steps[session->step].hear(session, rest);

		if (taken == 0)
			break;
		at += taken;
	}
	return at;
}

static void
submit_session_run_kept(struct submit_session *session)
{
	size_t taken;

	if (session->in.len == 0)
		return;
	taken = submit_session_run(session, (struct slice){session->in.data, session->in.len});
	memmove(session->in.data, session->in.data + taken, session->in.len - taken);
	session->in.len -= taken;
	if (session->in.len == 0 && session->in.room > SUBMIT_SESSION_KEEP)
		str_free(&session->in);
}

/* False when the connection is broken. */
static bool
submit_session_flush(struct submit_session *session)
{
	while (session->out_sent < session->out.len) {
		ssize_t sent =
		    send(session->fd, session->out.data + session->out_sent,
			 session->out.len - session->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			event_add(session->write_event, NULL);
			return true;
		}
		if (sent < 0)
			return false;
		session->out_sent += (size_t)sent;
	}
	session->out.len = 0;
	session->out_sent = 0;
	if (session->out.room > SUBMIT_SESSION_KEEP)
		str_free(&session->out);
	return true;
}

/* The end of every event of the session, which may be the session's. */
static void
submit_session_settle(struct submit_session *session)
{
	bool alive = submit_session_flush(session);

	if (!alive || (session->step == SUBMIT_SESSION_CLOSING && session->out.len == 0)) {
		submit_session_free(&session);
		return;
	}
	submit_session_account(session);
	/* Reading stops lazily, in the event: most clients say nothing while they wait. */
	if (!session->reading && submit_session_hears(session)) {
		event_add(session->read_event, NULL);
		session->reading = true;
	}
}

/* False when the client has gone. */
static bool
submit_session_receive(struct submit_session *session)
{
	struct submit_session_shared *shared = session->shared;
	ssize_t len = recv(session->fd, shared->buffer, SUBMIT_SESSION_READ, MSG_DONTWAIT);
	size_t taken = 0;

	if (len < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
	if (len == 0)
		return false;
	session->heard_ms = clock_mono_ms();
	list_remove(&session->link);
	list_append(&shared->sessions, &session->link);
	if (session->in.len == 0)
		taken = submit_session_run(session, (struct slice){shared->buffer, (size_t)len});
	if (taken == (size_t)len)
		return true;
	str_bytes(&session->in, shared->buffer + taken, (size_t)len - taken);
	if (taken == 0)
		submit_session_run_kept(session);
	return true;
}

static void
submit_session_on_event(evutil_socket_t fd, short what, void *arg)
{
	struct submit_session *session = arg;

	(void)fd;
	submit_session_run_kept(session);
	if ((what & EV_READ) == 0) {
		/* Woken up, or the replies that were in the way have gone. */
	} else if (!submit_session_hears(session)) {
		event_del(session->read_event);
		session->reading = false;
	} else if (!submit_session_receive(session)) {
		submit_session_free(&session);
		return;
	}
	submit_session_settle(session);
}

void
submit_session_new(struct submit_session_shared *shared, int fd, const char *client)
{
	struct submit_session *session = alloc_new(struct submit_session);

	session->shared = shared;
	session->fd = fd;
	session->heard_ms = clock_mono_ms();
	snprintf(session->client, sizeof(session->client), "%s", client);
	session->read_event =
	    event_new(shared->base, fd, EV_READ | EV_PERSIST, submit_session_on_event, session);
	session->write_event =
	    event_new(shared->base, fd, EV_WRITE, submit_session_on_event, session);
	session->message = submit_message_new();
	submit_session_reset(session);
	list_append(&shared->sessions, &session->link);
	shared->count++;
	str_printf(&session->out, "220 %s ESMTP postrider\r\n", shared->hostname);
	submit_session_settle(session);
}
