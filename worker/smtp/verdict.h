#pragma once

#include <stdbool.h>

#include "common/outcome.h"
#include "worker/smtp/message.h"
#include "worker/smtp/trouble.h"

struct smtp_reply;

/*
 * What a reply or a trouble at a step means for the recipients and where delivery may go on: all
 * failure policy of a session is in this file. Pure. The text of an outcome is put into the given
 * str and lives as long as that is left alone.
 */
struct smtp_verdict {
	struct outcome outcome; /* of the recipients concerned; with next SESSION, ADDRESS or HOST
				   what holds if nothing else can be tried */
	enum smtp_next next;    /* NONE: the script goes on */
	bool too_many;          /* RCPT: this recipient belongs into the next transaction */
	bool use_helo;          /* EHLO was refused: HELO, once */
	bool bdat_refused;      /* the peer does not know BDAT */
	bool alert;             /* asked for credentials: a person must look */
	bool other_source;      /* the greeting speaks of our address: another one next time */
	bool in_step;           /* the peer and we agree where we are: the session may go on */
};

/* Facts about the session that change what an answer means. */
struct smtp_verdict_facts {
	unsigned accepted; /* recipients accepted in this transaction */
	bool lmtp;
	bool reused;             /* the session has been used for a transaction before this one */
	bool bdat;               /* the message goes by BDAT */
	bool helo;               /* HELO, not EHLO, is being answered */
	bool greeting_permanent; /* as in struct smtp_session_config */
	bool fallback_clear;     /* as in struct smtp_session_config */
};

/* What is refused here because of what the peer does or does not offer. */
enum smtp_refusal {
	SMTP_REFUSAL_SIZE,       /* larger than advertised (RFC 1870) */
	SMTP_REFUSAL_SMTPUTF8,   /* needed and not offered (RFC 6531) */
	SMTP_REFUSAL_REQUIRETLS, /* needed and not offered (RFC 8689) */
	SMTP_REFUSAL_SENDER,     /* an address that cannot be said in a command */
	SMTP_REFUSAL_RECIPIENT
};

struct smtp_verdict smtp_verdict_reply(enum outcome_step step, const struct smtp_reply *reply,
				       const struct smtp_verdict_facts *facts, struct str *text);
/* error: errno for LOST, else 0. */
struct smtp_verdict smtp_verdict_trouble(enum outcome_step step, enum smtp_trouble trouble,
					 int error, const struct smtp_verdict_facts *facts,
					 struct str *text);
struct smtp_verdict smtp_verdict_refusal(enum smtp_refusal refusal, struct str *text);
