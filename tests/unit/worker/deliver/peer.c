#include "tests/unit/worker/deliver/peer.h"

#include <arpa/inet.h>
#include <check.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/list.h"
#include "common/netaddr.h"

struct peer_client {
	struct list link;
	struct peer *peer;
	struct bufferevent *bev;
	bool content;
	bool closing;
	bool deaf; /* it has fallen silent */
};

struct peer {
	struct event_base *base;
	struct evconnlistener *listener;
	const char *script[PEER_STEPS];
	size_t asked[PEER_STEPS];
	size_t connections;
	size_t quits;
	struct list clients;
	size_t open;
	struct str message;
	char source[NETADDR_TEXT];
	char name[256];
};

static const char *const peer_friendly[PEER_STEPS] = {
    [PEER_GREETING] = "220 peer.test ready",
    [PEER_EHLO] = "250-peer.test\r\n250-PIPELINING\r\n250 8BITMIME",
    [PEER_HELO] = "250 peer.test",
    [PEER_MAIL] = "250 2.1.0 ok",
    [PEER_RCPT] = "250 2.1.5 ok",
    [PEER_DATA] = "354 go on",
    [PEER_DOT] = "250 2.0.0 taken",
    [PEER_BDAT] = "250 2.0.0 taken",
    [PEER_RSET] = "250 2.0.0 ok",
};

static void
peer_drop(struct peer_client *client)
{
	client->peer->open--;
	list_remove(&client->link);
	bufferevent_free(client->bev);
	free(client);
}

/* The answer for this time; false: the client is gone. */
static bool
peer_answer(struct peer_client *client, enum peer_step step)
{
	struct peer *peer = client->peer;
	const char *at = peer->script[step] ? peer->script[step] : peer_friendly[step];
	char text[4096];
	char *close;

	for (size_t skip = peer->asked[step]++; skip > 0 && strchr(at, '|') != NULL; skip--)
		at = strchr(at, '|') + 1;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(at, "|"), at);
	if (strcmp(text, "SILENT") == 0) {
		client->deaf = true;
		return true;
	}
	if (strcmp(text, "CLOSE") == 0) {
		/* What was said before leaves first. */
		evbuffer_unfreeze(bufferevent_get_output(client->bev), 1);
		evbuffer_write(bufferevent_get_output(client->bev), bufferevent_getfd(client->bev));
		peer_drop(client);
		return false;
	}
	close = strstr(text, "{CLOSE}");
	if (close != NULL) {
		*close = '\0';
		client->closing = true;
	}
	client->content = step == PEER_DATA && strncmp(text, "354", 3) == 0;
	if (client->content)
		str_clear(&peer->message);
	bufferevent_write(client->bev, text, strlen(text));
	bufferevent_write(client->bev, "\r\n", 2);
	return true;
}

static bool
peer_bdat(struct peer_client *client, const char *line)
{
	struct evbuffer *in = bufferevent_get_input(client->bev);
	size_t size = (size_t)strtoul(line + 5, NULL, 10);

	if (evbuffer_get_length(in) < size)
		return true;
	evbuffer_drain(in, size);
	return peer_answer(client, PEER_BDAT);
}

static bool
peer_command(struct peer_client *client, const char *line)
{
	static const struct {
		const char *verb;
		enum peer_step step;
	} verbs[] = {{"EHLO", PEER_EHLO}, {"HELO", PEER_HELO}, {"MAIL", PEER_MAIL},
		     {"RCPT", PEER_RCPT}, {"DATA", PEER_DATA}, {"RSET", PEER_RSET}};

	if (strcasecmp(line, "QUIT") == 0) {
		client->peer->quits++;
		peer_drop(client);
		return false;
	}
	if (strncasecmp(line, "BDAT ", 5) == 0)
		return peer_bdat(client, line);
	if (strncasecmp(line, "EHLO ", 5) == 0)
		snprintf(client->peer->name, sizeof(client->peer->name), "%s", line + 5);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strncasecmp(line, verbs[i].verb, 4) == 0)
			return peer_answer(client, verbs[i].step);
	ck_abort_msg("what is this: %s", line);
	return false;
}

static void
peer_on_read(struct bufferevent *bev, void *arg)
{
	struct peer_client *client = arg;
	char *line;
	bool there = true;

	while (there && !client->deaf && !client->closing &&
	       (line = evbuffer_readln(bufferevent_get_input(bev), NULL,
				       EVBUFFER_EOL_CRLF_STRICT)) != NULL) {
		if (!client->content) {
			there = peer_command(client, line);
		} else if (strcmp(line, ".") == 0) {
			client->content = false;
			there = peer_answer(client, PEER_DOT);
		} else {
			str_printf(&client->peer->message, "%s\r\n", line);
		}
		free(line);
	}
}

static void
peer_on_written(struct bufferevent *bev, void *arg)
{
	struct peer_client *client = arg;

	if (client->closing)
		peer_drop(client);
}

static void
peer_on_event(struct bufferevent *bev, short what, void *arg)
{
	peer_drop(arg);
}

static void
peer_on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa, int len,
	       void *arg)
{
	struct peer *peer = arg;
	struct peer_client *client = calloc(1, sizeof(*client));
	struct netaddr source;

	netaddr_from_sockaddr(sa, (socklen_t)len, &source);
	netaddr_text(peer->source, &source);
	client->peer = peer;
	client->bev = bufferevent_socket_new(peer->base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(client->bev, peer_on_read, peer_on_written, peer_on_event, client);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
	list_append(&peer->clients, &client->link);
	peer->open++;
	peer->connections++;
	peer_answer(client, PEER_GREETING);
}

struct peer *
peer_new(struct event_base *base, const char *address)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	struct netaddr local;

	peer->base = base;
	list_init(&peer->clients);
	ck_assert(netaddr_parse(slice_of(address), 25, &local));
	peer->listener = evconnlistener_new_bind(base, peer_on_accept, peer,
						 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 64,
						 &local.sa.any, (int)netaddr_len(&local));
	ck_assert_msg(peer->listener != NULL, "cannot listen on %s", address);
	return peer;
}

void
peer_hang_up(struct peer *peer)
{
	while (!list_is_empty(&peer->clients))
		peer_drop(list_first(&peer->clients, struct peer_client, link));
}

void
peer_free(struct peer **peer)
{
	if (*peer == NULL)
		return;
	peer_hang_up(*peer);
	evconnlistener_free((*peer)->listener);
	str_free(&(*peer)->message);
	free(*peer);
	*peer = NULL;
}

void
peer_say(struct peer *peer, enum peer_step step, const char *script)
{
	peer->script[step] = script;
	peer->asked[step] = 0;
}

size_t
peer_connections(const struct peer *peer)
{
	return peer->connections;
}

size_t
peer_open(const struct peer *peer)
{
	return peer->open;
}

size_t
peer_asked(const struct peer *peer, enum peer_step step)
{
	return peer->asked[step];
}

size_t
peer_quits(const struct peer *peer)
{
	return peer->quits;
}

struct slice
peer_message(const struct peer *peer)
{
	return (struct slice){peer->message.data, peer->message.len};
}

const char *
peer_source(const struct peer *peer)
{
	return peer->source;
}

const char *
peer_name(const struct peer *peer)
{
	return peer->name;
}
