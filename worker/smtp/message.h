#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/str.h"

struct outcome;
struct smtp_session;

/*
 * What a session is asked to carry and what it answers: a message, its recipients, the events on
 * the way, the end. All of it is the caller's and is only borrowed; it must stay as it is from
 * smtp_session_transact() until done() was called or the session is freed.
 */
enum smtp_ret { SMTP_RET_NONE, SMTP_RET_FULL, SMTP_RET_HDRS };

/* Bits of NOTIFY (RFC 3461 section 4.1); 0 when the parameter was not given. */
enum smtp_notify {
	SMTP_NOTIFY_NEVER = 1,
	SMTP_NOTIFY_SUCCESS = 2,
	SMTP_NOTIFY_FAILURE = 4,
	SMTP_NOTIFY_DELAY = 8
};

struct smtp_message {
	struct slice sender; /* without angle brackets; empty for the null sender */
	struct slice envid;  /* decoded ENVID; empty when none was given */
	struct slice memory; /* the body; data NULL when it is in fd */
	int fd;              /* the body is size bytes at offset; read with pread() only */
	off_t offset;        /* of the body in fd */
	uint64_t size;       /* octets of the body, CRLF line ends and a final CRLF included */
	enum smtp_ret ret;   /* RET (RFC 3461 section 4.3) */
	bool eight_bit;      /* has octets above 127 */
	bool needs_stuffing; /* some line begins with a dot */
	bool smtputf8;       /* needs SMTPUTF8 (RFC 6531) */
	bool requiretls;     /* REQUIRETLS was asked for (RFC 8689) */
	bool has_priority;   /* priority was given */
	int8_t priority;     /* MT-PRIORITY (RFC 6710), -9 to 9 */
};

struct smtp_recipient {
	struct slice address; /* without angle brackets */
	struct slice orcpt;   /* addr-type ";" decoded address; empty when none was given */
	unsigned notify;      /* SMTP_NOTIFY_* */
};

/* Milliseconds; each bounds its phase as a whole. */
struct smtp_timeouts {
	int64_t greeting;
	int64_t tls; /* the STARTTLS reply and the handshake together */
	int64_t ehlo;
	int64_t mail_from;
	int64_t rcpt_to; /* each RCPT reply */
	int64_t
	    data; /* the 354; then no progress in sending; then the last reply: each by itself */
};

/* What may be done for the recipients that have no result yet. */
enum smtp_next {
	SMTP_NEXT_NONE,    /* nothing is left to do */
	SMTP_NEXT_STOP,    /* only inside: every recipient left gets this outcome */
	SMTP_NEXT_SESSION, /* a fresh session to the same address, without penalty, no attempt
			      counted */
	SMTP_NEXT_ADDRESS, /* the next address of the host, then the next host */
	SMTP_NEXT_HOST     /* the next host */
};

/* Where a recipient stands when the transaction has ended. */
enum smtp_standing {
	SMTP_STANDING_OPEN,     /* undecided: smtp_end.next says where to go on */
	SMTP_STANDING_ACCEPTED, /* as OPEN; its RCPT had been accepted */
	SMTP_STANDING_LEFT,   /* "too many recipients": for the next transaction, wherever it is */
	SMTP_STANDING_DECIDED /* result() was called for it */
};

struct smtp_end {
	enum smtp_next next;                /* for those that are OPEN or ACCEPTED */
	const struct outcome *outcome;      /* what holds for them if nothing else can be tried; its
					       text lives as long as the call; NULL when next is NONE */
	const enum smtp_standing *standing; /* one per recipient, as long as the call */
	unsigned undecided;                 /* how many are OPEN or ACCEPTED */
	unsigned left;                      /* how many are LEFT */
	unsigned rcpt_max;                  /* learned RCPTMAX, 0: none */
	unsigned mail_max;  /* learned MAILMAX: refused after so many messages, 0: none */
	bool reusable;      /* the session takes another transaction, even now */
	bool bdat_refused;  /* the host offers CHUNKING and knows no BDAT */
	bool raw_eight_bit; /* 8-bit octets were sent without BODY=8BITMIME */
	bool alert;         /* the peer asks for credentials: a person must look */
	bool dsn;           /* the peer took over NOTIFY: no success notices of ours */
};

/*
 * result() at most once per recipient, as soon as its outcome is final; dot() at most once, just
 * before the last octets of the message go to the socket; done() exactly once, last, unless the
 * session was freed. None is called before smtp_session_transact() returned. Texts of an outcome
 * live as long as the call. The session may be freed, and in done() given another transaction,
 * from inside.
 */
struct smtp_transaction_events {
	void (*result)(unsigned recipient, const struct outcome *outcome, void *arg);
	void (*dot)(void *arg);
	void (*done)(struct smtp_session *session, const struct smtp_end *end, void *arg);
};

struct smtp_transaction {
	const struct smtp_message *message;
	const struct smtp_recipient *recipients;
	unsigned count;                /* of recipients, at least 1 */
	unsigned rcpt_max;             /* RCPTMAX learned earlier, 0: none */
	bool avoid_chunking;           /* this host has refused BDAT lately */
	struct smtp_timeouts timeouts; /* mail_from, rcpt_to and data are used */
	const struct smtp_transaction_events *events;
	void *arg;
};
