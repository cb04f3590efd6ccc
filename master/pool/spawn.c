#include "master/pool/spawn.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/list.h"
#include "common/log.h"
#include "master/pool/spawner.h"

/* A request that waits to be sent, then for its answer. */
struct pool_spawn_call {
	struct list link;
	struct pool_spawner_request request;
	int fds[POOL_SPAWNER_FDS]; /* copies of the caller's, closed when sent */
	pool_spawn_started_fn started;
	pool_spawn_bound_fn bound;
	void *arg;
};

struct pool_spawn {
	struct event *readable;
	struct event *writable; /* pending while unsent is not empty */
	struct pool_spawn_events events;
	struct list unsent;
	struct list unanswered; /* in the order sent, which is the order of the answers */
	uint64_t serial;        /* of the last request */
	int socket;
	bool *freed; /* points into a running callback's frame: set when freed under it */
};

static void
pool_spawn_call_free(struct pool_spawn_call *call)
{
	for (size_t i = 0; i < call->request.fd_count; i++)
		if (call->fds[i] >= 0)
			close(call->fds[i]);
	free(call);
}

static void
pool_spawn_drop(struct list *calls)
{
	struct pool_spawn_call *call;
	struct pool_spawn_call *after;

	list_each_safe (call, after, calls, link) {
		list_remove(&call->link);
		pool_spawn_call_free(call);
	}
}

void
pool_spawn_free(struct pool_spawn **spawn)
{
	struct pool_spawn *old = *spawn;

	*spawn = NULL;
	if (old == NULL)
		return;
	if (old->freed != NULL)
		*old->freed = true;
	event_free(old->readable);
	event_free(old->writable);
	pool_spawn_drop(&old->unsent);
	pool_spawn_drop(&old->unanswered);
	close(old->socket);
	free(old);
}

static void
pool_spawn_lose(struct pool_spawn *spawn, const char *reason)
{
	log_error("the spawner is gone: %s", reason);
	event_del(spawn->readable);
	event_del(spawn->writable);
	pool_spawn_drop(&spawn->unsent);
	pool_spawn_drop(&spawn->unanswered);
	spawn->events.gone(spawn->events.arg);
}

static ssize_t
pool_spawn_send(const struct pool_spawn *spawn, struct pool_spawn_call *call)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * POOL_SPAWNER_FDS)];
	} control = {.bytes = {0}};
	struct iovec data = {.iov_base = &call->request, .iov_len = sizeof(call->request)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
	size_t size = call->request.fd_count * sizeof(int);

	if (size > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(size);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(&control.header), call->fds, size);
	}
	return sendmsg(spawn->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
pool_spawn_sent(struct pool_spawn *spawn, struct pool_spawn_call *call)
{
	for (size_t i = 0; i < call->request.fd_count; i++) {
		close(call->fds[i]);
		call->fds[i] = -1;
	}
	list_remove(&call->link);
	list_append(&spawn->unanswered, &call->link);
}

static void
pool_spawn_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct pool_spawn *spawn = arg;
	struct pool_spawn_call *call;
	struct pool_spawn_call *after;

	list_each_safe (call, after, &spawn->unsent, link) {
		if (pool_spawn_send(spawn, call) < 0) {
			if (errno == EAGAIN || errno == EINTR)
				return;
			pool_spawn_lose(spawn, strerror(errno));
			return;
		}
		pool_spawn_sent(spawn, call);
	}
	event_del(spawn->writable);
}

/* False when the spawn was freed by the callback. */
static bool
pool_spawn_tell(struct pool_spawn *spawn, const struct pool_spawner_answer *answer, int fd)
{
	struct pool_spawn_call *call;
	bool freed = false;

	spawn->freed = &freed;
	if (answer->kind == POOL_SPAWNER_EXITED) {
		spawn->events.exited(answer->pid, answer->status, spawn->events.arg);
	} else {
		call = list_first(&spawn->unanswered, struct pool_spawn_call, link);
		list_remove(&call->link);
		if (call->started != NULL)
			call->started(answer->error, answer->pid, fd, call->arg);
		else if (call->bound != NULL)
			call->bound(answer->error, fd, call->arg);
		pool_spawn_call_free(call);
	}
	if (!freed)
		spawn->freed = NULL;
	return !freed;
}

/* What the spawner says is trusted, but not what a bug may make of it. */
static bool
pool_spawn_is_sound(const struct pool_spawn *spawn, const struct pool_spawner_answer *answer,
		    int fd)
{
	const struct pool_spawn_call *call;
	bool wants_fd = answer->error == 0 &&
			(answer->kind == POOL_SPAWNER_START || answer->kind == POOL_SPAWNER_BIND);

	if ((fd >= 0) != wants_fd)
		return false;
	if (answer->kind == POOL_SPAWNER_EXITED)
		return answer->serial == 0;
	if (list_is_empty(&spawn->unanswered))
		return false;
	call = list_first(&spawn->unanswered, struct pool_spawn_call, link);
	return call->request.serial == answer->serial && call->request.kind == answer->kind;
}

/* Returns 1 for an answer, 0 for nothing now, -1 for the end, with *reason. */
static int
pool_spawn_receive(const struct pool_spawn *spawn, struct pool_spawner_answer *answer, int *fd,
		   const char **reason)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec data = {.iov_base = answer, .iov_len = sizeof(*answer)};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t got = recvmsg(spawn->socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	struct cmsghdr *part = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*fd = -1;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (part != NULL && part->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(part), sizeof(*fd));
	*reason = "it ended";
	if (got == sizeof(*answer) && (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 &&
	    pool_spawn_is_sound(spawn, answer, *fd))
		return 1;
	if (got > 0)
		*reason = "a malformed answer, or no descriptor left for one";
	if (*fd >= 0)
		close(*fd);
	return -1;
}

static void
pool_spawn_on_readable(evutil_socket_t socket, short what, void *arg)
{
	struct pool_spawn *spawn = arg;
	struct pool_spawner_answer answer;
	const char *reason;
	int got;
	int fd;

	/* Until nothing is left, so that deaths are known before anything else of this turn. */
	while ((got = pool_spawn_receive(spawn, &answer, &fd, &reason)) > 0)
		if (!pool_spawn_tell(spawn, &answer, fd))
			return;
	if (got < 0)
		pool_spawn_lose(spawn, reason);
}

struct pool_spawn *
pool_spawn_new(struct event_base *base, int socket, const struct pool_spawn_events *events)
{
	struct pool_spawn *spawn = alloc_new(struct pool_spawn);

	spawn->socket = socket;
	spawn->events = *events;
	list_init(&spawn->unsent);
	list_init(&spawn->unanswered);
	spawn->readable =
	    event_new(base, socket, EV_READ | EV_PERSIST, pool_spawn_on_readable, spawn);
	spawn->writable =
	    event_new(base, socket, EV_WRITE | EV_PERSIST, pool_spawn_on_writable, spawn);
	if (spawn->readable == NULL || spawn->writable == NULL ||
	    event_add(spawn->readable, NULL) < 0)
		log_die("no event for the spawner's socket");
	return spawn;
}

static struct pool_spawn_call *
pool_spawn_ask(struct pool_spawn *spawn, enum pool_spawner_kind kind)
{
	struct pool_spawn_call *call = alloc_new(struct pool_spawn_call);

	call->request.kind = kind;
	call->request.serial = ++spawn->serial;
	list_append(&spawn->unsent, &call->link);
	/* Sent from the loop, in order; after gone() nothing listens and nothing is answered. */
	if (event_pending(spawn->readable, EV_READ, NULL))
		event_add(spawn->writable, NULL);
	return call;
}

static void
pool_spawn_give(struct pool_spawn_call *call, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		log_die("cannot copy a descriptor for the spawner: %s", strerror(errno));
	call->fds[call->request.fd_count++] = copy;
}

void
pool_spawn_start(struct pool_spawn *spawn, const struct pool_spawn_worker *worker,
		 pool_spawn_started_fn fn, void *arg)
{
	struct pool_spawn_call *call = pool_spawn_ask(spawn, POOL_SPAWNER_START);
	struct pool_spawner_start *start = &call->request.start;

	assert(worker->listener_count <= LAUNCH_LISTENERS);
	assert(worker->rules.port_count <= SANDBOX_PORTS);
	start->role = worker->rules.role;
	start->number = worker->number;
	start->uid = worker->uid;
	start->gid = worker->gid;
	start->files = worker->files;
	start->unix_relay = worker->rules.unix_relay;
	start->port_count = (uint32_t)worker->rules.port_count;
	memcpy(start->ports, worker->rules.ports,
	       worker->rules.port_count * sizeof(start->ports[0]));
	pool_spawn_give(call, worker->bundle);
	for (size_t i = 0; i < worker->listener_count; i++)
		pool_spawn_give(call, worker->listeners[i]);
	call->started = fn;
	call->arg = arg;
}

void
pool_spawn_kill(struct pool_spawn *spawn, pid_t pid)
{
	pool_spawn_ask(spawn, POOL_SPAWNER_KILL)->request.pid = pid;
}

void
pool_spawn_bind(struct pool_spawn *spawn, const struct sockaddr *address, socklen_t len,
		mode_t mode, pool_spawn_bound_fn fn, void *arg)
{
	struct pool_spawn_call *call = pool_spawn_ask(spawn, POOL_SPAWNER_BIND);

	assert(len <= sizeof(call->request.bind.address));
	memcpy(&call->request.bind.address, address, len);
	call->request.bind.len = len;
	call->request.bind.mode = mode;
	call->bound = fn;
	call->arg = arg;
}

void
pool_spawn_hold(struct pool_spawn *spawn, int fd)
{
	pool_spawn_give(pool_spawn_ask(spawn, POOL_SPAWNER_HOLD), fd);
}
