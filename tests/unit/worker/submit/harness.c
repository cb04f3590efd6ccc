#include "tests/unit/worker/submit/harness.h"

#include <arpa/inet.h>
#include <check.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/channel.h"
#include "common/crc32c.h"
#include "common/frame.h"
#include "common/netaddr.h"

enum { HARNESS_PATIENCE_MS = 10000 };

static struct netaddr_prefix harness_loopback;

static void
harness_send(struct harness *harness, struct wire_writer *writer, int fd)
{
	ck_assert(channel_send(harness->master, writer, fd));
}

void
harness_lend(struct harness *harness, bool large, uint64_t ticket)
{
	struct proto_segment segment = {
	    .id = harness->segment_count++, .large = large, .ticket = ticket};
	struct harness_segment *at = &harness->segments[segment.id];
	char path[] = "/tmp/postrider-submit-XXXXXX";
	struct wire_writer writer;
	int fd;

	ck_assert_uint_lt(segment.id, HARNESS_SEGMENTS);
	at->fd = mkstemp(path);
	at->large = large;
	at->foreign = harness->lend_fd >= 0;
	fd = harness->lend_fd >= 0 ? dup(harness->lend_fd) : open(path, O_WRONLY | O_APPEND);
	ck_assert_int_ge(fd, 0);
	unlink(path);
	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_SEGMENT);
	proto_submit_put_segment(&writer, &segment);
	harness_send(harness, &writer, fd);
	close(fd);
}

void
harness_accept(struct harness *harness, uint64_t ticket)
{
	struct proto_accept accept = {.ticket = ticket, .message = ticket + 1000};
	struct wire_writer writer;

	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_ACCEPT);
	proto_submit_put_accept(&writer, &accept);
	harness_send(harness, &writer, -1);
}

void
harness_refuse(struct harness *harness, uint64_t ticket, uint16_t code, const char *text)
{
	struct proto_refuse refuse = {.ticket = ticket,
				      .code = code,
				      .enhanced = {(uint16_t)(code / 100), 7, 1},
				      .text = slice_of(text)};
	struct wire_writer writer;

	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_REFUSE);
	proto_submit_put_refuse(&writer, &refuse);
	harness_send(harness, &writer, -1);
}

/* What a master must be able to rely on: the bytes are in the file, and the measures are theirs. */
static void
harness_check_body(struct harness *harness, const struct proto_submit *fields,
		   struct harness_submit *record)
{
	struct harness_segment *segment = &harness->segments[fields->segment];
	char *data = str_reserve(&record->body, (size_t)fields->size);

	ck_assert_uint_lt(fields->segment, harness->segment_count);
	ck_assert(!segment->sealed);
	ck_assert_uint_ge(fields->offset, segment->end);
	segment->end = fields->offset + fields->size;
	ck_assert_int_eq(pread(segment->fd, data, (size_t)fields->size, (off_t)fields->offset),
			 (ssize_t)fields->size);
	record->body.len = (size_t)fields->size;
	data[fields->size] = '\0';
	ck_assert_uint_eq(crc32c(0, data, (size_t)fields->size), fields->crc32c);
	ck_assert(strncmp(data, "Received: from ", 15) == 0);
	ck_assert_int_eq(segment->large, fields->size > 256 * 1024);
}

static bool
harness_take_submit(struct harness *harness, struct frame *frame)
{
	struct harness_submit *record = &harness->submits[harness->submit_count];
	struct arena *arena = arena_new();
	struct proto_submit fields;

	ck_assert_uint_lt(harness->submit_count, HARNESS_SUBMITS);
	ck_assert(proto_submit_get(&frame->body, arena, &fields));
	if (harness->open == 0) {
		harness_check_body(harness, &fields, record);
		str_bytes(&record->sender, fields.sender.data, fields.sender.len);
		str_bytes(&record->client, fields.client.data, fields.client.len);
	}
	ck_assert(harness->open == 0 || record->ticket == fields.ticket);
	record->ticket = fields.ticket;
	record->fields = fields;
	for (size_t i = 0; i < fields.recipient_count; i++) {
		str_bytes(&record->recipients, fields.recipients[i].address.data,
			  fields.recipients[i].address.len);
		str_char(&record->recipients, ' ');
	}
	record->recipient_count += fields.recipient_count;
	harness->open = fields.more ? 1 : 0;
	if (!fields.more) {
		harness->submit_count++;
		if (harness->accept)
			harness_accept(harness, fields.ticket);
	}
	arena_free(&arena);
	return true;
}

static bool
harness_take_sealed(struct harness *harness, struct frame *frame)
{
	struct harness_segment *segment;
	struct proto_sealed sealed;

	ck_assert(proto_submit_get_sealed(&frame->body, &sealed));
	ck_assert_uint_lt(sealed.id, harness->segment_count);
	segment = &harness->segments[sealed.id];
	ck_assert(!segment->sealed);
	segment->sealed = true;
	segment->bytes = sealed.bytes;
	if (!segment->foreign)
		ck_assert_int_eq(lseek(segment->fd, 0, SEEK_END), (off_t)sealed.bytes);
	harness->sealed++;
	if (harness->lend && !segment->large)
		harness_lend(harness, false, 0);
	return true;
}

static bool
harness_on_master_frame(struct channel *channel, struct frame *frame, void *arg)
{
	struct harness *harness = arg;
	struct proto_want want;

	(void)channel;
	if (frame->type == FRAME_SUBMIT)
		return harness_take_submit(harness, frame);
	if (frame->type == FRAME_SEALED)
		return harness_take_sealed(harness, frame);
	ck_assert_int_eq(frame->type, FRAME_WANT);
	ck_assert(proto_submit_get_want(&frame->body, &want));
	harness->wants++;
	harness->want = want.ticket;
	if (harness->lend)
		harness_lend(harness, true, want.ticket);
	return true;
}

static bool
harness_on_worker_frame(struct channel *channel, struct frame *frame, void *arg)
{
	struct harness *harness = arg;

	(void)channel;
	if (submit_frame(harness->submit, frame))
		return true;
	harness->bad = true;
	return false;
}

static void
harness_on_gone(struct channel *channel, const char *reason, void *arg)
{
	(void)channel;
	(void)reason;
	(void)arg;
}

static const struct channel_handlers harness_master_handlers = {.frame = harness_on_master_frame,
								.gone = harness_on_gone};
static const struct channel_handlers harness_worker_handlers = {.frame = harness_on_worker_frame,
								.gone = harness_on_gone};

struct harness *
harness_new(void)
{
	struct harness *harness = alloc_new(struct harness);
	int fds[2];

	harness->base = event_base_new();
	ck_assert(channel_pair(fds));
	harness->worker = channel_new(harness->base, fds[0], &harness_worker_handlers, harness);
	harness->master = channel_new(harness->base, fds[1], &harness_master_handlers, harness);
	ck_assert(netaddr_parse_prefix(slice_of("127.0.0.0/8"), &harness_loopback));
	harness->accept = true;
	harness->lend = true;
	harness->lend_fd = -1;
	harness->config = (struct submit_config){
	    .hostname = "mx.test.example",
	    .max_size = 8 * 1024 * 1024,
	    .max_recipients = 1000,
	    .max_connections = 100,
	    .timeout_ms = 60000,
	    .memory = 64 * 1024 * 1024,
	    .networks = &harness_loopback,
	    .network_count = 1,
	};
	return harness;
}

static int
harness_listen_tcp(struct harness *harness)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(listen(fd, 128), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	harness->port = ntohs(address.sin_port);
	return fd;
}

static struct sockaddr_un
harness_unix_address(const struct harness *harness)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", harness->unix_path);
	return address;
}

void
harness_start(struct harness *harness)
{
	struct sockaddr_un address;
	int fds[2];

	snprintf(harness->unix_path, sizeof(harness->unix_path), "/tmp/postrider-submit-%d.sock",
		 (int)getpid());
	unlink(harness->unix_path);
	address = harness_unix_address(harness);
	fds[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fds[0], (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fds[0], 128), 0);
	fds[1] = harness_listen_tcp(harness);
	harness->submit = submit_new(harness->base, &harness->config, harness->worker, fds, 2);
	if (harness->lend)
		harness_lend(harness, false, 0);
}

void
harness_free(struct harness *harness)
{
	submit_free(&harness->submit);
	channel_free(&harness->worker);
	channel_free(&harness->master);
	event_base_free(harness->base);
	unlink(harness->unix_path);
	for (uint64_t i = 0; i < harness->segment_count; i++)
		close(harness->segments[i].fd);
	for (size_t i = 0; i < HARNESS_SUBMITS; i++) {
		str_free(&harness->submits[i].sender);
		str_free(&harness->submits[i].recipients);
		str_free(&harness->submits[i].client);
		str_free(&harness->submits[i].body);
	}
	free(harness);
}

static void
harness_on_alarm(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

void
harness_until(struct harness *harness, bool (*done)(void *arg), void *arg)
{
	struct timeval patience = {.tv_sec = HARNESS_PATIENCE_MS / 1000};
	bool late = false;
	struct event *alarm = evtimer_new(harness->base, harness_on_alarm, &late);

	event_add(alarm, &patience);
	while (!done(arg)) {
		ck_assert_msg(!late, "what was waited for did not come");
		ck_assert_int_ge(event_base_loop(harness->base, EVLOOP_ONCE), 0);
	}
	event_free(alarm);
}

struct harness_count {
	const size_t *at;
	size_t want;
};

static bool
harness_has_count(void *arg)
{
	struct harness_count *count = arg;

	return *count->at >= count->want;
}

void
harness_until_submits(struct harness *harness, size_t count)
{
	harness_until(harness, harness_has_count,
		      &(struct harness_count){&harness->submit_count, count});
}

void
harness_until_sealed(struct harness *harness, size_t count)
{
	harness_until(harness, harness_has_count, &(struct harness_count){&harness->sealed, count});
}

static bool
harness_is_drained(void *arg)
{
	return ((struct harness *)arg)->drained;
}

void
harness_until_drained(struct harness *harness)
{
	harness_until(harness, harness_is_drained, harness);
}

void
harness_turn(struct harness *harness)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(harness->base, EVLOOP_NONBLOCK);
}
