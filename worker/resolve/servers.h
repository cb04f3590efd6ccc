#pragma once

#include <stddef.h>
#include <stdint.h>

#include "worker/resolve/resolve.h"

/*
 * A question's way through the configured servers until one answers or patience ends: which is
 * asked, for how long, which next, and when TCP is used. Questions above the bounds below wait here
 * in order of arrival.
 *
 * A server that refuses, fails or talks nonsense is not asked again for that question, the next one
 * is, at once; when none is left the question ends with what the last one said. A silent one costs
 * a try of timeout_ms, and others come first for all later questions until one of them is silent.
 *
 * The callback comes once, from the event loop, never before start returned. Inside it questions
 * may be started and others cancelled, but the object must not be freed.
 */
struct arena;
struct event_base;
struct resolve_name;
struct resolve_servers;
struct resolve_servers_ask;
struct why;

enum {
	/* Questions sent in the last second and not answered: larger bursts lose packets. */
	RESOLVE_SERVERS_FRESH = 64,
	/*
	 * Questions that have waited longer than that. They make no burst, and must not keep the
	 * others from being asked: a zone whose servers are dead takes a resolver many seconds.
	 */
	RESOLVE_SERVERS_SLOW = 448,
};

struct resolve_servers_question {
	const struct resolve_name *name; /* copied */
	enum resolve_type type;
	struct arena *arena; /* what the answer points to is put here */
};

/*
 * The answer is complete but for from_cache; secure is the AD bit as it came. The packet it was
 * read from is valid during the call, and NULL when there is none.
 */
typedef void (*resolve_servers_fn)(const struct resolve_answer *answer, const uint8_t *packet,
				   size_t len, void *arg);

struct resolve_servers *resolve_servers_new(struct event_base *base,
					    const struct resolve_config *config, struct why *why);

/* Sets *servers to NULL; NULL is fine. All questions must have ended. */
void resolve_servers_free(struct resolve_servers **servers);

/* True when all are loopback addresses, from where nobody outside can answer. */
bool resolve_servers_are_loopback(const struct resolve_servers *servers);

/* The handle is valid until the callback or the cancel. */
struct resolve_servers_ask *resolve_servers_start(struct resolve_servers *servers,
						  const struct resolve_servers_question *question,
						  resolve_servers_fn fn, void *arg);

/* Sets *ask to NULL; NULL is fine. */
void resolve_servers_cancel(struct resolve_servers_ask **ask);
