#include "worker/link.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/channel.h"
#include "common/frame.h"
#include "common/log.h"

enum { LINK_FLUSH_MS = 1000, LINK_LOG_MOST = 4000 };

struct link {
	struct event_base *base;
	struct channel *channel;
	struct event *tick;
	struct link_role role;
	bool helloed;
};

static void
link_send(struct link *link, const struct wire_writer *writer)
{
	channel_send(link->channel, writer, -1);
}

/* The log's sink: a packet of its own, so that a line may be logged while another is built. */
static void
link_log(enum log_level level, const char *line, void *arg)
{
	unsigned char packet[LINK_LOG_MOST + 64];
	struct proto_log log = {.level = (uint8_t)level, .text = slice_of(line)};
	struct wire_writer writer;

	if (log.text.len > LINK_LOG_MOST)
		log.text.len = LINK_LOG_MOST;
	frame_begin(&writer, packet, sizeof(packet), FRAME_LOG);
	proto_hello_put_log(&writer, &log);
	link_send(arg, &writer);
}

static bool
link_on_frame(struct channel *channel, struct frame *frame, void *arg)
{
	struct link *link = arg;

	(void)channel;
	if (!link->helloed)
		return false;
	if (frame->type != FRAME_RETIRE)
		return link->role.frame(frame, link->role.arg);
	if (!proto_hello_get_retire(&frame->body))
		return false;
	link->role.retire(link->role.arg);
	return true;
}

/* Whatever is in flight ends here: the master, or the next one, knows what was not answered. */
static void
link_on_gone(struct channel *channel, const char *reason, void *arg)
{
	(void)channel;
	(void)reason;
	(void)arg;
	_exit(EX_UNAVAILABLE);
}

static const struct channel_handlers link_handlers = {.frame = link_on_frame, .gone = link_on_gone};

static uint64_t
link_time_us(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

static void
link_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;
	struct proto_stat stat = {0};
	struct wire_writer writer;
	struct rusage usage;

	(void)fd;
	(void)what;
	link->role.stat(&stat, link->role.arg);
	if (getrusage(RUSAGE_SELF, &usage) == 0) {
		/* The peak, in KiB: what is resident now takes a file to find out. */
		stat.memory = (uint64_t)usage.ru_maxrss * 1024;
		stat.cpu_us = link_time_us(&usage.ru_utime) + link_time_us(&usage.ru_stime);
	}
	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_STAT);
	proto_hello_put_stat(&writer, &stat);
	link_send(link, &writer);
}

struct link *
link_new(struct event_base *base, int fd)
{
	struct link *link = alloc_new(struct link);

	link->base = base;
	link->channel = channel_new(base, fd, &link_handlers, link);
	link->tick = event_new(base, -1, EV_PERSIST, link_on_tick, link);
	log_set_sink(link_log, link);
	return link;
}

void
link_free(struct link **link)
{
	if (*link == NULL)
		return;
	log_set_sink(NULL, NULL);
	channel_flush((*link)->channel, LINK_FLUSH_MS);
	event_free((*link)->tick);
	channel_free(&(*link)->channel);
	free(*link);
	*link = NULL;
}

struct channel *
link_channel(struct link *link)
{
	return link->channel;
}

void
link_hello(struct link *link, const struct link_role *role, const struct proto_hello *hello)
{
	struct timeval second = {.tv_sec = 1};
	struct wire_writer writer;

	link->role = *role;
	link->helloed = true;
	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_HELLO);
	proto_hello_put(&writer, hello);
	link_send(link, &writer);
	event_add(link->tick, &second);
}

void
link_leave(struct link *link)
{
	event_base_loopbreak(link->base);
}
