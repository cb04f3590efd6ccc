#include "worker/deliver/connect.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/alloc.h"

struct deliver_connect {
	struct event *event; /* writable, or the deadline; or at once, when it failed already */
	int fd;
	struct netaddr remote;
	struct netaddr source;
	enum outcome_step step;
	bool local;
	int error;
	char text[256];
	deliver_connect_fn fn;
	void *arg;
};

static void
deliver_connect_drop(struct deliver_connect *dial)
{
	event_free(dial->event);
	if (dial->fd >= 0)
		close(dial->fd);
	free(dial);
}

void
deliver_connect_cancel(struct deliver_connect **dial)
{
	if (*dial != NULL)
		deliver_connect_drop(*dial);
	*dial = NULL;
}

/*
 * Our own addresses, ports or descriptors ran out, or a rule of this machine forbids it: not the
 * peer's fault. No route there is none of these: it counts, so that a rule on the number of
 * attempts leads to the other family.
 */
static bool
deliver_connect_is_local(int error)
{
	/* EAGAIN: a Unix socket on this machine has its backlog full. */
	return error == EADDRNOTAVAIL || error == EADDRINUSE || error == EMFILE ||
	       error == ENFILE || error == ENOBUFS || error == ENOMEM || error == EACCES ||
	       error == EPERM || error == EAGAIN;
}

static void
deliver_connect_fail(struct deliver_connect *dial, enum outcome_step step, int error)
{
	char remote[NETADDR_TEXT];

	dial->step = step;
	dial->error = error;
	dial->local = deliver_connect_is_local(error);
	if (step == OUTCOME_STEP_BIND) {
		char source[NETADDR_TEXT];

		dial->local = true;
		snprintf(dial->text, sizeof(dial->text),
			 "source address %s cannot be used on this machine: %s",
			 netaddr_text(source, &dial->source), strerror(error));
		return;
	}
	snprintf(dial->text, sizeof(dial->text), "connecting to %s: %s",
		 netaddr_family(&dial->remote) == AF_UNSPEC
		     ? "the socket"
		     : netaddr_text_port(remote, &dial->remote),
		 error == ETIMEDOUT ? "timed out" : strerror(error));
}

static void
deliver_connect_answer(struct deliver_connect *dial)
{
	struct deliver_connect_result result = {.fd = dial->fd,
						.source = dial->source,
						.step = dial->step,
						.local = dial->local,
						.text = dial->text};

	dial->fd = -1;
	dial->fn(&result, dial->arg);
	deliver_connect_drop(dial);
}

static void
deliver_connect_on_event(evutil_socket_t fd, short what, void *arg)
{
	struct deliver_connect *dial = arg;
	socklen_t len = sizeof(int);
	int error = 0;

	if (dial->fd >= 0) {
		if (what & EV_TIMEOUT)
			error = ETIMEDOUT;
		else
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error != 0) {
			close(dial->fd);
			dial->fd = -1;
			deliver_connect_fail(dial, OUTCOME_STEP_CONNECT, error);
		} else {
			dial->source = deliver_connect_local(dial->fd);
		}
	}
	deliver_connect_answer(dial);
}

static bool
deliver_connect_bind(struct deliver_connect *dial, int family)
{
	int on = 1;

	/* So that one source address serves more connections than it has ports: the port is
	 * chosen at connect(), where only the four numbers together must be unique. */
	setsockopt(dial->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (netaddr_family(&dial->source) == family)
		return bind(dial->fd, &dial->source.sa.any, netaddr_len(&dial->source)) == 0;
	errno = EAFNOSUPPORT;
	return false;
}

static int
deliver_connect_begin(struct deliver_connect *dial, const struct deliver_connect_request *request)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	int on = 1;

	if (request->path == NULL) {
		setsockopt(dial->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		return connect(dial->fd, &dial->remote.sa.any, netaddr_len(&dial->remote));
	}
	if (strlen(request->path) >= sizeof(path.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strncpy(path.sun_path, request->path, sizeof(path.sun_path) - 1);
	return connect(dial->fd, (const void *)&path, sizeof(path));
}

/* One try, from dial->source if the list is not empty. */
static bool
deliver_connect_try(struct deliver_connect *dial, const struct deliver_connect_request *request)
{
	int family = request->path ? AF_UNIX : netaddr_family(&request->remote);
	enum outcome_step step = OUTCOME_STEP_CONNECT;

	dial->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			  family == AF_UNIX ? 0 : IPPROTO_TCP);
	if (dial->fd >= 0 && request->source_count > 0 && !deliver_connect_bind(dial, family))
		step = OUTCOME_STEP_BIND;
	else if (dial->fd >= 0 &&
		 (deliver_connect_begin(dial, request) == 0 || errno == EINPROGRESS))
		return true;
	deliver_connect_fail(dial, step, errno);
	if (dial->fd >= 0)
		close(dial->fd);
	dial->fd = -1;
	return false;
}

/* Is it the source address that would not do? At connect(): it has no port left for this peer. */
static bool
deliver_connect_blames_source(const struct deliver_connect *dial)
{
	return dial->step == OUTCOME_STEP_BIND || dial->error == EADDRNOTAVAIL;
}

/* From an address of the list, in random order until one will do. */
static void
deliver_connect_go(struct deliver_connect *dial, const struct deliver_connect_request *request)
{
	size_t left = request->source_count;
	struct netaddr *sources;

	if (left == 0) {
		deliver_connect_try(dial, request);
		return;
	}
	sources = alloc_array(left, sizeof(*sources));
	memcpy(sources, request->sources, left * sizeof(*sources));
	while (left > 0) {
		size_t pick = request->random((uint32_t)left, request->random_arg);

		dial->source = sources[pick];
		netaddr_set_port(&dial->source, 0);
		if (deliver_connect_try(dial, request) || !deliver_connect_blames_source(dial))
			break;
		sources[pick] = sources[--left];
	}
	free(sources);
}

struct deliver_connect *
deliver_connect_start(struct event_base *base, const struct deliver_connect_request *request,
		      deliver_connect_fn fn, void *arg)
{
	struct deliver_connect *dial = alloc_new(struct deliver_connect);
	struct timeval deadline = {.tv_sec = request->timeout_ms / 1000,
				   .tv_usec = request->timeout_ms % 1000 * 1000};
	struct timeval now = {0};

	dial->fn = fn;
	dial->arg = arg;
	dial->remote = request->remote;
	deliver_connect_go(dial, request);
	dial->event =
	    event_new(base, dial->fd, dial->fd >= 0 ? EV_WRITE : 0, deliver_connect_on_event, dial);
	event_add(dial->event, dial->fd >= 0 ? &deadline : &now);
	return dial;
}

struct netaddr
deliver_connect_local(int fd)
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);
	struct netaddr local = {0};

	if (getsockname(fd, (struct sockaddr *)&storage, &len) == 0)
		netaddr_from_sockaddr((const struct sockaddr *)&storage, len, &local);
	return local;
}

int
deliver_connect_established(const struct deliver_connect *dial)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	if (dial == NULL || dial->fd < 0 ||
	    getpeername(dial->fd, (struct sockaddr *)&peer, &len) != 0)
		return -1;
	return dial->fd;
}
