#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"
#include "common/proto/job.h"
#include "common/proto/result.h"
#include "tests/unit/worker/deliver/peer.h"

/*
 * The deliver role with everything around it in one event loop of one process, inside a private
 * network whose loopback has 192.0.2.0/24 and 2001:db8::/64: a master at the other end of a
 * channel, a DNS server with one zone, SMTP servers on port 25. See stage.c for the zone.
 */
struct channel;
struct deliver;
struct event_base;

enum { STAGE_RECORDS = 512 };

struct stage_result {
	uint64_t job;
	uint64_t id;
	struct outcome outcome; /* without reply */
	char reply[OUTCOME_REPLY_MAX + 1];
	char host[256];
	char remote[64];
	char source[64];
	char ehlo[256];
	uint64_t session;
	bool reused;
};

struct stage_done {
	uint64_t job;
	enum proto_done_kind kind;
	char hosts[PROTO_RESULT_HOSTS + 1];
};

struct stage {
	struct event_base *base;
	struct deliver *deliver;
	struct channel *master; /* our end */
	struct channel *worker; /* the role's end */
	struct peer *peers[256];
	struct stage_result results[STAGE_RECORDS];
	size_t result_count;
	struct stage_done dones[STAGE_RECORDS];
	size_t done_count;
	size_t dots;
	size_t opened;
	size_t closed;
	uint64_t last_opened; /* its id */
	uint64_t next_id;
	bool drained;
	int fds[8]; /* closed with the stage */
	size_t fd_count;
	bool refused; /* deliver_frame() said no */
};

/* Makes the private network; false: not possible here. Before anything else, once. */
bool stage_build(void);
struct stage *stage_new(const char *settings);
/* Retires the role, unless it is gone; asserts that it drains and that every session opened was
 * closed. */
void stage_free(struct stage **stage);
/* The server at 192.0.2.n, or 2001:db8::n for v6. */
struct peer *stage_peer(struct stage *stage, unsigned n);
struct peer *stage_peer_v6(struct stage *stage, unsigned n);

/* A job with the usual message for user0@domain, user1@domain, …; change it, then send it. */
struct proto_job stage_job(struct stage *stage, const char *domain, size_t recipients);
void stage_send(struct stage *stage, const struct proto_job *job, int fd);
/* With its message in pieces of this size behind it. */
void stage_send_pieces(struct stage *stage, struct proto_job job, struct slice body, size_t piece);
/* stage_job() and stage_send(), until its DONE; the result of the last recipient. */
const struct stage_result *stage_deliver(struct stage *stage, const char *domain);
/* Until there are so many, or the test fails. */
void stage_wait_done(struct stage *stage, size_t dones);
/* Until so many sessions were closed. */
void stage_wait_closed(struct stage *stage, size_t closed);
/* Turns the loop until no more is to be done right now. */
void stage_settle(struct stage *stage);
void stage_turn(struct stage *stage);
void stage_on_drained(void *arg);
void stage_close_idle(struct stage *stage, uint64_t id);
