#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/proto/submit.h"
#include "common/str.h"
#include "worker/submit/submit.h"

/*
 * A submission server, a master made of a few switches, and scripted clients, all on one event
 * base in one thread. Every wait is for an event and fails the test after ten seconds.
 */
struct channel;
struct event;
struct event_base;

enum { HARNESS_SEGMENTS = 64, HARNESS_SUBMITS = 2048 };

struct harness_segment {
	int fd; /* to read; owned */
	bool large;
	bool foreign; /* what was lent is not fd */
	bool sealed;
	uint64_t bytes; /* told by SEALED */
	uint64_t end;   /* of the last message in it */
};

struct harness_submit {
	uint64_t ticket;
	struct str sender;
	struct str recipients; /* addresses with a space behind each */
	size_t recipient_count;
	struct str client;
	struct proto_submit fields; /* its slices are not valid */
	struct str body;            /* as it was in the file when SUBMIT came */
};

struct harness {
	struct event_base *base;
	struct channel *worker;
	struct channel *master;
	struct submit_config config; /* change it before harness_start() */
	struct submit *submit;
	char unix_path[64];
	uint16_t port;
	bool accept; /* answer SUBMIT with ACCEPT at once */
	bool lend;   /* answer WANT and SEALED with SEGMENT at once */
	int lend_fd; /* unless -1 a duplicate of it is lent, in place of a file */
	struct harness_segment segments[HARNESS_SEGMENTS];
	uint64_t segment_count; /* the id is the index */
	struct harness_submit submits[HARNESS_SUBMITS];
	size_t submit_count; /* complete ones */
	size_t open;         /* recipients of the next one came already */
	uint64_t wants;
	uint64_t want; /* the last ticket that was wanted */
	size_t sealed;
	bool bad;     /* the server refused a frame */
	bool drained; /* submit_retire() has come to its end */
};

struct harness_client {
	struct harness *harness;
	int fd;
	struct event *event;
	struct str in;
	bool closed;
};

struct harness *harness_new(void);
/* Starts the server and lends the first segment. */
void harness_start(struct harness *harness);
void harness_free(struct harness *harness);
/* Runs the loop until done says so. */
void harness_until(struct harness *harness, bool (*done)(void *arg), void *arg);
void harness_until_submits(struct harness *harness, size_t count);
void harness_until_sealed(struct harness *harness, size_t count);
void harness_until_drained(struct harness *harness);
/* Turns the loop a few times without waiting: whatever would happen now has happened. */
void harness_turn(struct harness *harness);
void harness_lend(struct harness *harness, bool large, uint64_t ticket);
void harness_accept(struct harness *harness, uint64_t ticket);
void harness_refuse(struct harness *harness, uint64_t ticket, uint16_t code, const char *text);

struct harness_client *harness_unix(struct harness *harness);
struct harness_client *harness_tcp(struct harness *harness);
/* Closes, and forgets what came. */
void harness_hang_up(struct harness_client **client);
void harness_say(struct harness_client *client, const char *text);
void harness_say_bytes(struct harness_client *client, const void *data, size_t len);
/* The next reply, which must begin like this. */
void harness_expect(struct harness_client *client, const char *prefix);
void harness_expect_closed(struct harness_client *client);
/* Says a line and expects a reply. */
void harness_ask(struct harness_client *client, const char *line, const char *prefix);
/* A client that has been greeted and has said EHLO. */
struct harness_client *harness_greeted(struct harness *harness);
/* MAIL for S@Example.ORG and RCPT for R@Example.ORG, both accepted. */
void harness_say_envelope(struct harness_client *client);
/* The bytes behind the trace header of a message. */
const char *harness_content(const struct harness_submit *submit);
/* So many bytes in lines of 80, NUL-terminated; the caller frees them. */
char *harness_text(size_t len);
