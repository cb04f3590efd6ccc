#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/proto/submit.h"
#include "common/str.h"

/*
 * JOB and BODY: one message for some recipients of one destination, from the master to a deliver
 * worker. The message travels in the packet, in BODY packets behind it, or, when it is larger than
 * PROTO_JOB_BODY_MAX, as a read-only descriptor of its own segment.
 */
struct arena;
struct wire_reader;
struct wire_writer;

enum {
	PROTO_JOB_RECIPIENTS = 100,
	PROTO_JOB_ENVELOPE = 16 * 1024, /* bytes of all recipients together */
	PROTO_JOB_DELIVERIES = 100,
	PROTO_JOB_BODY_MAX = 256 * 1024,
	PROTO_JOB_REPLY = 1024, /* bytes of a text in the variables */
};

enum proto_job_permit {
	PROTO_PERMIT_OPEN,  /* may open a connection, or use an idle one */
	PROTO_PERMIT_REUSE, /* may only use an idle one */
	PROTO_PERMITS
};

struct proto_job_recipient {
	uint64_t id;          /* row of the queue */
	uint16_t delivery;    /* index into deliveries */
	struct slice address; /* <= PROTO_SUBMIT_PATH */
	struct slice orcpt;   /* <= PROTO_SUBMIT_PARAM */
	uint8_t notify;       /* PROTO_NOTIFY_… */
};

/* What the expressions of the configuration may ask about this delivery. */
struct proto_job_facts {
	uint32_t retry_num;
	uint32_t notify_num;
	int64_t created_at; /* seconds since the epoch */
	int64_t expires_at; /* the same; 0: never */
	struct slice last_status;
	struct slice last_error;
	struct slice last_tls_error;
};

struct proto_job {
	uint64_t id;   /* never used again */
	uint16_t part; /* 0-based; more recipients of the same deliveries are in other parts */
	uint16_t parts;
	enum proto_job_permit permit;
	struct slice domain; /* recipient domain of the first delivery; <= 255 */
	struct slice relay;  /* id of remote.<id>, or "" for the mail hosts of domain; <= 255 */
	uint64_t message;    /* id, for the log */
	struct slice sender;
	struct slice envid;
	enum proto_ret ret;
	int8_t priority;
	bool smtputf8;
	bool requiretls;
	uint64_t size;
	uint32_t crc32c;
	bool eight_bit;
	bool needs_stuffing;
	uint32_t longest_line;
	uint64_t offset;     /* of the message in the descriptor, when there is one */
	uint32_t attempt_ms; /* the attempt ends then, whatever it is doing */
	struct proto_job_facts facts;
	size_t delivery_count; /* 1 .. PROTO_JOB_DELIVERIES */
	const uint64_t *deliveries;
	size_t recipient_count; /* 1 .. PROTO_JOB_RECIPIENTS */
	const struct proto_job_recipient *recipients;
	/*
	 * The first piece of the message, or all of it; empty when a descriptor came along. Written
	 * by the sender with wire_put_space() behind proto_job_put().
	 */
	struct slice body;
};

struct proto_body {
	uint64_t job;
	uint64_t offset;   /* of this piece in the message */
	struct slice data; /* written with wire_put_space() behind proto_job_put_body() */
};

/* All fields but the body. */
void proto_job_put(struct wire_writer *writer, const struct proto_job *job);
/* Arrays are in the arena, slices point into the packet. */
bool proto_job_get(struct wire_reader *reader, struct arena *arena, struct proto_job *job);
void proto_job_put_body(struct wire_writer *writer, uint64_t job, uint64_t offset);
bool proto_job_get_body(struct wire_reader *reader, struct proto_body *body);
