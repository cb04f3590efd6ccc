#pragma once

#include <event2/event.h>
#include <stdbool.h>

#include "common/str.h"
#include "worker/smtp/session.h"

struct arena;

/*
 * One dialog file in memory and while it runs: what the owner of the session asks for, what the
 * scripted peer does, and the transcript of events that is expected, in order and complete.
 */
enum { DIALOG_ACTIONS = 200, DIALOG_EXPECTED = 60, DIALOG_TRANSACTIONS = 6, DIALOG_RECIPIENTS = 8 };

enum dialog_verb {
	DIALOG_SAY,       /* S: a line and CRLF */
	DIALOG_RAW,       /* raw: octets as they are, \r \n \xNN escaped */
	DIALOG_HEAR,      /* C: the client's line */
	DIALOG_FLIGHT,    /* the next N client lines must come in one read */
	DIALOG_BODY,      /* the message up to its dot */
	DIALOG_BODY_BDAT, /* the message by its size */
	DIALOG_READ,      /* N octets of whatever */
	DIALOG_CLOSE,     /* close */
	DIALOG_RESET,     /* close so that the client gets a reset */
	DIALOG_STALL,     /* nothing for N ms */
	DIALOG_SPLIT,     /* from here on say N octets at a time */
	DIALOG_DRIP,      /* from here on say one octet every N ms; 0: as before */
	DIALOG_DEAF,      /* do not read until something has to be heard */
	DIALOG_GO,        /* the owner starts its next transaction now */
	DIALOG_EXPIRE,    /* the owner's time is up */
	DIALOG_FREE       /* the owner frees the session */
};

struct dialog_action {
	enum dialog_verb verb;
	unsigned line;
	unsigned number;
	char *text;
};

struct dialog_transaction {
	struct smtp_transaction transaction;
	struct smtp_message message;
	struct smtp_recipient recipients[DIALOG_RECIPIENTS];
	struct str body;
};

struct dialog {
	const char *name;
	struct arena *arena; /* texts of the file */
	struct event_base *base;
	struct event *readable;
	struct event *timer;
	int fd; /* the scripted peer's end; -1 once closed */
	struct smtp_session *session;
	struct smtp_session_config config;

	struct dialog_action actions[DIALOG_ACTIONS];
	unsigned action_count;
	unsigned at; /* the action going on */
	struct dialog_transaction transactions[DIALOG_TRANSACTIONS];
	unsigned transaction_count;
	unsigned started; /* transactions begun */
	unsigned mails;   /* MAIL commands heard by the peer */
	char *expected[DIALOG_EXPECTED];
	unsigned expected_count;
	unsigned seen; /* events compared so far */

	struct str in;  /* read by the peer, not consumed */
	struct str out; /* to be said, paced */
	size_t out_at;
	unsigned split;
	unsigned drip_ms;
	bool tcp;      /* over loopback TCP, for resets */
	bool small;    /* small socket buffers: sending blocks early */
	bool manual;   /* transactions after the first wait for go */
	bool keep;     /* the idle session is kept, to see it closed */
	bool in_done;  /* free the session inside done() instead of QUIT */
	bool resumed;  /* the wait of the present action is over */
	bool finished; /* the owner has let go of the session */
	bool failed;
	struct str complaint;
};

/* Reads a file into a zeroed dialog; false with a complaint when a line is not understood. */
bool dialog_load(struct dialog *dialog, const char *path);
void dialog_free(struct dialog *dialog);
void dialog_complain(struct dialog *dialog, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The owner's side: an event happened; compares with what is expected next. */
void dialog_event(struct dialog *dialog, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The scripted peer: runs actions until one has to wait. */
void dialog_peer_run(struct dialog *dialog);
void dialog_peer_readable(evutil_socket_t fd, short what, void *arg);
void dialog_peer_timer(evutil_socket_t fd, short what, void *arg);
/* The owner starts its next transaction. */
void dialog_transact(struct dialog *dialog);
