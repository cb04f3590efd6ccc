#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Questions by TCP (RFC 7766), for answers that do not fit in a datagram: pipelined, over at most
 * RESOLVE_TCP_CONNECTIONS connections in all, which close when nothing was read for a while.
 * Resolvers allow few clients at once; what finds no place waits for one.
 *
 * A question ends with its reply, with the failure of its connection, or with its cancel; how long
 * it may take is its owner's affair. One whose connection carried a reply before it failed is asked
 * again over a new one, because servers close idle connections at any moment.
 *
 * The callback comes once, from the event loop, never before start returned. Inside it questions
 * may be started and others cancelled, but the object must not be freed.
 */
struct event_base;
struct resolve_name;
struct resolve_tcp;
struct resolve_tcp_ask;
struct sockaddr_storage;

enum { RESOLVE_TCP_CONNECTIONS = 2 };

/*
 * packet is valid during the call only; its question was not compared, only its id. NULL when the
 * connection failed: then trouble says how ("closed the connection"), in words that are constant.
 */
typedef void (*resolve_tcp_fn)(const uint8_t *packet, size_t len, const char *trouble, void *arg);

/* silence_ms: a connection on which nothing arrives for so long is closed, idle or not. */
struct resolve_tcp *resolve_tcp_new(struct event_base *base, unsigned silence_ms);

/* Sets *tcp to NULL; NULL is fine. All its questions must have ended. */
void resolve_tcp_free(struct resolve_tcp **tcp);

struct resolve_tcp_question {
	const struct sockaddr_storage *server; /* with its port; must outlive the question */
	const struct resolve_name *name;       /* copied */
	unsigned type;                         /* a number of RFC 1035 3.2.2 */
};

/* The handle is valid until the callback or the cancel. */
struct resolve_tcp_ask *resolve_tcp_start(struct resolve_tcp *tcp,
					  const struct resolve_tcp_question *question,
					  resolve_tcp_fn fn, void *arg);

/* Sets *ask to NULL; NULL is fine. */
void resolve_tcp_cancel(struct resolve_tcp_ask **ask);
