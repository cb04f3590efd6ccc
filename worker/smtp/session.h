#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/smtp/caps.h"
#include "worker/smtp/message.h"

struct event_base;
struct smtp_verdict;

/*
 * One SMTP or LMTP client session (RFC 5321, RFC 2033) over a socket that is already connected:
 * greeting and EHLO, then one transaction after another, then QUIT. A session is a script of turns
 * and two cursors, heard <= said <= planned; "where are we" is the step of the turn at heard.
 *
 * The session owns the socket and copies its configuration. Time is milliseconds. What the peer
 * says is never an error here: it becomes a verdict or an outcome.
 */
struct smtp_session_config {
	const char *ehlo_name;         /* domain name or address literal */
	const char *peer;              /* words for the log: "mx1.example.org[192.0.2.1]:25" */
	struct smtp_timeouts timeouts; /* greeting, tls and ehlo are used */
	bool lmtp;                     /* LHLO, and one answer per recipient */
	bool greeting_permanent;       /* queue.outbound.greeting-5xx = bounce */
	bool fallback_clear;           /* in clear because TLS failed: no 5xx before the end of the
					  message is permanent */
};

/*
 * First either opened() or failed(), once, never before smtp_session_new() returned. After
 * failed() and closed() nothing more comes and the session is only good for smtp_session_free().
 */
struct smtp_session_events {
	/* Greeting and EHLO are done: ready for a transaction. */
	void (*opened)(struct smtp_session *session, void *arg);
	/* It never got ready; the verdict and its texts live as long as the call. */
	void (*failed)(struct smtp_session *session, const struct smtp_verdict *verdict, void *arg);
	/* Idle, and the peer closed it or said something. */
	void (*closed)(struct smtp_session *session, void *arg);
};

struct smtp_session_facts {
	struct smtp_caps caps; /* of the last EHLO answer */
	unsigned transactions; /* begun */
	unsigned messages;     /* accepted by the peer */
	uint64_t bytes_sent;   /* to the socket */
	int64_t opened_ms;     /* monotonic; 0 before opened() */
	int64_t idle_since_ms; /* monotonic; 0 while a transaction runs */
	bool reusable;         /* idle and fit for another transaction */
	bool encrypted;        /* always false so far */
};

struct smtp_session *smtp_session_new(struct event_base *base, int fd,
				      const struct smtp_session_config *config,
				      const struct smtp_session_events *events, void *arg);
/*
 * Starts a transaction on a session that is idle and reusable. Writes at once when it can; every
 * event comes later.
 */
void smtp_session_transact(struct smtp_session *session,
			   const struct smtp_transaction *transaction);
/* Ends what is going on as if the deadline of the present step passed now; the events follow. */
void smtp_session_expire(struct smtp_session *session);
const struct smtp_session_facts *smtp_session_facts(const struct smtp_session *session);
/* Sends QUIT when the peer expects a command, does not wait for the answer, frees. */
void smtp_session_quit(struct smtp_session **session);
/* Closes and frees; no event comes any more. May be called from inside any event. */
void smtp_session_free(struct smtp_session **session);
