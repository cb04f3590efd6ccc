#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "common/str.h"
#include "worker/submit/listener.h"

/*
 * One SMTP client, from the greeting to the end of the connection: its bytes in, our replies out.
 * What is heard next is a row of a table (submit_session_steps); a row says what it does with the
 * bytes and nothing else knows about them. Replies collect in a buffer and leave in one write when
 * everything that had arrived is worked off.
 *
 * A session frees itself when its connection ends, never from inside submit_session_say() or
 * submit_session_step().
 */
struct event;
struct event_base;
struct submit_intake;
struct submit_message;
struct submit_session;
struct submit_trace;

enum submit_session_step {
	SUBMIT_SESSION_COMMAND, /* a command line */
	SUBMIT_SESSION_SKIP,    /* the rest of a command line that is too long */
	SUBMIT_SESSION_DATA,    /* the message, to CRLF "." CRLF */
	SUBMIT_SESSION_BDAT,    /* the bytes of a chunk */
	SUBMIT_SESSION_SEGMENT, /* nothing: a segment for a large body is on its way */
	SUBMIT_SESSION_ANSWER,  /* nothing: the message is with the disk or the master */
	SUBMIT_SESSION_CLOSING, /* nothing: the last reply is going out */
	SUBMIT_SESSION_STEPS
};

/* What all sessions of a server share. */
struct submit_session_shared {
	struct event_base *base;
	struct submit_intake *intake;
	struct submit_trace *trace;
	const char *hostname;
	const char *ehlo; /* the lines behind the first of the EHLO reply, complete */
	unsigned offered; /* SUBMIT_COMMAND_OFFER_… */
	uint64_t max_size;
	uint32_t max_recipients;
	uint64_t memory;      /* limit of memory_used */
	uint64_t memory_used; /* bytes of all sessions */
	int64_t timeout_ms;
	bool refuse_bare_newline;
	bool retiring;             /* no new transactions */
	uint32_t count;            /* of sessions */
	struct list sessions;      /* the one whose client was heard longest ago first */
	char *buffer;              /* of SUBMIT_SESSION_READ bytes, used during one event only */
	void (*closed)(void *arg); /* a session has ended and is out of the list */
	void *arg;
};

enum { SUBMIT_SESSION_READ = 65536 };

struct submit_session {
	struct list link; /* in shared->sessions */
	struct submit_session_shared *shared;
	int fd;
	struct event *read_event;
	struct event *write_event;
	bool reading; /* read_event is pending */
	enum submit_session_step step;
	enum submit_session_step resume; /* where SEGMENT goes on */
	int64_t heard_ms;                /* monotonic time of the last bytes */
	struct str in;                   /* bytes received, not yet heard */
	struct str out;                  /* replies not yet sent */
	size_t out_sent;
	struct submit_message *message; /* never NULL outside of submit_session_free() */
	bool transaction;               /* MAIL was accepted */
	bool esmtp;                     /* greeted with EHLO */
	bool chunking;                  /* this transaction uses BDAT */
	bool chunk_last;
	uint64_t chunk_left; /* bytes of the chunk not yet heard */
	uint64_t chunk_size;
	const char *verdict; /* the reply this message will get in place of its storage, or NULL */
	unsigned errors;     /* replies of the 5yz kind; too many end the session */
	size_t memory;       /* what it has in shared->memory_used */
	char client[SUBMIT_LISTENER_CLIENT];
	char name[256]; /* of EHLO or HELO; empty: not greeted */
};

/* Takes over fd and greets. */
void submit_session_new(struct submit_session_shared *shared, int fd, const char *client);
void submit_session_free(struct submit_session **session);
/* Says 421 with this text and closes. */
void submit_session_end(struct submit_session *session, const char *text);
/* The row whose turn it is next. */
void submit_session_goto(struct submit_session *session, enum submit_session_step step);
/* One reply, without CRLF; several lines are separated by CRLF in it. Counts errors. */
void submit_session_say(struct submit_session *session, const char *reply);
/*
 * Has the bytes that wait in `in` heard, and replies sent, in the next turn of the event loop: for
 * whoever ended a wait from outside of the session.
 */
void submit_session_wake(struct submit_session *session);
/* Brings shared->memory_used up to date. */
void submit_session_account(struct submit_session *session);
/* Back to an empty envelope; whatever was lent for the old message is given back. */
void submit_session_reset(struct submit_session *session);
/* Between transactions, with a client that could be sent away. */
bool submit_session_is_idle(const struct submit_session *session);
/* "while waiting for a command", for the log. */
const char *submit_session_doing(const struct submit_session *session);
