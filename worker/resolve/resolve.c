#include "worker/resolve/resolve.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/list.h"
#include "common/log.h"
#include "common/map.h"
#include "worker/resolve/cache.h"
#include "worker/resolve/rr.h"
#include "worker/resolve/servers.h"

enum {
	RESOLVE_TTL_MIN = 1,
	RESOLVE_TTL_MAX = 3600,
	/* Room in the cache for each answer, on average. */
	RESOLVE_CACHE_BYTES = 1024,
	RESOLVE_KEY_MAX = RESOLVE_NAME_MAX + 2,
};

struct resolve {
	struct resolve_servers *servers;
	struct resolve_cache *cache; /* question -> reply packet */
	struct map *flights;         /* key -> resolve_flight that is being asked */
	struct list asking;          /* of resolve_flight: the same ones */
	struct list suspect;         /* of resolve_flight: no server said anything meanwhile */
	struct resolve_servers_ask *probe; /* whether any server answers at all; else NULL */
	struct arena *probe_arena;
	int64_t heard_ms;      /* monotonic: of the last reply to anything */
	struct list done;      /* of resolve_flight: answered, not delivered */
	struct list turn;      /* of resolve_flight: those of done to deliver in this turn */
	struct event *deliver; /* activated by hand while done is not empty */
	bool trusted;          /* the AD bit counts */
	bool delivering;       /* answers are being handed out: who does it ends the rest */
	bool freed;            /* meanwhile: nothing but these two is left */
};

enum resolve_stage { RESOLVE_ASKING, RESOLVE_SUSPECT, RESOLVE_DONE, RESOLVE_DELIVERING };

/* One question and all who want to know. */
struct resolve_flight {
	struct list link; /* in asking, suspect, done or turn */
	struct resolve *resolve;
	enum resolve_stage stage;
	int64_t asked_ms;             /* monotonic */
	uint8_t key[RESOLVE_KEY_MAX]; /* type, name; empty for a text that is no name */
	size_t key_len;
	struct list queries;             /* of resolve_query, in order of arrival; never empty
					    before delivery */
	struct resolve_servers_ask *ask; /* NULL unless it is being asked */
	struct arena *arena;             /* holds what the answer points to */
	struct resolve_answer answer;
};

struct resolve_query {
	struct list link; /* in the flight's queries */
	struct resolve_flight *flight;
	resolve_fn fn;
	void *arg;
};

static void
resolve_flight_free(struct resolve_flight *flight)
{
	while (!list_is_empty(&flight->queries)) {
		struct resolve_query *query =
		    list_first(&flight->queries, struct resolve_query, link);

		list_remove(&query->link);
		free(query);
	}
	if (flight->stage == RESOLVE_ASKING)
		map_take(flight->resolve->flights, flight->key, flight->key_len);
	resolve_servers_cancel(&flight->ask);
	list_remove(&flight->link);
	arena_free(&flight->arena);
	free(flight);
}

static void
resolve_flight_land(struct resolve_flight *flight)
{
	struct resolve *resolve = flight->resolve;

	flight->stage = RESOLVE_DONE;
	flight->answer.secure = flight->answer.secure && resolve->trusted;
	list_remove(&flight->link);
	list_append(&resolve->done, &flight->link);
	event_active(resolve->deliver, EV_TIMEOUT, 0);
}

static struct resolve_cache_bytes
resolve_flight_key(const struct resolve_flight *flight)
{
	return (struct resolve_cache_bytes){flight->key, flight->key_len};
}

/* Whatever any resolver knows without asking anybody (RFC 6761 section 6.3). */
static const char resolve_probe_name[] = "localhost";

static void
resolve_on_probe(const struct resolve_answer *answer, const uint8_t *packet, size_t len, void *arg)
{
	struct resolve *resolve = arg;
	bool silent = answer->status == RESOLVE_TIMEOUT;

	resolve->probe = NULL;
	if (!silent)
		resolve->heard_ms = clock_mono_ms();
	while (!list_is_empty(&resolve->suspect)) {
		struct resolve_flight *flight =
		    list_first(&resolve->suspect, struct resolve_flight, link);

		if (silent)
			flight->answer.status = RESOLVE_SILENT;
		resolve_flight_land(flight);
	}
	arena_free(&resolve->probe_arena);
}

/*
 * Not one reply since the question was asked: is it the zone's servers, for which the resolver is
 * still waiting, or is the resolver itself not there? One more question tells.
 */
static void
resolve_flight_suspect(struct resolve_flight *flight)
{
	struct resolve *resolve = flight->resolve;
	struct resolve_servers_question question = {.type = RESOLVE_A};
	struct resolve_name name;

	flight->stage = RESOLVE_SUSPECT;
	list_remove(&flight->link);
	list_append(&resolve->suspect, &flight->link);
	if (resolve->probe)
		return;
	resolve_name_set(&name, resolve_probe_name);
	question.name = &name;
	question.arena = resolve->probe_arena = arena_new();
	resolve->probe =
	    resolve_servers_start(resolve->servers, &question, resolve_on_probe, resolve);
}

static void
resolve_on_answer(const struct resolve_answer *answer, const uint8_t *packet, size_t len, void *arg)
{
	struct resolve_flight *flight = arg;
	struct resolve *resolve = flight->resolve;

	flight->ask = NULL;
	flight->answer = *answer;
	map_take(resolve->flights, flight->key, flight->key_len);
	if (answer->status != RESOLVE_TIMEOUT) {
		resolve->heard_ms = clock_mono_ms();
	} else if (resolve->heard_ms < flight->asked_ms) {
		resolve_flight_suspect(flight);
		return;
	}
	/* RFC 2308 5: a denial without an SOA, which has no TTL, is not kept. */
	if (packet && (answer->count > 0 || answer->ttl > 0))
		resolve_cache_put(resolve->cache, resolve_flight_key(flight),
				  (struct resolve_cache_bytes){packet, len}, answer->ttl,
				  clock_mono_ms());
	resolve_flight_land(flight);
}

static void
resolve_flight_start(struct resolve_flight *flight, const struct resolve_name *name,
		     enum resolve_type type)
{
	struct resolve *resolve = flight->resolve;
	struct resolve_servers_question question = {name, type, flight->arena};

	flight->asked_ms = clock_mono_ms();
	map_put(resolve->flights, flight->key, flight->key_len, flight);
	list_append(&resolve->asking, &flight->link);
	flight->ask = resolve_servers_start(resolve->servers, &question, resolve_on_answer, flight);
}

static bool
resolve_flight_from_cache(struct resolve_flight *flight, const struct resolve_name *name,
			  enum resolve_type type)
{
	struct resolve_cache_bytes packet;
	struct resolve_rr_reply reply;
	uint32_t ttl;

	if (!resolve_cache_find(flight->resolve->cache, resolve_flight_key(flight), clock_mono_ms(),
				&packet, &ttl))
		return false;
	resolve_rr_parse(flight->arena, packet.data, packet.len, name, type, &reply);
	flight->answer = reply.answer;
	flight->answer.ttl = ttl;
	flight->answer.secure = reply.authentic;
	flight->answer.from_cache = true;
	flight->answer.detail = arena_printf(flight->arena, "%s, remembered", reply.words);
	resolve_flight_land(flight);
	return true;
}

static struct resolve_flight *
resolve_flight_new(struct resolve *resolve, const uint8_t *key, size_t key_len)
{
	struct resolve_flight *flight = alloc_new(struct resolve_flight);

	flight->resolve = resolve;
	list_init(&flight->link);
	list_init(&flight->queries);
	flight->arena = arena_new();
	memcpy(flight->key, key, key_len);
	flight->key_len = key_len;
	return flight;
}

static struct resolve_flight *
resolve_find_flight(struct resolve *resolve, const char *text, enum resolve_type type)
{
	uint8_t key[RESOLVE_KEY_MAX] = {(uint8_t)(type >> 8), (uint8_t)type};
	struct resolve_flight *flight;
	struct resolve_name name;

	if (!resolve_name_set(&name, text)) {
		flight = resolve_flight_new(resolve, key, 0);
		flight->answer.status = RESOLVE_BAD_NAME;
		flight->answer.detail = "not a name that DNS can be asked for";
		resolve_flight_land(flight);
		return flight;
	}
	memcpy(key + 2, name.wire, name.len);
	flight = map_find(resolve->flights, key, name.len + 2);
	if (flight)
		return flight;
	flight = resolve_flight_new(resolve, key, name.len + 2);
	if (!resolve_flight_from_cache(flight, &name, type))
		resolve_flight_start(flight, &name, type);
	return flight;
}

struct resolve_query *
resolve_start(struct resolve *resolve, const char *name, enum resolve_type type, resolve_fn fn,
	      void *arg)
{
	struct resolve_query *query = alloc_new(struct resolve_query);

	query->flight = resolve_find_flight(resolve, name, type);
	query->fn = fn;
	query->arg = arg;
	list_append(&query->flight->queries, &query->link);
	return query;
}

void
resolve_cancel(struct resolve_query **query)
{
	struct resolve_flight *flight;

	if (!*query)
		return;
	flight = (*query)->flight;
	list_remove(&(*query)->link);
	free(*query);
	*query = NULL;
	/* One that is being delivered is freed by who delivers it. */
	if (list_is_empty(&flight->queries) && flight->stage != RESOLVE_DELIVERING)
		resolve_flight_free(flight);
}

/* Any callback may free the resolver; the flight is then out of its lists, and ours to end. */
static void
resolve_flight_deliver(struct resolve_flight *flight)
{
	const struct resolve *resolve = flight->resolve;

	list_remove(&flight->link);
	flight->stage = RESOLVE_DELIVERING;
	while (!resolve->freed && !list_is_empty(&flight->queries)) {
		struct resolve_query *query =
		    list_first(&flight->queries, struct resolve_query, link);
		resolve_fn fn = query->fn;
		void *arg = query->arg;

		list_remove(&query->link);
		free(query);
		fn(&flight->answer, arg);
	}
	resolve_flight_free(flight);
}

static void
resolve_deliver(evutil_socket_t fd, short what, void *arg)
{
	struct resolve *resolve = arg;

	/* What the callbacks add waits for another turn, so that sockets get theirs. */
	while (!list_is_empty(&resolve->done)) {
		struct list *link = resolve->done.next;

		list_remove(link);
		list_append(&resolve->turn, link);
	}
	resolve->delivering = true;
	while (!resolve->freed && !list_is_empty(&resolve->turn))
		resolve_flight_deliver(list_first(&resolve->turn, struct resolve_flight, link));
	resolve->delivering = false;
	if (resolve->freed)
		free(resolve);
}

static struct resolve_cache *
resolve_new_cache(const struct resolve_config *config)
{
	struct resolve_cache_limits limits = {
	    .entries = config->cache_size,
	    .bytes = config->cache_size * RESOLVE_CACHE_BYTES,
	    .ttl_min = RESOLVE_TTL_MIN,
	    .ttl_max = config->cache_ttl_max ? config->cache_ttl_max : RESOLVE_TTL_MAX,
	};

	return resolve_cache_new(&limits);
}

struct resolve *
resolve_new(struct event_base *base, const struct resolve_config *config, struct why *why)
{
	struct resolve_servers *servers = resolve_servers_new(base, config, why);
	struct resolve *resolve;

	if (!servers)
		return NULL;
	resolve = alloc_new(struct resolve);
	resolve->servers = servers;
	resolve->cache = resolve_new_cache(config);
	resolve->flights = map_new();
	list_init(&resolve->asking);
	list_init(&resolve->suspect);
	list_init(&resolve->done);
	list_init(&resolve->turn);
	resolve->trusted =
	    config->trust_ad == RESOLVE_TRUST_YES ||
	    (config->trust_ad == RESOLVE_TRUST_AUTO && resolve_servers_are_loopback(servers));
	resolve->deliver = event_new(base, -1, 0, resolve_deliver, resolve);
	if (!resolve->deliver)
		log_die("out of memory in event_new()");
	return resolve;
}

void
resolve_free(struct resolve **resolve)
{
	struct resolve *old = *resolve;
	struct resolve_flight *flight, *after;

	if (!old)
		return;
	*resolve = NULL;
	list_each_safe (flight, after, &old->asking, link)
		resolve_flight_free(flight);
	list_each_safe (flight, after, &old->suspect, link)
		resolve_flight_free(flight);
	resolve_servers_cancel(&old->probe);
	arena_free(&old->probe_arena);
	list_each_safe (flight, after, &old->done, link)
		resolve_flight_free(flight);
	list_each_safe (flight, after, &old->turn, link)
		resolve_flight_free(flight);
	map_free(&old->flights, NULL);
	resolve_servers_free(&old->servers);
	resolve_cache_free(&old->cache);
	event_free(old->deliver);
	old->freed = true;
	if (!old->delivering)
		free(old);
}

bool
resolve_trusts_ad(const struct resolve *resolve)
{
	return resolve->trusted;
}

bool
resolve_status_is_temporary(enum resolve_status status)
{
	return status == RESOLVE_SERVFAIL || status == RESOLVE_TIMEOUT ||
	       status == RESOLVE_SILENT || status == RESOLVE_REFUSED || status == RESOLVE_GARBAGE;
}

const char *
resolve_status_text(enum resolve_status status)
{
	static const char *const texts[] = {
	    [RESOLVE_OK] = "found",
	    [RESOLVE_NXDOMAIN] = "no such name",
	    [RESOLVE_NODATA] = "no record of this type",
	    [RESOLVE_SERVFAIL] = "SERVFAIL",
	    [RESOLVE_TIMEOUT] = "no answer",
	    [RESOLVE_SILENT] = "no name server answers anything",
	    [RESOLVE_REFUSED] = "REFUSED",
	    [RESOLVE_GARBAGE] = "unusable answer",
	    [RESOLVE_BAD_NAME] = "not a name",
	};

	return texts[status];
}
