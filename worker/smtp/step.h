#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/outcome.h"

struct smtp_reply;
struct smtp_session;

/*
 * The steps of a session: one row each, and nothing else knows the list. say_ functions never look
 * at replies, hear_ functions never write to the wire; both may plan turns and end things.
 */
enum smtp_step_id {
	SMTP_STEP_GREETING,
	SMTP_STEP_EHLO,
	SMTP_STEP_HELO,
	SMTP_STEP_LHLO,
	SMTP_STEP_RSET,
	SMTP_STEP_MAIL,
	SMTP_STEP_RCPT, /* arg: the recipient */
	SMTP_STEP_DATA,
	SMTP_STEP_CONTENT,  /* until the last octet has left; a reply here is an early one */
	SMTP_STEP_DOT,      /* arg: the recipient the answer is for; LMTP only */
	SMTP_STEP_ANSWER,   /* LMTP: a further answer to the message; arg: its recipient */
	SMTP_STEP_LONE_DOT, /* the end of a message to nobody */
	SMTP_STEPS
};

struct smtp_step {
	const char *name;          /* for the log */
	enum outcome_step outcome; /* where an attempt that fails here has failed */
	size_t timeout;            /* offset in struct smtp_timeouts */
	bool sync;                 /* not said before every earlier reply was heard */
	bool joined;               /* said with the turn before it, with or without PIPELINING */
	/* False: not yet; talk comes back when there is room or something was heard. NULL: silent.
	 */
	bool (*say)(struct smtp_session *session, unsigned arg);
	void (*hear)(struct smtp_session *session, unsigned arg, const struct smtp_reply *reply);
};

const struct smtp_step *smtp_step_row(enum smtp_step_id id);
