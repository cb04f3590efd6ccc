#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "common/outcome.h"
#include "common/proto/job.h"
#include "common/proto/result.h"
#include "common/str.h"
#include "worker/deliver/body.h"
#include "worker/deliver/choice.h"
#include "worker/deliver/order.h"
#include "worker/deliver/route.h"

/*
 * One delivery attempt, from JOB to DONE: the mail hosts of the domain (route), their addresses
 * (host.c), a connection or an idle one (attempt.c), a transaction; then the next address or host
 * for the recipients that are still undecided. What is known about each recipient at the end is
 * reported; of several hosts tried, the most hopeful result counts.
 */
struct arena;
struct deliver;
struct deliver_answers;
struct deliver_ask;
struct deliver_job;
struct deliver_pool_session;
struct deliver_race;
struct deliver_subject;
struct deliver_transact;
struct event;
struct resolve_mx;
struct resolve_query;
struct smtp_session;

/* Where an attempt is; deliver_job_enter() is the one door. */
enum deliver_phase {
	DELIVER_LOADING,    /* pieces of the message are still to come */
	DELIVER_ROUTING,    /* the MX question is out */
	DELIVER_ADDRESSING, /* address questions for the present host are out */
	DELIVER_CONNECTING,
	DELIVER_OPENING, /* connected: greeting and EHLO */
	DELIVER_TRANSACTING,
	DELIVER_ENDED,
	DELIVER_PHASES
};

/* Where something was said, for the delivery record. Texts are in the arena. */
struct deliver_place {
	const char *host; /* NULL: before the first one */
	uint16_t port;
	struct netaddr remote; /* AF_UNSPEC: no address yet, or a socket's path */
	struct netaddr source; /* the same */
	const char *ehlo;      /* NULL: no session */
	uint64_t session;
	bool reused;      /* the session had carried a message */
	int64_t ready_ms; /* monotonic: when MAIL could be said; 0: not yet */
	int64_t ended_ms; /* when this was kept */
};

struct deliver_recipient {
	bool decided;        /* its RESULT was sent */
	bool known;          /* best holds what concerned it and not everybody */
	struct outcome best; /* if nothing better comes; its text is in the arena */
	struct deliver_place place;
};

struct deliver_job {
	struct list link; /* among the ended */
	struct deliver *deliver;
	struct arena *arena;
	struct proto_job job; /* texts point into a copy of the packet in the arena */
	struct deliver_body body;
	enum deliver_phase phase;
	struct event *deadline; /* the attempt ends then, whatever it is doing */
	int64_t began_ms;
	bool late;          /* the deadline has passed: nothing new begins */
	const char *domain; /* A-labels, NUL-terminated */
	struct deliver_subject *subject;
	struct deliver_recipient *recipients;
	size_t undecided;
	struct outcome best; /* of what concerned everybody: hosts, connections */
	bool has_best;
	struct deliver_place best_place;
	struct deliver_place place; /* the present one */
	struct str hosts;           /* words on each host and address tried, for the history */
	struct deliver_route route;
	size_t host; /* index of the present one */
	struct deliver_order order;
	size_t address; /* index of the present one */
	/* What is under way. */
	struct resolve_mx *mx;
	struct resolve_query *query_v4;
	struct resolve_query *query_v6;
	struct deliver_answers *answers; /* of the present host */
	struct deliver_ask *ask;         /* DNS questions of settings */
	struct deliver_race *race;       /* connecting */
	size_t second;                /* index of the address that races beside the present one */
	bool first_failed;            /* of the race */
	int fd;                       /* connected, its settings not yet known; else -1 */
	struct netaddr source;        /* of the connection */
	const char *ehlo;             /* of the connection being opened */
	struct smtp_session *opening; /* not yet greeted */
	struct deliver_pool_session *session; /* greeted; busy with this job */
	struct deliver_transact *transact;    /* lent to the session */
	struct deliver_choices choices;       /* of the stages passed so far */
	unsigned rcpt_max;                    /* learned from this peer */
	bool avoid_chunking;                  /* this peer has refused BDAT */
	bool fresh_wanted; /* the idle session failed us: a fresh one to the same address */
	uint64_t request;  /* of an explanation: nothing is sent to anybody; else 0 */
};

/* The present host, and address. */
const struct deliver_route_host *deliver_job_host(const struct deliver_job *job);
const struct netaddr *deliver_job_address(const struct deliver_job *job);

/* packet is the JOB's body, copied; fd is taken over. NULL: bad, or the id is taken. */
struct deliver_job *deliver_job_start(struct deliver *deliver, struct slice packet, int fd);
/* EXPLAIN: the same way, short of connecting. False: bad. */
bool deliver_job_explain(struct deliver *deliver, struct slice packet);
/* A BODY frame's piece; false: it does not fit. */
bool deliver_job_piece(struct deliver_job *job, const struct proto_body *piece);
/* Gives it back if nothing is known yet that counts as an attempt; else leaves it alone. */
void deliver_job_give_back(struct deliver_job *job);
/* Without a word: the process ends. */
void deliver_job_free(struct deliver_job **job);

/* For the files of this attempt: */

void deliver_job_enter(struct deliver_job *job, enum deliver_phase phase);
/* The place is the present host and address. */
void deliver_job_arrive(struct deliver_job *job);
/* And the session there is about to hear MAIL. */
void deliver_job_meet(struct deliver_job *job);
/* A line of the history about one host or address. */
void deliver_job_say(struct deliver_job *job, const struct outcome *outcome, const char *where);
/* Something that concerns all undecided recipients went wrong; kept if it is the most hopeful. */
void deliver_job_note(struct deliver_job *job, const struct outcome *outcome, const char *where);
/* As deliver_job_note(), with a text of ours. */
void deliver_job_trouble(struct deliver_job *job, enum outcome_class class, enum outcome_step step,
			 enum outcome_error error, struct outcome_enhanced enhanced,
			 const char *format, ...) __attribute__((format(printf, 6, 7)));
/* A recipient's own undecided result. */
void deliver_job_note_recipient(struct deliver_job *job, size_t recipient,
				const struct outcome *outcome);
/* Sends RESULT. */
void deliver_job_decide(struct deliver_job *job, size_t recipient, const struct outcome *outcome);
/* Everybody left gets the best that is known; DONE. */
void deliver_job_finish(struct deliver_job *job);
