#include "worker/resolve/tcp.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/list.h"
#include "common/log.h"
#include "common/random.h"
#include "common/str.h"
#include "worker/resolve/rr.h"

enum {
	TCP_READ_SIZE = 16384,
	TCP_READS_PER_TURN = 16,
	TCP_PREFIX = 2,
	/* Questions on one connection before a second one is opened. */
	TCP_CROWDED = 32,
};

struct tcp_link {
	struct resolve_tcp *tcp;
	int fd; /* -1: this place is free, and nothing below means anything */
	const struct sockaddr_storage *server;
	struct event *readable; /* its timeout is the limit of silence */
	struct event *writable;
	struct str out;
	struct str in;
	struct list asks; /* of resolve_tcp_ask: sent or about to be */
	size_t asked;     /* length of asks */
	bool connected;
	bool served;  /* a reply has come over it */
	bool suspect; /* an owner lost patience with it, and nothing was read since: no new ones */
};

struct resolve_tcp {
	struct event_base *base;
	struct event *pump; /* activated by hand: finds places for those who wait */
	unsigned silence_ms;
	struct list waiting; /* of resolve_tcp_ask: without a connection */
	struct tcp_link links[RESOLVE_TCP_CONNECTIONS];
};

struct resolve_tcp_ask {
	struct list link; /* in waiting, or in a connection's asks */
	struct resolve_tcp *tcp;
	struct tcp_link *via; /* NULL while it waits */
	struct resolve_name name;
	unsigned type;
	const struct sockaddr_storage *server;
	uint16_t id;
	resolve_tcp_fn fn;
	void *arg;
};

static void
tcp_detach(struct resolve_tcp_ask *ask)
{
	list_remove(&ask->link);
	if (ask->via)
		ask->via->asked--;
	ask->via = NULL;
}

static void
tcp_answer(struct resolve_tcp_ask *ask, const uint8_t *packet, size_t len, const char *trouble)
{
	tcp_detach(ask);
	ask->fn(packet, len, trouble, ask->arg);
	free(ask);
}

/*
 * Frees the place. Its questions go back to those who wait if the connection has carried a reply,
 * so that every new round has one answer less to fetch, and to the list given if it has not.
 */
static void
tcp_close(struct tcp_link *via, struct list *failed)
{
	event_free(via->readable);
	event_free(via->writable);
	close(via->fd);
	via->fd = -1;
	str_free(&via->out);
	str_free(&via->in);
	while (!list_is_empty(&via->asks)) {
		struct resolve_tcp_ask *ask = list_first(&via->asks, struct resolve_tcp_ask, link);

		tcp_detach(ask);
		list_append(via->served ? &via->tcp->waiting : failed, &ask->link);
	}
	event_active(via->tcp->pump, EV_TIMEOUT, 0);
}

static void
tcp_fail(struct tcp_link *via, const char *trouble)
{
	struct list failed;

	list_init(&failed);
	tcp_close(via, &failed);
	while (!list_is_empty(&failed))
		tcp_answer(list_first(&failed, struct resolve_tcp_ask, link), NULL, 0, trouble);
}

static struct resolve_tcp_ask *
tcp_find(const struct tcp_link *via, uint16_t id)
{
	struct resolve_tcp_ask *ask;

	list_each (ask, &via->asks, link) {
		if (ask->id == id)
			return ask;
	}
	return NULL;
}

static void
tcp_deliver(struct tcp_link *via, const uint8_t *packet, size_t len)
{
	struct resolve_tcp_ask *ask = tcp_find(via, (uint16_t)(packet[0] << 8 | packet[1]));

	via->served = true;
	via->suspect = false;
	if (ask)
		tcp_answer(ask, packet, len, NULL);
}

/* Hands out the complete messages of the buffer; false when what is there is no DNS. */
static bool
tcp_take_messages(struct tcp_link *via)
{
	size_t at = 0;

	while (via->in.len - at >= TCP_PREFIX) {
		const uint8_t *from = (const uint8_t *)via->in.data + at;
		size_t len = (size_t)from[0] << 8 | from[1];

		if (len < RESOLVE_RR_HEADER)
			return false;
		if (via->in.len - at - TCP_PREFIX < len)
			break;
		tcp_deliver(via, from + TCP_PREFIX, len);
		at += TCP_PREFIX + len;
	}
	if (at > 0) {
		memmove(via->in.data, via->in.data + at, via->in.len - at);
		via->in.len -= at;
	}
	return true;
}

static void
tcp_read(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_link *via = arg;

	if (what & EV_TIMEOUT) {
		tcp_fail(via, "did not answer by TCP");
		return;
	}
	for (int i = 0; i < TCP_READS_PER_TURN; i++) {
		char *room = str_reserve(&via->in, TCP_READ_SIZE);
		ssize_t got = recv(fd, room, TCP_READ_SIZE, 0);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0) {
			tcp_fail(via, got == 0         ? "closed the TCP connection"
				      : via->connected ? "broke the TCP connection"
						       : "refused the TCP connection");
			return;
		}
		via->in.len += (size_t)got;
		if (!tcp_take_messages(via)) {
			tcp_fail(via, "sent no DNS by TCP");
			return;
		}
	}
}

static void
tcp_write(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_link *via = arg;
	int error = 0;
	socklen_t size = sizeof(error);

	if (!via->connected) {
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
			tcp_fail(via, "refused the TCP connection");
			return;
		}
		via->connected = true;
	}
	while (via->out.len > 0) {
		ssize_t sent = send(fd, via->out.data, via->out.len, MSG_NOSIGNAL);

		if (sent < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (sent < 0) {
			tcp_fail(via, "broke the TCP connection");
			return;
		}
		memmove(via->out.data, via->out.data + sent, via->out.len - (size_t)sent);
		via->out.len -= (size_t)sent;
	}
	if (via->out.len > 0)
		event_add(via->writable, NULL);
}

static bool
tcp_connect(struct tcp_link *via, const struct sockaddr_storage *server)
{
	struct resolve_tcp *tcp = via->tcp;
	struct timeval silence = {
	    .tv_sec = tcp->silence_ms / 1000,
	    .tv_usec = tcp->silence_ms % 1000 * 1000,
	};
	socklen_t len = server->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						      : sizeof(struct sockaddr_in);
	int fd = socket(server->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return false;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (const struct sockaddr *)server, len) != 0 && errno != EINPROGRESS) {
		close(fd);
		return false;
	}
	via->fd = fd;
	via->server = server;
	via->asked = 0;
	via->connected = via->served = via->suspect = false;
	list_init(&via->asks);
	via->readable = event_new(tcp->base, fd, EV_READ | EV_PERSIST, tcp_read, via);
	via->writable = event_new(tcp->base, fd, EV_WRITE, tcp_write, via);
	if (!via->readable || !via->writable || event_add(via->readable, &silence) != 0)
		log_die("cannot watch a TCP connection for DNS");
	return true;
}

/*
 * The connection for a question to this server: NULL when all places are taken, or *failed when it
 * cannot be made.
 */
static struct tcp_link *
tcp_choose(struct resolve_tcp *tcp, const struct sockaddr_storage *server, bool *failed)
{
	struct tcp_link *best = NULL, *room = NULL;

	*failed = false;
	for (int i = 0; i < RESOLVE_TCP_CONNECTIONS; i++) {
		struct tcp_link *via = &tcp->links[i];

		if (via->fd < 0 || (via->asked == 0 && via->server != server && !room))
			room = via;
		else if (via->server == server && !via->suspect &&
			 (!best || via->asked < best->asked))
			best = via;
	}
	if (best && (!room || best->asked < TCP_CROWDED))
		return best;
	if (!room)
		return NULL;
	if (room->fd >= 0) {
		struct list none;

		list_init(&none);
		tcp_close(room, &none);
	}
	*failed = !tcp_connect(room, server);
	return *failed ? NULL : room;
}

static void
tcp_send(struct tcp_link *via, struct resolve_tcp_ask *ask)
{
	uint8_t packet[RESOLVE_RR_QUESTION_MAX];
	size_t len;

	do {
		ask->id = (uint16_t)random_below(1 << 16);
	} while (tcp_find(via, ask->id));
	len = resolve_rr_question(packet, ask->id, &ask->name, (enum resolve_type)ask->type);
	str_char(&via->out, (char)(len >> 8));
	str_char(&via->out, (char)(len & 0xff));
	str_bytes(&via->out, packet, len);
	list_remove(&ask->link);
	list_append(&via->asks, &ask->link);
	ask->via = via;
	via->asked++;
	event_add(via->writable, NULL);
}

static void
tcp_pump(evutil_socket_t fd, short what, void *arg)
{
	struct resolve_tcp *tcp = arg;
	struct resolve_tcp_ask *ask, *after;
	struct list failed;

	list_init(&failed);
	for (int i = 0; i < RESOLVE_TCP_CONNECTIONS; i++) {
		struct tcp_link *via = &tcp->links[i];

		if (via->fd >= 0 && via->suspect && via->asked == 0)
			tcp_close(via, &failed);
	}
	list_each_safe (ask, after, &tcp->waiting, link) {
		bool broken;
		struct tcp_link *via = tcp_choose(tcp, ask->server, &broken);

		if (via) {
			tcp_send(via, ask);
		} else if (broken) {
			list_remove(&ask->link);
			list_append(&failed, &ask->link);
		}
	}
	while (!list_is_empty(&failed))
		tcp_answer(list_first(&failed, struct resolve_tcp_ask, link), NULL, 0,
			   "cannot be reached by TCP");
}

struct resolve_tcp *
resolve_tcp_new(struct event_base *base, unsigned silence_ms)
{
	struct resolve_tcp *tcp = alloc_new(struct resolve_tcp);

	tcp->base = base;
	tcp->silence_ms = silence_ms;
	list_init(&tcp->waiting);
	tcp->pump = event_new(base, -1, 0, tcp_pump, tcp);
	if (!tcp->pump)
		log_die("out of memory in event_new()");
	for (int i = 0; i < RESOLVE_TCP_CONNECTIONS; i++) {
		tcp->links[i].tcp = tcp;
		tcp->links[i].fd = -1;
	}
	return tcp;
}

void
resolve_tcp_free(struct resolve_tcp **tcp)
{
	struct list none;

	if (!*tcp)
		return;
	assert(list_is_empty(&(*tcp)->waiting));
	list_init(&none);
	for (int i = 0; i < RESOLVE_TCP_CONNECTIONS; i++) {
		if ((*tcp)->links[i].fd < 0)
			continue;
		assert((*tcp)->links[i].asked == 0);
		tcp_close(&(*tcp)->links[i], &none);
	}
	event_free((*tcp)->pump);
	free(*tcp);
	*tcp = NULL;
}

struct resolve_tcp_ask *
resolve_tcp_start(struct resolve_tcp *tcp, const struct resolve_tcp_question *question,
		  resolve_tcp_fn fn, void *arg)
{
	struct resolve_tcp_ask *ask = alloc_new(struct resolve_tcp_ask);

	ask->tcp = tcp;
	ask->server = question->server;
	ask->name = *question->name;
	ask->type = question->type;
	ask->fn = fn;
	ask->arg = arg;
	list_append(&tcp->waiting, &ask->link);
	event_active(tcp->pump, EV_TIMEOUT, 0);
	return ask;
}

void
resolve_tcp_cancel(struct resolve_tcp_ask **ask)
{
	struct tcp_link *via;

	if (!*ask)
		return;
	via = (*ask)->via;
	tcp_detach(*ask);
	if (via) {
		via->suspect = true;
		/* Not closed here: this may be inside a callback that came over it. */
		event_active(via->tcp->pump, EV_TIMEOUT, 0);
	}
	free(*ask);
	*ask = NULL;
}
