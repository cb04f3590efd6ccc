#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/netaddr.h"

/*
 * Connections of the worker, from the moment they are greeted: busy with a job, or idle and ready
 * for the next one. The master is told of each opening and closing.
 */
struct channel;
struct deliver_pool;
struct event_base;
struct smtp_session;
struct smtp_session_events;

/* What must be the same for a connection to be used again. */
struct deliver_pool_key {
	struct netaddr remote;         /* with port */
	const char *path;              /* of a Unix socket, or NULL */
	const struct netaddr *sources; /* the list that one was or would be picked from */
	size_t source_count;
	bool lmtp;
};

struct deliver_pool_session {
	uint64_t id;
	struct smtp_session *smtp;
	char *host;
	struct netaddr remote;
	char *path;
	struct netaddr source;
	char *ehlo;
	char *key;         /* the key as text */
	int64_t opened_ms; /* monotonic */
	int64_t idle_ms;   /* how long it may be idle */
	int64_t max_age_ms;
	int64_t max_messages; /* 0: no limit */
};

struct deliver_pool *deliver_pool_new(struct event_base *base, struct channel *to_master);
void deliver_pool_free(struct deliver_pool **pool);

/* What a new one is known by; texts are copied. */
struct deliver_pool_names {
	const char *host;
	const char *ehlo;
	struct netaddr source;
};
/*
 * A connection that was just greeted for a job; smtp is taken over. The limits of the session
 * returned are the caller's to set.
 */
struct deliver_pool_session *deliver_pool_open(struct deliver_pool *pool, struct smtp_session *smtp,
					       uint64_t job, const struct deliver_pool_key *key,
					       const struct deliver_pool_names *names);
/* Whether an idle session would be the same if it were opened now (its EHLO name). */
typedef bool (*deliver_pool_fits_fn)(const struct deliver_pool_session *session, void *arg);
/* An idle one with this key that fits; NULL when there is none. It is busy then. */
struct deliver_pool_session *deliver_pool_take(struct deliver_pool *pool,
					       const struct deliver_pool_key *key,
					       deliver_pool_fits_fn fits, void *arg);
/* A busy one becomes idle, or is closed with QUIT when it is not fit for another message. */
void deliver_pool_give(struct deliver_pool *pool, struct deliver_pool_session **session);
/* Closes one; polite: with QUIT. */
void deliver_pool_close(struct deliver_pool *pool, struct deliver_pool_session **session,
			bool polite);
/* The master wants an idle one closed; one that is busy or gone is left alone. */
void deliver_pool_close_idle(struct deliver_pool *pool, uint64_t id);
void deliver_pool_close_all_idle(struct deliver_pool *pool);
/* From smtp_session_events.closed: an idle session's peer closed it. False: it is none of ours. */
bool deliver_pool_lost(struct deliver_pool *pool, struct smtp_session *smtp);

size_t deliver_pool_count(const struct deliver_pool *pool);
size_t deliver_pool_idle(const struct deliver_pool *pool);
uint64_t deliver_pool_opened(const struct deliver_pool *pool);
