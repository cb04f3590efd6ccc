#include "worker/resolve/servers.h"

#include <arpa/inet.h>
#include <assert.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/heap.h"
#include "common/list.h"
#include "common/log.h"
#include "common/why.h"
#include "worker/resolve/rr.h"
#include "worker/resolve/tcp.h"
#include "worker/resolve/udns.h"

enum {
	SERVERS_PORT = 53,
	SERVERS_TIMEOUT_MS = 5000,
	SERVERS_ATTEMPTS = 3,
	/* After so long a question is the resolver's waiting, not ours. */
	SERVERS_FRESH_MS = 1000,
	SERVERS_TCP_SILENCE_MS = 10000,
};

struct servers_one {
	struct sockaddr_storage address; /* with its port */
	char text[INET6_ADDRSTRLEN + 8]; /* for people; the port only if it is not 53 */
	struct resolve_udns *udns;
};

struct resolve_servers {
	struct servers_one one[RESOLVE_SERVERS_MAX];
	size_t count;
	size_t first; /* the one asked first */
	unsigned timeout_ms;
	unsigned attempts;
	struct resolve_tcp *tcp;
	struct event *pump;  /* activated by hand: lets waiting questions begin */
	struct event *timer; /* armed for the first of due */
	struct heap due;     /* every question that was begun, by its next moment */
	struct list waiting; /* of resolve_servers_ask: not begun */
	size_t fresh;        /* begun, and younger than SERVERS_FRESH_MS */
	size_t slow;         /* begun, and older */
};

enum servers_place { SERVERS_WAITING, SERVERS_FRESH, SERVERS_SLOW };

struct resolve_servers_ask {
	struct list link; /* in waiting */
	enum servers_place place;
	struct heap_link due;
	struct resolve_servers *servers;
	struct resolve_name name;
	enum resolve_type type;
	struct arena *arena;
	resolve_servers_fn fn;
	void *arg;

	int64_t slow_ms;     /* when it stops being fresh */
	int64_t try_ends_ms; /* when this try is given up */
	int64_t deadline_ms; /* when all is */
	size_t server;       /* the one being asked */
	unsigned skip;       /* bit n: server n said something useless */
	unsigned tries;
	bool by_tcp; /* the answer does not fit in a datagram */
	struct resolve_udns_ask *udns;
	struct resolve_tcp_ask *tcp;
	struct resolve_answer bad; /* the last useless thing heard; detail is NULL before */
};

static void servers_try(struct resolve_servers_ask *ask);

static void
servers_arm(struct resolve_servers *servers)
{
	struct heap_link *first = heap_first(&servers->due);
	int64_t wait;
	struct timeval after;

	if (!first) {
		event_del(servers->timer);
		return;
	}
	wait = first->key - clock_mono_ms();
	if (wait < 1)
		wait = 1;
	after.tv_sec = (time_t)(wait / 1000);
	after.tv_usec = (suseconds_t)(wait % 1000 * 1000);
	event_add(servers->timer, &after);
}

static void
servers_set_due(struct resolve_servers_ask *ask)
{
	int64_t due = ask->try_ends_ms;

	if (ask->place == SERVERS_FRESH && ask->slow_ms < due)
		due = ask->slow_ms;
	heap_set(&ask->servers->due, &ask->due, due);
	servers_arm(ask->servers);
}

static void
servers_move(struct resolve_servers_ask *ask, enum servers_place place)
{
	struct resolve_servers *servers = ask->servers;

	list_remove(&ask->link);
	servers->fresh -= ask->place == SERVERS_FRESH;
	servers->slow -= ask->place == SERVERS_SLOW;
	servers->fresh += place == SERVERS_FRESH;
	servers->slow += place == SERVERS_SLOW;
	ask->place = place;
	if (!list_is_empty(&servers->waiting))
		event_active(servers->pump, EV_TIMEOUT, 0);
}

/* After it nothing will be heard of the question. */
static void
servers_forget(struct resolve_servers_ask *ask)
{
	resolve_udns_cancel(&ask->udns);
	resolve_tcp_cancel(&ask->tcp);
	heap_remove(&ask->servers->due, &ask->due);
	servers_move(ask, SERVERS_WAITING);
	servers_arm(ask->servers);
}

static void
servers_finish(struct resolve_servers_ask *ask, const struct resolve_answer *answer,
	       const uint8_t *packet, size_t len)
{
	servers_forget(ask);
	ask->fn(answer, packet, len, ask->arg);
	free(ask);
}

static void
servers_give_up(struct resolve_servers_ask *ask)
{
	if (!ask->bad.detail) {
		ask->bad.status = RESOLVE_TIMEOUT;
		ask->bad.detail = arena_printf(ask->arena, "no answer from %s%s (%u %s)",
					       ask->servers->one[ask->server].text,
					       ask->servers->count > 1 ? " or any other" : "",
					       ask->tries, ask->tries == 1 ? "try" : "tries");
	}
	servers_finish(ask, &ask->bad, NULL, 0);
}

/* What this server said is of no use: perhaps another one knows better. */
static void
servers_reject(struct resolve_servers_ask *ask, enum resolve_status status, const char *detail)
{
	ask->skip |= 1U << ask->server;
	ask->bad.status = status;
	ask->bad.detail = detail;
	servers_try(ask);
}

static void
servers_use_tcp(struct resolve_servers_ask *ask)
{
	struct resolve_servers *servers = ask->servers;

	ask->by_tcp = true;
	ask->tries = 0;
	ask->deadline_ms = clock_mono_ms() + (int64_t)servers->timeout_ms * servers->attempts;
	/* Of the same server: it has the answer at hand. */
	servers_try(ask);
}

static void
servers_judge(struct resolve_servers_ask *ask, const uint8_t *packet, size_t len)
{
	const char *server = ask->servers->one[ask->server].text;
	struct resolve_rr_reply reply;
	struct resolve_answer *answer = &reply.answer;

	resolve_rr_parse(ask->arena, packet, len, &ask->name, ask->type, &reply);
	if (reply.truncated && !ask->by_tcp) {
		servers_use_tcp(ask);
		return;
	}
	answer->secure = reply.authentic;
	answer->detail = arena_printf(ask->arena, "%s from %s", reply.words, server);
	switch (answer->status) {
	case RESOLVE_OK:
	case RESOLVE_NXDOMAIN:
	case RESOLVE_NODATA:
		servers_finish(ask, answer, packet, len);
		return;
	default:
		servers_reject(ask, answer->status, answer->detail);
	}
}

static void
servers_on_udns(const uint8_t *packet, size_t len, void *arg)
{
	struct resolve_servers_ask *ask = arg;

	ask->udns = NULL;
	if (packet)
		servers_judge(ask, packet, len);
	else
		servers_reject(ask, RESOLVE_TIMEOUT,
			       arena_printf(ask->arena, "cannot send to %s",
					    ask->servers->one[ask->server].text));
}

static void
servers_on_tcp(const uint8_t *packet, size_t len, const char *trouble, void *arg)
{
	struct resolve_servers_ask *ask = arg;

	ask->tcp = NULL;
	if (packet)
		servers_judge(ask, packet, len);
	else
		servers_reject(ask, RESOLVE_TIMEOUT,
			       arena_printf(ask->arena, "%s %s",
					    ask->servers->one[ask->server].text, trouble));
}

/* Asks the next server there is, or ends the question. */
static void
servers_try(struct resolve_servers_ask *ask)
{
	struct resolve_servers *servers = ask->servers;
	int64_t now = clock_mono_ms();
	struct servers_one *one;
	size_t n = 0;

	while (n < servers->count && ask->skip & 1U << ask->server) {
		ask->server = (ask->server + 1) % servers->count;
		n++;
	}
	if (n == servers->count || now >= ask->deadline_ms) {
		servers_give_up(ask);
		return;
	}
	one = &servers->one[ask->server];
	ask->tries++;
	ask->try_ends_ms = now + servers->timeout_ms;
	if (ask->try_ends_ms > ask->deadline_ms)
		ask->try_ends_ms = ask->deadline_ms;
	if (ask->by_tcp)
		ask->tcp = resolve_tcp_start(
		    servers->tcp,
		    &(struct resolve_tcp_question){&one->address, &ask->name, ask->type},
		    servers_on_tcp, ask);
	else
		ask->udns =
		    resolve_udns_start(one->udns, &ask->name, ask->type, servers_on_udns, ask);
	servers_set_due(ask);
}

static void
servers_on_silence(struct resolve_servers_ask *ask)
{
	struct resolve_servers *servers = ask->servers;

	resolve_udns_cancel(&ask->udns);
	resolve_tcp_cancel(&ask->tcp);
	if (clock_mono_ms() >= ask->deadline_ms) {
		servers_give_up(ask);
		return;
	}
	if (servers->first == ask->server)
		servers->first = (ask->server + 1) % servers->count;
	ask->server = (ask->server + 1) % servers->count;
	servers_try(ask);
}

static void
servers_fire(evutil_socket_t fd, short what, void *arg)
{
	struct resolve_servers *servers = arg;
	int64_t now = clock_mono_ms();
	struct heap_link *first;

	while ((first = heap_first(&servers->due)) && first->key <= now) {
		struct resolve_servers_ask *ask =
		    list_entry(first, struct resolve_servers_ask, due);

		if (ask->place == SERVERS_FRESH && ask->slow_ms <= now)
			servers_move(ask, SERVERS_SLOW);
		if (ask->try_ends_ms <= now)
			servers_on_silence(ask);
		else
			servers_set_due(ask);
	}
	servers_arm(servers);
}

static void
servers_pump(evutil_socket_t fd, short what, void *arg)
{
	struct resolve_servers *servers = arg;

	while (!list_is_empty(&servers->waiting) && servers->fresh < RESOLVE_SERVERS_FRESH &&
	       servers->slow < RESOLVE_SERVERS_SLOW) {
		struct resolve_servers_ask *ask =
		    list_first(&servers->waiting, struct resolve_servers_ask, link);
		int64_t now = clock_mono_ms();

		servers_move(ask, SERVERS_FRESH);
		ask->server = servers->first;
		ask->slow_ms = now + SERVERS_FRESH_MS;
		ask->deadline_ms = now + (int64_t)servers->timeout_ms * servers->attempts;
		servers_try(ask);
	}
}

static bool
servers_add(struct resolve_servers *servers, struct event_base *base,
	    const struct sockaddr_storage *address, struct why *why)
{
	struct servers_one *one = &servers->one[servers->count];
	struct sockaddr_in *v4 = (struct sockaddr_in *)&one->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&one->address;
	char ip[INET6_ADDRSTRLEN];
	in_port_t *port;

	one->address = *address;
	if (address->ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof(ip));
		port = &v4->sin_port;
	} else if (address->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof(ip));
		port = &v6->sin6_port;
	} else {
		why_set(why, "a DNS server's address is neither IPv4 nor IPv6");
		return false;
	}
	if (*port == 0)
		*port = htons(SERVERS_PORT);
	if (*port == htons(SERVERS_PORT))
		snprintf(one->text, sizeof(one->text), "%s", ip);
	else
		snprintf(one->text, sizeof(one->text),
			 address->ss_family == AF_INET ? "%s:%u" : "[%s]:%u", ip, ntohs(*port));
	one->udns = resolve_udns_new(base, &one->address, why);
	if (!one->udns)
		return false;
	servers->count++;
	return true;
}

struct resolve_servers *
resolve_servers_new(struct event_base *base, const struct resolve_config *config, struct why *why)
{
	struct resolve_servers *servers = alloc_new(struct resolve_servers);

	servers->timeout_ms = config->timeout_ms ? config->timeout_ms : SERVERS_TIMEOUT_MS;
	servers->attempts = config->attempts ? config->attempts : SERVERS_ATTEMPTS;
	list_init(&servers->waiting);
	servers->tcp = resolve_tcp_new(base, SERVERS_TCP_SILENCE_MS);
	servers->pump = event_new(base, -1, 0, servers_pump, servers);
	servers->timer = event_new(base, -1, 0, servers_fire, servers);
	if (!servers->pump || !servers->timer)
		log_die("out of memory in event_new()");
	if (config->count == 0 || config->count > RESOLVE_SERVERS_MAX) {
		why_set(why, "%zu DNS servers: there must be 1 to %d", config->count,
			RESOLVE_SERVERS_MAX);
		resolve_servers_free(&servers);
		return NULL;
	}
	for (size_t i = 0; i < config->count; i++) {
		if (!servers_add(servers, base, &config->servers[i], why)) {
			resolve_servers_free(&servers);
			return NULL;
		}
	}
	return servers;
}

void
resolve_servers_free(struct resolve_servers **servers)
{
	if (!*servers)
		return;
	assert(list_is_empty(&(*servers)->waiting) && !heap_first(&(*servers)->due));
	resolve_tcp_free(&(*servers)->tcp);
	for (size_t i = 0; i < (*servers)->count; i++)
		resolve_udns_free(&(*servers)->one[i].udns);
	event_free((*servers)->pump);
	event_free((*servers)->timer);
	heap_free(&(*servers)->due);
	free(*servers);
	*servers = NULL;
}

bool
resolve_servers_are_loopback(const struct resolve_servers *servers)
{
	for (size_t i = 0; i < servers->count; i++) {
		const struct sockaddr_storage *address = &servers->one[i].address;
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

		if (address->ss_family == AF_INET
			? ntohl(v4->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET
			: !IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr))
			return false;
	}
	return true;
}

struct resolve_servers_ask *
resolve_servers_start(struct resolve_servers *servers,
		      const struct resolve_servers_question *question, resolve_servers_fn fn,
		      void *arg)
{
	struct resolve_servers_ask *ask = alloc_new(struct resolve_servers_ask);

	ask->servers = servers;
	ask->name = *question->name;
	ask->type = question->type;
	ask->arena = question->arena;
	ask->fn = fn;
	ask->arg = arg;
	list_append(&servers->waiting, &ask->link);
	event_active(servers->pump, EV_TIMEOUT, 0);
	return ask;
}

void
resolve_servers_cancel(struct resolve_servers_ask **ask)
{
	if (!*ask)
		return;
	servers_forget(*ask);
	free(*ask);
	*ask = NULL;
}
