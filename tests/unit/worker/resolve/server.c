#include "tests/unit/worker/resolve/server.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/list.h"
#include "common/map.h"
#include "tests/unit/worker/resolve/packet.h"
#include "worker/resolve/name.h"

enum { SERVER_HOLD_MS = 30 };

struct server_held {
	struct list link;
	struct sockaddr_storage peer;
	socklen_t peer_len;
	size_t len;
	uint8_t data[];
};

struct server_client {
	struct list link;
	struct server *server;
	struct bufferevent *bev;
	bool closing; /* when all is written */
};

struct server {
	struct event_base *base;
	server_fn fn;
	void *arg;
	struct sockaddr_storage address;
	int udp;
	struct event *readable;
	struct event *release;
	struct event *acceptable;
	int tcp;
	struct list clients;
	struct list held;
	size_t held_count;
	size_t most_held;
	size_t udp_count;
	size_t tcp_count;
	size_t connections;
	struct map *seen; /* question bytes -> count + 1 */
	struct packet reply;
};

static enum server_act
server_ask(struct server *server, const uint8_t *data, size_t len, bool tcp)
{
	struct server_question question = {.server = server, .tcp = tcp};
	struct arena *arena = arena_new();
	struct resolve_name name;
	size_t at = 12;
	uintptr_t before;

	assert(len > 12 && resolve_name_read(&name, data, len, &at) && at + 4 <= len);
	question.id = (uint16_t)(data[0] << 8 | data[1]);
	question.type = (uint16_t)(data[at] << 8 | data[at + 1]);
	snprintf(question.name, sizeof(question.name), "%s", resolve_name_text(arena, &name));
	/* Behind the question the EDNS record: root, type, size, two bytes, flags. */
	question.wants_dnssec = len >= at + 4 + 11 && data[at + 4 + 7] & 0x80;
	arena_free(&arena);
	before = (uintptr_t)map_find(server->seen, data + 12, at + 2 - 12);
	question.count = before;
	map_put(server->seen, data + 12, at + 2 - 12, (void *)(before + 1));
	server->reply.len = 0;
	return server->fn(&question, &server->reply, server->arg);
}

static void
server_release(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	while (!list_is_empty(&server->held)) {
		struct server_held *held = list_first(&server->held, struct server_held, link);

		sendto(server->udp, held->data, held->len, 0, (struct sockaddr *)&held->peer,
		       held->peer_len);
		list_remove(&held->link);
		free(held);
	}
	server->held_count = 0;
}

static void
server_hold(struct server *server, const struct sockaddr_storage *peer, socklen_t peer_len)
{
	struct server_held *held = alloc_array(1, sizeof(*held) + server->reply.len);
	struct timeval soon = {.tv_usec = SERVER_HOLD_MS * 1000};

	held->peer = *peer;
	held->peer_len = peer_len;
	held->len = server->reply.len;
	memcpy(held->data, server->reply.data, held->len);
	list_append(&server->held, &held->link);
	if (++server->held_count > server->most_held)
		server->most_held = server->held_count;
	event_add(server->release, &soon);
}

static void
server_on_datagram(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	struct sockaddr_storage peer;
	socklen_t peer_len = sizeof(peer);
	uint8_t data[1500];
	ssize_t len;

	while ((len = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT, (struct sockaddr *)&peer,
			       &peer_len)) > 0) {
		server->udp_count++;
		switch (server_ask(server, data, (size_t)len, false)) {
		case SERVER_REPLY:
			sendto(fd, server->reply.data, server->reply.len, 0,
			       (struct sockaddr *)&peer, peer_len);
			break;
		case SERVER_HOLD:
			server_hold(server, &peer, peer_len);
			break;
		default:
			break;
		}
	}
}

static void
server_drop(struct server_client *client)
{
	bufferevent_free(client->bev);
	list_remove(&client->link);
	free(client);
}

static void
server_on_event(struct bufferevent *bev, short what, void *arg)
{
	server_drop(arg);
}

static void
server_on_written(struct bufferevent *bev, void *arg)
{
	struct server_client *client = arg;

	if (client->closing)
		server_drop(client);
}

static void
server_on_stream(struct bufferevent *bev, void *arg)
{
	struct server_client *client = arg;
	struct server *server = client->server;
	struct evbuffer *in = bufferevent_get_input(bev);
	uint8_t prefix[2], data[1500];

	while (!client->closing && evbuffer_copyout(in, prefix, 2) == 2) {
		size_t len = (size_t)prefix[0] << 8 | prefix[1];
		enum server_act act;

		assert(len <= sizeof(data));
		if (evbuffer_get_length(in) < len + 2)
			return;
		evbuffer_drain(in, 2);
		evbuffer_remove(in, data, len);
		server->tcp_count++;
		act = server_ask(server, data, len, true);
		if (act == SERVER_SILENCE)
			continue;
		if (act == SERVER_CLOSE) {
			server_drop(client);
			return;
		}
		client->closing = act == SERVER_CUT || act == SERVER_AND_CLOSE;
		prefix[0] = (uint8_t)(server->reply.len >> 8);
		prefix[1] = (uint8_t)server->reply.len;
		bufferevent_write(bev, prefix, 2);
		bufferevent_write(bev, server->reply.data,
				  act == SERVER_CUT ? server->reply.len / 2 : server->reply.len);
	}
}

static void
server_on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	struct server_client *client = alloc_new(struct server_client);
	int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	assert(peer >= 0);
	server->connections++;
	client->server = server;
	client->bev = bufferevent_socket_new(server->base, peer, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(client->bev, server_on_stream, server_on_written, server_on_event,
			  client);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
	list_append(&server->clients, &client->link);
}

/* A port that is free for both. */
static void
server_bind(struct server *server)
{
	struct sockaddr_in *address = (struct sockaddr_in *)&server->address;
	socklen_t len = sizeof(*address);

	for (;;) {
		memset(address, 0, sizeof(*address));
		address->sin_family = AF_INET;
		address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		server->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		server->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		assert(bind(server->udp, (struct sockaddr *)address, len) == 0);
		assert(getsockname(server->udp, (struct sockaddr *)address, &len) == 0);
		if (bind(server->tcp, (struct sockaddr *)address, len) == 0 &&
		    listen(server->tcp, 16) == 0)
			return;
		close(server->udp);
		close(server->tcp);
	}
}

struct server *
server_new(struct event_base *base, server_fn fn, void *arg)
{
	struct server *server = alloc_new(struct server);

	server->base = base;
	server->fn = fn;
	server->arg = arg;
	list_init(&server->clients);
	list_init(&server->held);
	server->seen = map_new();
	server_bind(server);
	server->readable =
	    event_new(base, server->udp, EV_READ | EV_PERSIST, server_on_datagram, server);
	server->acceptable =
	    event_new(base, server->tcp, EV_READ | EV_PERSIST, server_on_connection, server);
	server->release = event_new(base, -1, 0, server_release, server);
	event_add(server->readable, NULL);
	event_add(server->acceptable, NULL);
	return server;
}

void
server_free(struct server **server)
{
	struct server *old = *server;

	*server = NULL;
	if (!old)
		return;
	while (!list_is_empty(&old->clients))
		server_drop(list_first(&old->clients, struct server_client, link));
	while (!list_is_empty(&old->held)) {
		struct server_held *held = list_first(&old->held, struct server_held, link);

		list_remove(&held->link);
		free(held);
	}
	event_free(old->readable);
	event_free(old->acceptable);
	event_free(old->release);
	close(old->udp);
	close(old->tcp);
	map_free(&old->seen, NULL);
	free(old);
}

const struct sockaddr_storage *
server_address(const struct server *server)
{
	return &server->address;
}

size_t
server_udp_count(const struct server *server)
{
	return server->udp_count;
}

size_t
server_tcp_count(const struct server *server)
{
	return server->tcp_count;
}

size_t
server_connections(const struct server *server)
{
	return server->connections;
}

size_t
server_most_held(const struct server *server)
{
	return server->most_held;
}
