#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Questions by UDP to one server, over udns, which is used for ids, sockets and matching only: its
 * parsers overflow the heap on a crafted reply, and its timers can lose a question for ever. So
 * every reply comes back as bytes, and no question ends by itself: it waits until it is answered
 * or cancelled by its owner, whose affair deadlines are.
 *
 * The callback comes once, from the event loop, never before start returned. Inside it questions
 * may be started and others cancelled, but the server object must not be freed.
 */
struct event_base;
struct resolve_name;
struct resolve_udns;
struct resolve_udns_ask;
struct sockaddr_storage;
struct why;

/* packet is NULL when the question could not be sent; else it is valid during the call only. */
typedef void (*resolve_udns_fn)(const uint8_t *packet, size_t len, void *arg);

/*
 * Opens a socket of its own, with fresh ids: call it in the process that will use it. The port of
 * the address must be set. NULL with *why when it fails.
 */
struct resolve_udns *resolve_udns_new(struct event_base *base,
				      const struct sockaddr_storage *server, struct why *why);

/* Sets *udns to NULL; NULL is fine. All its questions must have ended. */
void resolve_udns_free(struct resolve_udns **udns);

/* type is a number of RFC 1035 3.2.2. The handle is valid until the callback or the cancel. */
struct resolve_udns_ask *resolve_udns_start(struct resolve_udns *udns,
					    const struct resolve_name *name, unsigned type,
					    resolve_udns_fn fn, void *arg);

/* Sets *ask to NULL; NULL is fine. A late reply is thrown away. */
void resolve_udns_cancel(struct resolve_udns_ask **ask);
