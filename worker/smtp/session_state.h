#pragma once

#include "common/str.h"
#include "worker/smtp/body.h"
#include "worker/smtp/reply.h"
#include "worker/smtp/session.h"
#include "worker/smtp/step.h"
#include "worker/smtp/verdict.h"

struct smtp_io;

/*
 * The inside of a session, for session.c, step.c and transaction.c only.
 *
 * talk is the only place that moves said, hear (and the end of the content) the only one that moves
 * heard. A callback of the owner may free the session at any time; its memory stays until the
 * outermost function of session.c returns, so what runs after a callback looks at gone.
 */
struct smtp_turn {
	enum smtp_step_id step;
	unsigned arg;
};

/* The transaction that is going on. */
struct smtp_progress {
	const struct smtp_transaction *transaction; /* NULL: none */
	enum smtp_standing *standing;               /* one per recipient */
	unsigned room;                              /* of standing */
	unsigned accepted;                          /* recipients accepted so far */
	bool bdat;                                  /* the message goes by BDAT */
	bool offered;                               /* DATA or BDAT is planned or was said */
	bool mailed;                                /* MAIL was accepted */
	bool refused;   /* all is decided; what is still heard is for nobody */
	bool reused;    /* not the first transaction of the session */
	bool unsaid;    /* something was refused here and has not been reported yet */
	bool cut_short; /* our copy of the body could not be read */
	bool taken;     /* the peer accepted the message for somebody */
	struct smtp_body body;
	struct smtp_end end; /* what is learned on the way */
};

struct smtp_session {
	struct smtp_io *io; /* NULL once the connection is given up */
	char *ehlo_name;
	char *peer;
	bool lmtp;
	bool greeting_permanent;
	bool fallback_clear;
	const struct smtp_session_events *events;
	void *arg;
	struct smtp_session_facts facts;
	struct smtp_timeouts timeouts; /* in force now */

	struct smtp_turn *script;
	unsigned heard; /* turns whose reply was heard */
	unsigned said;
	unsigned planned;
	unsigned room; /* of script */

	struct smtp_reply reply; /* being received */
	struct str commands;     /* of this burst, not yet in the output */
	struct str words;        /* text of the outcome that is being reported */
	struct smtp_progress progress;

	bool half_open;       /* the peer may still hold a MAIL of ours: RSET comes first */
	bool ended;           /* no event comes any more */
	bool gone;            /* freed by its owner from inside a callback */
	unsigned depth;       /* functions of session.c on the stack that may call the owner */
	uint64_t turns_heard; /* ever; together with the octets sent: was there progress */
	uint64_t armed_turns; /* turns_heard when the deadline was set */
	uint64_t armed_sent;  /* octets sent when the deadline was set */
	bool armed;
};

void smtp_session_plan(struct smtp_session *session, enum smtp_step_id step, unsigned arg);
/* Commands said so far go into the output, so that the body can follow them. */
void smtp_session_put_commands(struct smtp_session *session);
/* Greeting and EHLO are done. */
void smtp_session_opened(struct smtp_session *session);
/* It never gets ready: tells the owner and gives the connection up. */
void smtp_session_failed(struct smtp_session *session, const struct smtp_verdict *verdict);
/* Gives the connection up at once; what was not written is dropped. */
void smtp_session_break(struct smtp_session *session);
/* A trouble at the turn at heard. */
void smtp_session_trouble(struct smtp_session *session, enum smtp_trouble trouble, int error);
/* The facts a verdict wants. */
struct smtp_verdict_facts smtp_session_verdict_facts(const struct smtp_session *session);
