#include "worker/resolve/udns.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <udns.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/why.h"
#include "worker/resolve/name.h"

enum {
	/*
	 * udns waits this long for a reply (its upper bound), once. It is out of reach of the
	 * owner's deadlines, so that udns never decides when to stop: it does not re-arm a timer
	 * that fires early.
	 */
	UDNS_NEVER = 300,
	/* Bursts of replies are lost in the default buffer; the kernel cuts this to what it allows.
	 */
	UDNS_RECEIVE_BUFFER = 4 << 20,
	UDNS_PACKET_SIZE = 1232,
};

struct resolve_udns {
	struct dns_ctx *ctx;
	struct event *readable;
	struct event *flush; /* activated by hand: sends what was submitted in this turn */
	size_t active;       /* questions not ended */
};

struct resolve_udns_ask {
	struct resolve_udns *udns;
	struct dns_query *query; /* owned by udns until its callback or dns_cancel() */
	resolve_udns_fn fn;
	void *arg;
	uint8_t *packet; /* the last reply udns accepted for this question; NULL: none */
	size_t len;
};

/* Any clock will do for udns as long as it is never 0, which it takes for "ask the system". */
static time_t
udns_now(void)
{
	return (time_t)(clock_mono_ms() / 1000 + 1);
}

/*
 * udns hands over a reply only when it has answers, but shows every one it accepts here, before it
 * looks at the result code.
 */
static void
udns_capture(int code, const struct sockaddr *address, unsigned address_len, dnscc_t *packet,
	     int len, const struct dns_query *query, void *arg)
{
	struct resolve_udns_ask *ask = arg;

	if (code != 0 || !ask || len <= 0)
		return;
	free(ask->packet);
	ask->packet = (uint8_t *)alloc_copy(packet, (size_t)len);
	ask->len = (size_t)len;
}

static void
udns_finish(struct dns_ctx *ctx, void *result, void *arg)
{
	struct resolve_udns_ask *ask = arg;

	free(result);
	ask->udns->active--;
	ask->fn(ask->packet, ask->len, ask->arg);
	free(ask->packet);
	free(ask);
}

static void
udns_read(evutil_socket_t fd, short what, void *arg)
{
	struct resolve_udns *udns = arg;

	dns_ioevent(udns->ctx, udns_now());
}

static void
udns_flush(evutil_socket_t fd, short what, void *arg)
{
	struct resolve_udns *udns = arg;

	dns_timeouts(udns->ctx, -1, udns_now());
}

static struct dns_ctx *
udns_open(const struct sockaddr_storage *server, struct why *why)
{
	struct dns_ctx *ctx;
	int size = UDNS_RECEIVE_BUFFER;

	/* A context inherited over fork() would share its ids with the parent's. */
	dns_reset(NULL);
	ctx = dns_new(NULL);
	if (!ctx)
		log_die("out of memory in dns_new()");
	dns_reset(ctx);
	dns_set_dbgfn(ctx, udns_capture);
	if (dns_add_serv_s(ctx, (const struct sockaddr *)server) < 0 ||
	    dns_set_opt(ctx, DNS_OPT_NTRIES, 1) < 0 ||
	    dns_set_opt(ctx, DNS_OPT_TIMEOUT, UDNS_NEVER) < 0 ||
	    dns_set_opt(ctx, DNS_OPT_UDPSIZE, UDNS_PACKET_SIZE) < 0) {
		why_set(why, "the resolver library refuses the server address");
		dns_free(ctx);
		return NULL;
	}
	if (dns_open(ctx) < 0) {
		why_errno(why, "cannot open a socket for DNS");
		dns_free(ctx);
		return NULL;
	}
	setsockopt(dns_sock(ctx), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return ctx;
}

struct resolve_udns *
resolve_udns_new(struct event_base *base, const struct sockaddr_storage *server, struct why *why)
{
	struct dns_ctx *ctx = udns_open(server, why);
	struct resolve_udns *udns;

	if (!ctx)
		return NULL;
	udns = alloc_new(struct resolve_udns);
	udns->ctx = ctx;
	udns->readable = event_new(base, dns_sock(ctx), EV_READ | EV_PERSIST, udns_read, udns);
	udns->flush = event_new(base, -1, 0, udns_flush, udns);
	if (!udns->readable || !udns->flush || event_add(udns->readable, NULL) != 0)
		log_die("cannot watch the DNS socket");
	return udns;
}

void
resolve_udns_free(struct resolve_udns **udns)
{
	if (!*udns)
		return;
	assert((*udns)->active == 0);
	event_free((*udns)->readable);
	event_free((*udns)->flush);
	dns_free((*udns)->ctx);
	free(*udns);
	*udns = NULL;
}

struct resolve_udns_ask *
resolve_udns_start(struct resolve_udns *udns, const struct resolve_name *name, unsigned type,
		   resolve_udns_fn fn, void *arg)
{
	struct resolve_udns_ask *ask = alloc_new(struct resolve_udns_ask);

	ask->udns = udns;
	ask->fn = fn;
	ask->arg = arg;
	ask->query = dns_submit_dn(udns->ctx, name->wire, DNS_C_IN, (int)type,
				   DNS_NOSRCH | DNS_SET_DO, NULL, udns_finish, ask);
	if (!ask->query)
		log_die("out of memory in dns_submit_dn()");
	udns->active++;
	/* In a later turn: this may be inside a callback of udns, which does not like re-entry. */
	event_active(udns->flush, EV_TIMEOUT, 0);
	return ask;
}

void
resolve_udns_cancel(struct resolve_udns_ask **ask)
{
	if (!*ask)
		return;
	dns_cancel((*ask)->udns->ctx, (*ask)->query);
	/* dns_cancel() only unlinks: the memory stays ours to release. */
	free((*ask)->query);
	(*ask)->udns->active--;
	free((*ask)->packet);
	free(*ask);
	*ask = NULL;
}
