#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"
#include "common/str.h"

/*
 * RESULT, DOT and DONE: what became of a job, from a deliver worker to the master. A RESULT leaves
 * as soon as a recipient's outcome is final for this attempt; DONE is the last word of the job.
 */
struct arena;
struct wire_reader;
struct wire_writer;

enum {
	PROTO_RESULT_RECIPIENTS = 100,
	PROTO_RESULT_HOSTS = 4096, /* bytes of the text about the hosts tried */
};

struct proto_result_recipient {
	uint64_t id;
	struct outcome outcome; /* its reply <= OUTCOME_REPLY_MAX */
};

/* Where and how it was tried: the facts of the delivery record. Empty or 0: not known. */
struct proto_result_facts {
	struct slice host; /* MX host or relay; <= 255 */
	struct slice remote_ip;
	uint16_t port;
	struct slice source_ip;
	struct slice ehlo;
	struct slice tls_version;
	struct slice tls_cipher;
	struct slice tls_policy; /* "none", "starttls", "dane", "mta-sts" */
	bool tls_verified;
	uint64_t session;     /* number of the connection within the worker */
	bool reused;          /* the connection had carried a message before */
	uint32_t connect_ms;  /* from the job's arrival to a session that is ready */
	uint32_t transfer_ms; /* from MAIL to the answer */
};

struct proto_result {
	uint64_t job;
	struct proto_result_facts facts;
	size_t recipient_count; /* 1 .. PROTO_RESULT_RECIPIENTS */
	const struct proto_result_recipient *recipients;
};

enum proto_done_kind {
	PROTO_DONE_FINISHED,  /* every recipient had its RESULT */
	PROTO_DONE_UNTOUCHED, /* nothing was begun: give it to somebody else */
	PROTO_DONE_LIMITED,   /* a limiter refuses until `until` */
	PROTO_DONES
};

struct proto_done {
	uint64_t job;
	enum proto_done_kind kind;
	int64_t until;        /* seconds since the epoch, for LIMITED */
	struct slice limiter; /* its id */
	struct slice hosts;   /* the hosts tried in order and how each ended, one line of text */
};

void proto_result_put(struct wire_writer *writer, const struct proto_result *result);
/* The recipients are an array in the arena; all slices point into the packet. */
bool proto_result_get(struct wire_reader *reader, struct arena *arena, struct proto_result *result);
/* DOT is the job's id. */
bool proto_result_get_dot(struct wire_reader *reader, uint64_t *job);
void proto_result_put_done(struct wire_writer *writer, const struct proto_done *done);
bool proto_result_get_done(struct wire_reader *reader, struct proto_done *done);
