#include "common/channel.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/frame.h"
#include "common/list.h"

enum {
	CHANNEL_SNDBUF = 4 * 1024 * 1024,
	CHANNEL_BURST = 64, /* frames read before other events get their turn */
};

/* A frame that waits for room in the socket. */
struct channel_item {
	struct list link;
	int fd; /* a duplicate, or -1 */
	size_t len;
	unsigned char data[];
};

struct channel {
	int fd; /* -1 once gone */
	const struct channel_handlers *handlers;
	void *arg;
	struct event *read_event;
	struct event *write_event; /* pending while items wait */
	struct list items;
	size_t item_count;
	bool over_high_water;
	bool paused;
	bool deaf;   /* the peer takes nothing any more; what it has sent is still to be read */
	bool *freed; /* set while a callback runs: tells it that the channel was freed inside */
};

static unsigned char channel_in[WIRE_PACKET_MAX + 1];
static unsigned char channel_out[WIRE_PACKET_MAX];

void *
channel_packet(void)
{
	return channel_out;
}

void
channel_tune(int fd)
{
	int size = CHANNEL_SNDBUF;

	/* Above net.core.wmem_max only with CAP_NET_ADMIN; without it, as large as allowed. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

bool
channel_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
		return false;
	channel_tune(fds[0]);
	channel_tune(fds[1]);
	return true;
}

static void
channel_drop_items(struct channel *channel)
{
	struct channel_item *item;
	struct channel_item *after;

	list_each_safe (item, after, &channel->items, link) {
		list_remove(&item->link);
		if (item->fd >= 0)
			close(item->fd);
		free(item);
	}
	channel->item_count = 0;
}

/* The one door out of the open state. */
static void
channel_close(struct channel *channel, const char *reason)
{
	if (channel->fd < 0)
		return;
	event_free(channel->read_event);
	event_free(channel->write_event);
	close(channel->fd);
	channel->fd = -1;
	channel_drop_items(channel);
	if (reason != NULL)
		channel->handlers->gone(channel, reason, channel->arg);
}

void
channel_free(struct channel **channel)
{
	if (*channel == NULL)
		return;
	channel_close(*channel, NULL);
	if ((*channel)->freed != NULL)
		*(*channel)->freed = true;
	free(*channel);
	*channel = NULL;
}

/* The descriptor of a received message, -1 for none; more than one is closed. */
static int
channel_received_fd(struct msghdr *msg)
{
	int found = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (found >= 0)
				close(found);
			found = fd;
		}
	}
	return found;
}

/* Reads one packet: its length, 0 when there is none now, -1 with a reason. */
static ssize_t
channel_receive(struct channel *channel, int *fd, const char **reason)
{
	alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(4 * sizeof(int))];
	struct iovec iov = {channel_in, sizeof(channel_in)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t len = recvmsg(channel->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	*fd = -1;
	/* A peer that ended with frames of ours unread: the kernel says so once, before it hands
	 * out what the peer had sent. */
	if (len < 0 && errno == ECONNRESET)
		len = recvmsg(channel->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len <= 0) {
		*reason = len == 0 ? "closed by the other end" : strerror(errno);
		return -1;
	}
	*fd = channel_received_fd(&msg);
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || (size_t)len > WIRE_PACKET_MAX) {
		if (*fd >= 0)
			close(*fd);
		*reason = "bad frame: packet or descriptor was cut";
		return -1;
	}
	return len;
}

/* Hands one packet to the owner; false when the channel must not be touched any more. */
static bool
channel_deliver(struct channel *channel, size_t len, int fd)
{
	struct frame frame;
	bool freed = false;
	bool good;

	channel->freed = &freed;
	good = frame_parse(&frame, channel_in, len, fd) &&
	       channel->handlers->frame(channel, &frame, channel->arg);
	if (frame.fd >= 0)
		close(frame.fd);
	if (freed)
		return false;
	channel->freed = NULL;
	if (!good)
		channel_close(channel, "bad frame");
	return good && channel->fd >= 0;
}

static void
channel_on_read(evutil_socket_t socket, short what, void *arg)
{
	struct channel *channel = arg;

	(void)socket;
	(void)what;
	for (int i = 0; i < CHANNEL_BURST; i++) {
		const char *reason = NULL;
		int fd;
		ssize_t len = channel_receive(channel, &fd, &reason);

		if (len < 0)
			channel_close(channel, reason);
		if (len <= 0 || !channel_deliver(channel, (size_t)len, fd) || channel->paused)
			return;
	}
}

/* 1: sent, 0: no room now, -1: see errno. */
static int
channel_transmit(struct channel *channel, const void *data, size_t len, int fd)
{
	alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)data, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	if (sendmsg(channel->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return 1;
	/* ETOOMANYREFS: too many descriptors under way; they drain as the peer reads. */
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ETOOMANYREFS ? 0
											      : -1;
}

/* False when there is no descriptor left to keep fd in. */
static bool
channel_enqueue(struct channel *channel, const void *data, size_t len, int fd)
{
	int copy = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
	struct channel_item *item;

	if (fd >= 0 && copy < 0)
		return false;
	item = alloc_resize(NULL, sizeof(*item) + len, 1);
	item->len = len;
	memcpy(item->data, data, len);
	item->fd = copy;
	list_append(&channel->items, &item->link);
	if (channel->item_count++ == 0)
		event_add(channel->write_event, NULL);
	if (channel->item_count >= CHANNEL_HIGH_WATER)
		channel->over_high_water = true;
	return true;
}

static bool
channel_is_peer_gone(int error)
{
	return error == EPIPE || error == ECONNRESET || error == ECONNREFUSED || error == ENOTCONN;
}

/* Sends what the socket takes; false when it takes no more for ever, see errno. */
static bool
channel_drain(struct channel *channel)
{
	while (channel->item_count > 0) {
		struct channel_item *item = list_first(&channel->items, struct channel_item, link);
		int sent = channel_transmit(channel, item->data, item->len, item->fd);

		if (sent <= 0)
			return sent == 0;
		list_remove(&item->link);
		channel->item_count--;
		if (item->fd >= 0)
			close(item->fd);
		free(item);
	}
	return true;
}

/*
 * Nobody reads at the other end. What came from there before is worth having, so gone() is left to
 * the reader, who finds the end behind it.
 */
static void
channel_go_deaf(struct channel *channel)
{
	channel->deaf = true;
	channel->over_high_water = false;
	channel_drop_items(channel);
	event_del(channel->write_event);
}

static void
channel_on_write(evutil_socket_t socket, short what, void *arg)
{
	struct channel *channel = arg;

	(void)socket;
	(void)what;
	if (!channel_drain(channel)) {
		if (channel_is_peer_gone(errno))
			channel_go_deaf(channel);
		else
			channel_close(channel, strerror(errno));
		return;
	}
	if (channel->item_count > 0)
		return;
	event_del(channel->write_event);
	if (!channel->over_high_water)
		return;
	channel->over_high_water = false;
	if (channel->handlers->drained != NULL)
		channel->handlers->drained(channel, channel->arg);
}

struct channel *
channel_new(struct event_base *base, int fd, const struct channel_handlers *handlers, void *arg)
{
	struct channel *channel = alloc_new(struct channel);

	channel->fd = fd;
	channel->handlers = handlers;
	channel->arg = arg;
	list_init(&channel->items);
	channel->read_event = event_new(base, fd, EV_READ | EV_PERSIST, channel_on_read, channel);
	channel->write_event =
	    event_new(base, fd, EV_WRITE | EV_PERSIST, channel_on_write, channel);
	event_add(channel->read_event, NULL);
	return channel;
}

bool
channel_send(struct channel *channel, const struct wire_writer *writer, int fd)
{
	if (writer->failed || writer->len > WIRE_PACKET_MAX || channel->fd < 0 || channel->deaf)
		return false;
	if (channel->item_count == 0) {
		int sent = channel_transmit(channel, writer->data, writer->len, fd);

		if (sent > 0)
			return true;
		if (sent < 0 && channel_is_peer_gone(errno)) {
			channel_go_deaf(channel);
			return false;
		}
	}
	/* Any other trouble is found again by the event: gone() is never called from here. */
	return channel_enqueue(channel, writer->data, writer->len, fd);
}

size_t
channel_queued(const struct channel *channel)
{
	return channel->item_count;
}

void
channel_pause(struct channel *channel, bool pause)
{
	channel->paused = pause;
	if (channel->fd < 0)
		return;
	if (pause)
		event_del(channel->read_event);
	else
		event_add(channel->read_event, NULL);
}

void
channel_flush(struct channel *channel, int timeout_ms)
{
	int64_t until = clock_mono_ms() + timeout_ms;

	while (channel->fd >= 0 && channel->item_count > 0) {
		struct pollfd poller = {.fd = channel->fd, .events = POLLOUT};
		int64_t left = until - clock_mono_ms();

		if (left < 0 || poll(&poller, 1, (int)left) <= 0 || !channel_drain(channel))
			return;
	}
}

int
channel_fd(const struct channel *channel)
{
	return channel->fd;
}

bool
channel_peer(const struct channel *channel, pid_t *pid, uid_t *uid, gid_t *gid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (channel->fd < 0 || getsockopt(channel->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return false;
	*pid = cred.pid;
	*uid = cred.uid;
	*gid = cred.gid;
	return true;
}
