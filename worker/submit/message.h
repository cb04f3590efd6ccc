#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "common/proto/submit.h"
#include "common/str.h"
#include "worker/submit/scan.h"
#include "worker/submit/segment.h"

/*
 * One message on its way in: the envelope, as far as it is known, and the body, as far as it is not
 * in a file. Owned by the session that receives it; from SUBMIT to the master's answer by the
 * intake, which may outlive the session.
 */
struct arena;
struct map;
struct submit_message;

enum {
	SUBMIT_MESSAGE_LARGE = 256 * 1024, /* a larger body gets a segment of its own */
};

/* Where a message is; the intake's lists follow it. */
enum submit_message_state {
	SUBMIT_MESSAGE_ENVELOPE,  /* MAIL and RCPT are being taken */
	SUBMIT_MESSAGE_BODY,      /* its bytes are arriving */
	SUBMIT_MESSAGE_WANTED,    /* waits for a segment of its own */
	SUBMIT_MESSAGE_COMPLETE,  /* waits for the next sync */
	SUBMIT_MESSAGE_SUBMITTED, /* waits for ACCEPT or REFUSE */
};

struct submit_message_handlers {
	/* The segment of its own is there, in message->own. */
	void (*granted)(struct submit_message *message, void *arg);
	/*
	 * The end: reply is the line to give to the client, without CRLF. The intake has let go of
	 * the message. May come from inside an event of another client or a frame of the master.
	 */
	void (*answered)(struct submit_message *message, const char *reply, void *arg);
};

struct submit_message {
	struct list link; /* in a list of the intake from WANTED on */
	enum submit_message_state state;
	const struct submit_message_handlers *handlers; /* NULL: the client has gone */
	void *arg;
	uint64_t ticket;     /* never used again; 0 before BODY */
	struct arena *arena; /* owns the texts of the envelope */
	struct proto_submit envelope;
	struct proto_recipient *recipients;
	size_t recipient_count;
	size_t recipient_room;
	struct map *seen; /* addresses of recipients, once there are many; else NULL */
	struct submit_scan scan;
	uint64_t trace;            /* bytes of scan.size that are the trace header */
	struct str body;           /* bytes not written yet, trace header included */
	struct submit_segment own; /* of a large message */
	uint64_t synced;           /* bytes of own that were synced while streaming */
	bool failed;               /* while the intake works through a batch */
};

struct submit_message *submit_message_new(void);
/* Back to an empty envelope; memory of the last message is given up, own is closed. */
void submit_message_reset(struct submit_message *message);
void submit_message_free(struct submit_message **message);
/* Bytes held. */
size_t submit_message_memory(const struct submit_message *message);
/* The address of the envelope as it is kept: copied, its domain in lower case. */
struct slice submit_message_address(struct submit_message *message, struct slice path);
/* False when the recipient is there already. */
bool submit_message_add(struct submit_message *message, const struct proto_recipient *recipient);
