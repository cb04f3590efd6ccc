#include "worker/smtp/io.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"

enum {
	SMTP_IO_READ = 16384, /* octets asked for at once; a reply is far shorter */
	SMTP_IO_READS = 4,    /* at most in one turn of the loop: nobody may keep us here */
	SMTP_IO_VECTORS = 64  /* pieces of output given to the kernel at once */
};

struct smtp_io {
	int fd;
	struct evbuffer *input;
	struct evbuffer *output;
	struct event *readable; /* persistent, always pending until the end */
	struct event *writable; /* pending while the socket takes no more */
	struct event *timer;    /* pending until some moment not behind the deadline */
	int64_t deadline_ms;    /* monotonic; 0: none */
	int64_t timer_ms;       /* when the timer fires; 0: not pending */
	uint64_t sent;
	int write_error; /* errno of a failed write; reported once the input is read dry */
	bool expired;    /* smtp_io_expire() was called */
	bool ended;      /* trouble() was called */
	const struct smtp_io_events *events;
	void *arg;
};

enum smtp_io_got { SMTP_IO_GOT_ALL, SMTP_IO_GOT_PART, SMTP_IO_GOT_END, SMTP_IO_GOT_ERROR };

static void
smtp_io_trouble(struct smtp_io *io, enum smtp_trouble trouble, int error)
{
	io->ended = true;
	event_del(io->readable);
	event_del(io->writable);
	event_del(io->timer);
	io->events->trouble(trouble, error, io->arg);
}

/* What the socket holds, as far as one turn may take; errno is set with ERROR. */
static enum smtp_io_got
smtp_io_receive(struct smtp_io *io)
{
	char data[SMTP_IO_READ];

	for (int i = 0; i < SMTP_IO_READS; i++) {
		ssize_t n = recv(io->fd, data, sizeof(data), 0);

		if (n > 0) {
			if (evbuffer_add(io->input, data, (size_t)n) != 0)
				log_die("out of memory");
			/* After a failed write the end is wanted, not only the present. */
			if ((size_t)n < sizeof(data) && io->write_error == 0)
				return SMTP_IO_GOT_ALL;
		} else if (n == 0) {
			return SMTP_IO_GOT_END;
		} else if (errno == EAGAIN) {
			return SMTP_IO_GOT_ALL;
		} else if (errno != EINTR) {
			return SMTP_IO_GOT_ERROR;
		}
	}
	return SMTP_IO_GOT_PART;
}

/* How it stands with the peer when a write has failed before. */
static enum smtp_io_got
smtp_io_got_after_write_error(const struct smtp_io *io, enum smtp_io_got got, int *error)
{
	/* EPIPE only repeats that the peer closed; other errors say more than the end does. */
	if (got == SMTP_IO_GOT_PART || got == SMTP_IO_GOT_ERROR ||
	    (got == SMTP_IO_GOT_END && io->write_error == EPIPE))
		return got;
	*error = io->write_error;
	return SMTP_IO_GOT_ERROR;
}

/*
 * What has arrived is always heard before the end of the connection is reported. received() may
 * free the io, so the end is left to the next turn whenever there was something to hear.
 */
static void
smtp_io_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct smtp_io *io = arg;
	size_t before = evbuffer_get_length(io->input);
	enum smtp_io_got got;
	int error;

	if (io->expired) {
		smtp_io_trouble(io, SMTP_TROUBLE_TIMEOUT, 0);
		return;
	}
	got = smtp_io_receive(io);
	error = errno;
	if (io->write_error != 0)
		got = smtp_io_got_after_write_error(io, got, &error);
	if (evbuffer_get_length(io->input) > before || (what & EV_TIMEOUT)) {
		if (got == SMTP_IO_GOT_ERROR && io->write_error == 0)
			io->write_error = error;
		if (got != SMTP_IO_GOT_ALL)
			event_active(io->readable, EV_READ, 0);
		io->events->received(io->arg);
	} else if (got == SMTP_IO_GOT_END) {
		smtp_io_trouble(io, SMTP_TROUBLE_CLOSED, 0);
	} else if (got == SMTP_IO_GOT_ERROR) {
		smtp_io_trouble(io, SMTP_TROUBLE_LOST, error);
	}
}

/* True when something left; a hard error is kept for the next turn. */
static bool
smtp_io_send(struct smtp_io *io)
{
	bool moved = false;

	while (evbuffer_get_length(io->output) > 0 && io->write_error == 0) {
		struct evbuffer_iovec pieces[SMTP_IO_VECTORS];
		int count = evbuffer_peek(io->output, -1, NULL, pieces, SMTP_IO_VECTORS);
		struct msghdr message = {0};
		size_t wanted = 0;
		ssize_t n;

		if (count > SMTP_IO_VECTORS)
			count = SMTP_IO_VECTORS;
		for (int i = 0; i < count; i++)
			wanted += pieces[i].iov_len;
		message.msg_iov = (struct iovec *)pieces;
		message.msg_iovlen = (size_t)count;
		n = sendmsg(io->fd, &message, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			io->write_error = errno;
			event_active(io->readable, EV_READ, 0);
			break;
		}
		moved = true;
		io->sent += (uint64_t)n;
		evbuffer_drain(io->output, (size_t)n);
		if ((size_t)n < wanted)
			break;
	}
	return moved;
}

static void
smtp_io_want_write(struct smtp_io *io)
{
	bool wants = evbuffer_get_length(io->output) > 0 && io->write_error == 0;

	if (wants && event_add(io->writable, NULL) != 0)
		log_die("event_add failed");
}

static void
smtp_io_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct smtp_io *io = arg;
	bool moved = smtp_io_send(io);

	smtp_io_want_write(io);
	if (moved)
		io->events->written(io->arg);
}

void
smtp_io_flush(struct smtp_io *io)
{
	if (io->ended || event_pending(io->writable, EV_WRITE, NULL))
		return;
	smtp_io_send(io);
	smtp_io_want_write(io);
}

static void
smtp_io_start_timer(struct smtp_io *io, int64_t now_ms)
{
	int64_t wait = io->deadline_ms > now_ms ? io->deadline_ms - now_ms : 0;
	struct timeval tv = {.tv_sec = wait / 1000, .tv_usec = (wait % 1000) * 1000};

	if (event_add(io->timer, &tv) != 0)
		log_die("event_add failed");
	io->timer_ms = io->deadline_ms;
}

static void
smtp_io_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct smtp_io *io = arg;
	int64_t now = clock_mono_ms();

	io->timer_ms = 0;
	if (io->deadline_ms == 0)
		return;
	if (io->deadline_ms > now)
		smtp_io_start_timer(io, now);
	else
		smtp_io_trouble(io, SMTP_TROUBLE_TIMEOUT, 0);
}

/*
 * A deadline moves with every reply and is nearly never met: the timer is left where it is as long
 * as it does not fire too late, and looks again when it fires.
 */
void
smtp_io_set_deadline(struct smtp_io *io, int64_t ms)
{
	int64_t now;

	if (ms == 0 || io->ended) {
		io->deadline_ms = 0;
		return;
	}
	now = clock_mono_ms();
	io->deadline_ms = now + ms;
	if (io->timer_ms == 0 || io->timer_ms > io->deadline_ms)
		smtp_io_start_timer(io, now);
}

void
smtp_io_expire(struct smtp_io *io)
{
	if (io->ended)
		return;
	io->expired = true;
	event_active(io->readable, EV_READ, 0);
}

void
smtp_io_poke(struct smtp_io *io)
{
	if (!io->ended)
		event_active(io->readable, EV_TIMEOUT, 0);
}

struct evbuffer *
smtp_io_input(struct smtp_io *io)
{
	return io->input;
}

struct evbuffer *
smtp_io_output(struct smtp_io *io)
{
	return io->output;
}

size_t
smtp_io_pending(const struct smtp_io *io)
{
	return evbuffer_get_length(io->output);
}

uint64_t
smtp_io_sent(const struct smtp_io *io)
{
	return io->sent;
}

struct smtp_io *
smtp_io_new(struct event_base *base, int fd, const struct smtp_io_events *events, void *arg)
{
	struct smtp_io *io = alloc_new(struct smtp_io);
	int on = 1;

	io->fd = fd;
	io->events = events;
	io->arg = arg;
	io->input = evbuffer_new();
	io->output = evbuffer_new();
	io->readable = event_new(base, fd, EV_READ | EV_PERSIST, smtp_io_on_readable, io);
	io->writable = event_new(base, fd, EV_WRITE, smtp_io_on_writable, io);
	io->timer = event_new(base, -1, 0, smtp_io_on_timer, io);
	if (io->input == NULL || io->output == NULL || io->readable == NULL ||
	    io->writable == NULL || io->timer == NULL || event_add(io->readable, NULL) != 0)
		log_die("out of memory");
	/* Without it the end of a message waits 40 ms for an acknowledgement; a UNIX socket has
	 * none. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return io;
}

void
smtp_io_free(struct smtp_io **io)
{
	if (*io == NULL)
		return;
	event_free((*io)->readable);
	event_free((*io)->writable);
	event_free((*io)->timer);
	evbuffer_free((*io)->input);
	evbuffer_free((*io)->output);
	close((*io)->fd);
	free(*io);
	*io = NULL;
}
