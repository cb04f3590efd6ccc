#include "tests/unit/worker/submit/harness.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"

enum { HARNESS_PATIENCE_MS = 10000 };

static struct sockaddr_un
harness_unix_address(const struct harness *harness)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", harness->unix_path);
	return address;
}

static void
harness_on_client(evutil_socket_t fd, short what, void *arg)
{
	struct harness_client *client = arg;
	char data[4096];
	ssize_t len = read((int)fd, data, sizeof(data));

	(void)what;
	if (len > 0) {
		str_bytes(&client->in, data, (size_t)len);
	} else if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
		client->closed = true;
		event_del(client->event);
	}
}

static struct harness_client *
harness_connect(struct harness *harness, const struct sockaddr *sa, socklen_t len)
{
	struct harness_client *client = alloc_new(struct harness_client);

	client->harness = harness;
	client->fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(client->fd, sa, len), 0);
	evutil_make_socket_nonblocking(client->fd);
	client->event =
	    event_new(harness->base, client->fd, EV_READ | EV_PERSIST, harness_on_client, client);
	event_add(client->event, NULL);
	return client;
}

struct harness_client *
harness_unix(struct harness *harness)
{
	struct sockaddr_un address = harness_unix_address(harness);

	return harness_connect(harness, (struct sockaddr *)&address, sizeof(address));
}

struct harness_client *
harness_tcp(struct harness *harness)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(harness->port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return harness_connect(harness, (struct sockaddr *)&address, sizeof(address));
}

void
harness_hang_up(struct harness_client **client)
{
	event_free((*client)->event);
	close((*client)->fd);
	str_free(&(*client)->in);
	free(*client);
	*client = NULL;
}

void
harness_say_bytes(struct harness_client *client, const void *data, size_t len)
{
	const char *at = data;
	int64_t until = clock_mono_ms() + HARNESS_PATIENCE_MS;

	while (len > 0) {
		ssize_t sent = send(client->fd, at, len, MSG_NOSIGNAL);

		if (sent < 0) {
			ck_assert_int_eq(errno, EAGAIN);
			ck_assert_msg(clock_mono_ms() < until, "the server does not read");
			event_base_loop(client->harness->base, EVLOOP_NONBLOCK);
			continue;
		}
		at += sent;
		len -= (size_t)sent;
	}
}

void
harness_say(struct harness_client *client, const char *text)
{
	harness_say_bytes(client, text, strlen(text));
}

/* Length of the complete reply at the start of what came, 0 when there is none. */
static size_t
harness_reply(const struct harness_client *client)
{
	const char *at = str_c(&client->in);
	const char *end;

	while ((end = strstr(at, "\r\n")) != NULL) {
		if (end - at < 4 || at[3] != '-')
			return (size_t)(end + 2 - str_c(&client->in));
		at = end + 2;
	}
	return 0;
}

static bool
harness_has_reply(void *arg)
{
	struct harness_client *client = arg;

	return client->closed || harness_reply(client) > 0;
}

void
harness_expect(struct harness_client *client, const char *prefix)
{
	size_t len;

	harness_until(client->harness, harness_has_reply, client);
	len = harness_reply(client);
	ck_assert_msg(len > 0, "closed where \"%s\" was expected", prefix);
	ck_assert_msg(strncmp(client->in.data, prefix, strlen(prefix)) == 0,
		      "\"%.*s\" where \"%s\" was expected", (int)len, client->in.data, prefix);
	memmove(client->in.data, client->in.data + len, client->in.len - len + 1);
	client->in.len -= len;
}

static bool
harness_is_closed(void *arg)
{
	return ((struct harness_client *)arg)->closed;
}

void
harness_expect_closed(struct harness_client *client)
{
	harness_until(client->harness, harness_is_closed, client);
	ck_assert_msg(client->in.len == 0, "\"%s\" before the end", str_c(&client->in));
}

void
harness_ask(struct harness_client *client, const char *line, const char *prefix)
{
	harness_say(client, line);
	harness_say(client, "\r\n");
	harness_expect(client, prefix);
}

struct harness_client *
harness_greeted(struct harness *harness)
{
	struct harness_client *client = harness_unix(harness);

	harness_expect(client, "220 mx.test.example ");
	harness_ask(client, "EHLO client.example", "250-mx.test.example");
	return client;
}

void
harness_say_envelope(struct harness_client *client)
{
	harness_say(client, "MAIL FROM:<S@Example.ORG>\r\nRCPT TO:<R@Example.ORG>\r\n");
	harness_expect(client, "250 2.1.0");
	harness_expect(client, "250 2.1.5");
}

const char *
harness_content(const struct harness_submit *submit)
{
	const char *date = strstr(str_c(&submit->body), " +0000\r\n");

	ck_assert_ptr_nonnull(date);
	return date + 8;
}

char *
harness_text(size_t len)
{
	char *text = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		text[i] = i % 80 == 78 ? '\r' : i % 80 == 79 ? '\n' : (char)('a' + i % 23);
	text[len] = '\0';
	return text;
}
