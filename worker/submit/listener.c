#include "worker/submit/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/log.h"
#include "common/netaddr.h"

enum {
	SUBMIT_LISTENER_BURST = 64,    /* clients before other events get their turn */
	SUBMIT_LISTENER_REST_MS = 100, /* without accepting when descriptors have run out */
	SUBMIT_LISTENER_GOODBYE = 512,
};

struct submit_listener {
	struct submit_listener_config config;
	int fd;
	struct event *event;
	struct event *rest; /* runs out when accepting may go on */
};

/* A client of a dual-stack socket has the address it would have on an IPv4 one. */
static void
submit_listener_unmap(struct netaddr *address)
{
	struct in_addr in;

	if (netaddr_family(address) != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->sa.v6.sin6_addr))
		return;
	memcpy(&in, address->sa.v6.sin6_addr.s6_addr + 12, sizeof(in));
	*address = netaddr_from_v4(in, netaddr_port(address));
}

static bool
submit_listener_allows(const struct submit_listener *listener, const struct netaddr *address)
{
	for (size_t i = 0; i < listener->config.network_count; i++)
		if (netaddr_contains(&listener->config.networks[i], address))
			return true;
	return false;
}

static void
submit_listener_turn_away(struct submit_listener *listener, int fd, const char *client)
{
	char text[SUBMIT_LISTENER_GOODBYE];
	int len = snprintf(text, sizeof(text), "554 5.7.1 %.255s takes no mail from %s\r\n",
			   listener->config.hostname, client);

	log_info("refused client=[%s] reason=\"not in submit.networks\"", client);
	send(fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void
submit_listener_admit(struct submit_listener *listener, int fd, const struct sockaddr *sa,
		      socklen_t len)
{
	char client[SUBMIT_LISTENER_CLIENT];
	char text[NETADDR_TEXT];
	struct netaddr address;

	if (sa->sa_family == AF_UNIX) {
		struct ucred cred = {.uid = (uid_t)-1};
		socklen_t cred_len = sizeof(cred);

		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_len);
		snprintf(client, sizeof(client), "uid %u", (unsigned)cred.uid);
	} else if (netaddr_from_sockaddr(sa, len, &address)) {
		submit_listener_unmap(&address);
		snprintf(client, sizeof(client), "%s", netaddr_text(text, &address));
		if (!submit_listener_allows(listener, &address)) {
			submit_listener_turn_away(listener, fd, client);
			return;
		}
	} else {
		close(fd);
		return;
	}
	listener->config.accepted(fd, client, listener->config.arg);
}

static void
submit_listener_on_ready(evutil_socket_t socket, short what, void *arg)
{
	struct submit_listener *listener = arg;

	(void)socket;
	(void)what;
	for (int i = 0; i < SUBMIT_LISTENER_BURST; i++) {
		struct sockaddr_storage from = {0};
		socklen_t len = sizeof(from);
		int fd = accept4(listener->fd, (struct sockaddr *)&from, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			submit_listener_admit(listener, fd, (struct sockaddr *)&from, len);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			struct timeval rest = {.tv_usec = SUBMIT_LISTENER_REST_MS * 1000};

			log_warn("cannot accept clients: %s", strerror(errno));
			event_del(listener->event);
			event_add(listener->rest, &rest);
		}
		/* Every other error is of the one client, or says that there is none. */
		return;
	}
}

static void
submit_listener_on_rest(evutil_socket_t socket, short what, void *arg)
{
	struct submit_listener *listener = arg;

	(void)socket;
	(void)what;
	event_add(listener->event, NULL);
}

struct submit_listener *
submit_listener_new(struct event_base *base, int fd, const struct submit_listener_config *config)
{
	struct submit_listener *listener = alloc_new(struct submit_listener);

	listener->config = *config;
	listener->fd = fd;
	evutil_make_socket_nonblocking(fd);
	listener->event =
	    event_new(base, fd, EV_READ | EV_PERSIST, submit_listener_on_ready, listener);
	listener->rest = evtimer_new(base, submit_listener_on_rest, listener);
	event_add(listener->event, NULL);
	return listener;
}

void
submit_listener_free(struct submit_listener **listener)
{
	if (*listener == NULL)
		return;
	event_free((*listener)->event);
	event_free((*listener)->rest);
	close((*listener)->fd);
	free(*listener);
	*listener = NULL;
}
