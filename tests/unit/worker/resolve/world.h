#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tests/unit/worker/resolve/server.h"
#include "worker/resolve/resolve.h"

/*
 * A resolver and one or two scripted servers in one event loop, and what was answered. What a
 * server says follows from the first label of the name; see world.c for the vocabulary.
 */
struct event;
struct event_base;

enum { WORLD_ANSWERS = 2048 };

struct world_server {
	struct world *world;
	size_t number;
};

struct world_answer {
	enum resolve_status status;
	bool secure;
	bool from_cache;
	uint32_t ttl;
	size_t count;
	char canonical[256];
	char detail[256];
	uint32_t first; /* of type A: the first address, in host order */
	size_t tag;     /* of the question, see world_ask() */
};

struct world {
	struct event_base *base;
	struct event *tick;
	struct resolve_config config;
	struct resolve *resolve;
	struct server *servers[2];
	struct world_server roles[2];
	struct world_answer answers[WORLD_ANSWERS]; /* in order of arrival */
	size_t answered;
	bool asking; /* resolve_start() is being called: an answer now would be too early */
};

/* servers: 1 or 2; the resolver is made by world_open(), so that config can be changed before. */
struct world *world_new(size_t servers);
void world_open(struct world *world);
void world_free(struct world **world);

struct resolve_query *world_ask(struct world *world, const char *name, enum resolve_type type,
				size_t tag);
/* Until so many answers are there; fails the test after ten seconds. */
void world_wait(struct world *world, size_t answers);
/* Until the servers have received so many datagrams. */
void world_wait_udp(struct world *world, size_t count);
void world_wait_tcp(struct world *world, size_t count);
/* Turns the loop for a while, for what must not happen. */
void world_idle(struct world *world, unsigned ms);
/* A question and its answer. */
const struct world_answer *world_resolve(struct world *world, const char *name,
					 enum resolve_type type);
