#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"
#include "common/str.h"

/*
 * SEGMENT, WANT, SEALED, SUBMIT, ACCEPT, REFUSE: how a submit worker gets a file to append to, and
 * how a message whose body is in it is offered to the queue.
 *
 * A body is appended and synced before its SUBMIT is sent; ACCEPT leaves the master after the
 * commit. Offsets of one segment only grow; what lies between two messages is lost space.
 */
struct arena;
struct wire_reader;
struct wire_writer;

enum {
	PROTO_SUBMIT_PATH = 320,  /* bytes of an envelope address */
	PROTO_SUBMIT_PARAM = 512, /* bytes of one parameter's value (ENVID, ORCPT) */
	PROTO_SUBMIT_RECIPIENTS = 1000000,
	PROTO_SUBMIT_BATCH = 100, /* recipients in one packet; more follow with `more` set */
};

/* NOTIFY of RFC 3461 section 4.1 as bits; 0: not given. */
enum {
	PROTO_NOTIFY_NEVER = 1,
	PROTO_NOTIFY_SUCCESS = 2,
	PROTO_NOTIFY_FAILURE = 4,
	PROTO_NOTIFY_DELAY = 8,
};

/* RET of RFC 3461 section 4.3. */
enum proto_ret { PROTO_RET_NONE, PROTO_RET_FULL, PROTO_RET_HDRS, PROTO_RETS };

struct proto_segment {
	uint64_t id; /* the write-only, append descriptor comes along */
	bool large;  /* lent for the one message that was WANTed: ticket says which */
	uint64_t ticket;
};

struct proto_want {
	uint64_t ticket; /* the submitter's number for the message */
};

struct proto_sealed {
	uint64_t id;
	uint64_t bytes; /* length of the file */
};

struct proto_recipient {
	struct slice address; /* as given, <= PROTO_SUBMIT_PATH */
	struct slice orcpt;   /* "rfc822;…" as given (xtext kept), or empty */
	uint8_t notify;
};

struct proto_submit {
	uint64_t ticket;     /* the submitter's number, in every packet of this message */
	bool more;           /* further recipients follow in a SUBMIT with the same ticket */
	struct slice sender; /* "" for the null reverse-path */
	struct slice envid;  /* xtext as given, or empty */
	enum proto_ret ret;
	int8_t priority; /* MT-PRIORITY (RFC 6710) */
	bool smtputf8;
	bool requiretls;
	struct slice tag;         /* of the campaign, or empty */
	struct slice client;      /* "192.0.2.7" or "uid 1000": who handed it in */
	struct slice client_name; /* EHLO name given, printable */
	uint64_t segment;
	uint64_t offset;
	uint64_t size;
	uint32_t crc32c;
	bool eight_bit;        /* has a byte above 127 */
	bool needs_stuffing;   /* a line begins with a dot */
	uint32_t longest_line; /* without CRLF */
	size_t recipient_count;
	const struct proto_recipient *recipients;
};

struct proto_accept {
	uint64_t ticket;
	uint64_t message; /* its id in the queue */
};

struct proto_refuse {
	uint64_t ticket;
	uint16_t code; /* SMTP reply to give: 4xx or 5xx */
	struct outcome_enhanced enhanced;
	struct slice text; /* <= 512 */
};

void proto_submit_put_segment(struct wire_writer *writer, const struct proto_segment *segment);
bool proto_submit_get_segment(struct wire_reader *reader, struct proto_segment *segment);
void proto_submit_put_want(struct wire_writer *writer, const struct proto_want *want);
bool proto_submit_get_want(struct wire_reader *reader, struct proto_want *want);
void proto_submit_put_sealed(struct wire_writer *writer, const struct proto_sealed *sealed);
bool proto_submit_get_sealed(struct wire_reader *reader, struct proto_sealed *sealed);
void proto_submit_put(struct wire_writer *writer, const struct proto_submit *submit);
/* The recipients are an array in the arena; all slices point into the packet. */
bool proto_submit_get(struct wire_reader *reader, struct arena *arena, struct proto_submit *submit);
void proto_submit_put_accept(struct wire_writer *writer, const struct proto_accept *accept);
bool proto_submit_get_accept(struct wire_reader *reader, struct proto_accept *accept);
void proto_submit_put_refuse(struct wire_writer *writer, const struct proto_refuse *refuse);
bool proto_submit_get_refuse(struct wire_reader *reader, struct proto_refuse *refuse);
