#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/channel.h"
#include "common/frame.h"
#include "tests/unit/unit.h"

enum { PATIENCE_S = 20, MANY = 3000, FDS_EVERY = 50, BIG = 60000 };

struct end;
typedef bool (*end_fn)(struct end *end, uint64_t number, struct frame *frame);

struct end {
	struct channel *channel;
	struct event_base *base;
	struct end *other;
	uint64_t next;     /* number expected */
	unsigned fds;      /* descriptors that came with the right content */
	unsigned gone;     /* how often */
	unsigned drained;  /* the same */
	bool free_in_gone; /* and in drained */
	end_fn fn;
	char reason[128];
	bool first;       /* it began to talk */
	uint64_t stop_at; /* leaves the loop when next gets here; 0: never */
};

static bool
on_frame(struct channel *channel, struct frame *frame, void *arg)
{
	struct end *end = arg;
	uint64_t number = wire_get_u64(&frame->body);

	ck_assert_ptr_eq(channel, end->channel);
	ck_assert_uint_eq(end->gone, 0);
	ck_assert_uint_eq(number, end->next);
	end->next++;
	if (frame->fd >= 0 && end->fn == NULL) {
		uint64_t inside = 0;

		ck_assert_int_eq(pread(frame->fd, &inside, 8, 0), 8);
		ck_assert_uint_eq(inside, number);
		end->fds++;
	}
	if (end->stop_at != 0 && end->next == end->stop_at)
		event_base_loopbreak(end->base);
	return end->fn == NULL || end->fn(end, number, frame);
}

static void
on_gone(struct channel *channel, const char *reason, void *arg)
{
	struct end *end = arg;

	ck_assert_ptr_eq(channel, end->channel);
	end->gone++;
	snprintf(end->reason, sizeof(end->reason), "%s", reason);
	if (end->free_in_gone)
		channel_free(&end->channel);
	event_base_loopbreak(end->base);
}

static void
on_drained(struct channel *channel, void *arg)
{
	struct end *end = arg;

	ck_assert_uint_eq(channel_queued(channel), 0);
	end->drained++;
	if (end->free_in_gone)
		channel_free(&end->channel);
}

static const struct channel_handlers handlers = {
    .frame = on_frame, .gone = on_gone, .drained = on_drained};

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	ck_abort_msg("nothing happens");
}

/* Two ends in one loop; ends[1] is a bare socket when raw. */
struct pair {
	struct event_base *base;
	struct event *limit;
	struct end ends[2];
	int raw;
};

static struct pair *
pair_new(bool raw)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	struct timeval patience = {.tv_sec = PATIENCE_S};
	int fds[2];

	pair->base = event_base_new();
	pair->limit = event_new(pair->base, -1, 0, on_limit, NULL);
	event_add(pair->limit, &patience);
	ck_assert(channel_pair(fds));
	pair->raw = raw ? fds[1] : -1;
	for (int i = 0; i < (raw ? 1 : 2); i++) {
		pair->ends[i].base = pair->base;
		pair->ends[i].other = &pair->ends[1 - i];
		pair->ends[i].channel = channel_new(pair->base, fds[i], &handlers, &pair->ends[i]);
	}
	return pair;
}

static void
pair_free(struct pair *pair)
{
	channel_free(&pair->ends[0].channel);
	channel_free(&pair->ends[1].channel);
	if (pair->raw >= 0)
		close(pair->raw);
	event_free(pair->limit);
	event_base_free(pair->base);
	free(pair);
}

static bool
send_fd(struct end *end, uint64_t number, size_t padding, int fd)
{
	struct wire_writer writer;

	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_STAT);
	wire_put_u64(&writer, number);
	if (padding > 0)
		memset(wire_put_space(&writer, padding), 'x', padding);
	return channel_send(end->channel, &writer, fd);
}

static bool
send_number(struct end *end, uint64_t number)
{
	return send_fd(end, number, 0, -1);
}

static int
number_file(uint64_t number)
{
	int fd = memfd_create("number", MFD_CLOEXEC);

	ck_assert_int_eq(pwrite(fd, &number, 8, 0), 8);
	return fd;
}

static int
open_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* The queue begins behind what the socket takes: both paths are walked. */
START_TEST(test_order_and_descriptors)
{
	struct pair *pair = pair_new(false);
	int before = open_fds();

	for (uint64_t i = 0; i < MANY; i++) {
		int fd = i % FDS_EVERY == 0 ? number_file(i) : -1;

		ck_assert(send_fd(&pair->ends[0], i, i % 7 == 0 ? BIG : i % 100, fd));
		if (fd >= 0)
			close(fd);
	}
	ck_assert_uint_gt(channel_queued(pair->ends[0].channel), 256);
	ck_assert_uint_eq(pair->ends[1].next, 0);
	pair->ends[1].stop_at = MANY;
	event_base_dispatch(pair->base);
	ck_assert_uint_eq(pair->ends[1].next, MANY);
	ck_assert_uint_eq(pair->ends[1].fds, MANY / FDS_EVERY);
	event_base_loop(pair->base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(pair->ends[0].drained, 1);
	ck_assert_uint_eq(pair->ends[0].gone + pair->ends[1].gone, 0);
	ck_assert_int_eq(open_fds(), before);
	pair_free(pair);
}
END_TEST

START_TEST(test_drained_is_owed_once)
{
	struct pair *pair = pair_new(false);
	uint64_t sent = 0;

	/* Below the mark nothing is owed. */
	channel_pause(pair->ends[1].channel, true);
	while (channel_queued(pair->ends[0].channel) < 200)
		ck_assert(send_fd(&pair->ends[0], sent++, BIG, -1));
	event_base_loop(pair->base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(pair->ends[1].next, 0);
	channel_pause(pair->ends[1].channel, false);
	pair->ends[1].stop_at = sent;
	event_base_dispatch(pair->base);
	event_base_loop(pair->base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(pair->ends[0].drained, 0);
	/* Twice over it, two times owed. */
	for (unsigned round = 1; round <= 2; round++) {
		while (channel_queued(pair->ends[0].channel) < 300)
			ck_assert(send_fd(&pair->ends[0], sent++, BIG, -1));
		pair->ends[1].stop_at = sent;
		event_base_dispatch(pair->base);
		event_base_loop(pair->base, EVLOOP_NONBLOCK);
		ck_assert_uint_eq(pair->ends[0].drained, round);
	}
	pair_free(pair);
}
END_TEST

START_TEST(test_drained_may_free_and_flush_owes_it)
{
	struct pair *pair = pair_new(false);
	uint64_t sent = 0;

	while (channel_queued(pair->ends[0].channel) < 300)
		ck_assert(send_fd(&pair->ends[0], sent++, BIG, -1));
	/* Nobody reads: the time passes, nothing is lost. */
	channel_flush(pair->ends[0].channel, 1);
	ck_assert_uint_ge(channel_queued(pair->ends[0].channel), 299);
	pair->ends[0].free_in_gone = true;
	pair->ends[1].stop_at = sent;
	event_base_dispatch(pair->base);
	while (pair->ends[1].gone == 0)
		event_base_loop(pair->base, EVLOOP_ONCE);
	ck_assert_uint_eq(pair->ends[0].drained, 1);
	ck_assert_ptr_null(pair->ends[0].channel);
	ck_assert_uint_eq(pair->ends[1].next, sent);
	pair_free(pair);
}
END_TEST

START_TEST(test_too_large_is_not_sent)
{
	static char room[WIRE_PACKET_MAX + 100];
	struct pair *pair = pair_new(false);
	struct wire_writer writer;

	frame_begin(&writer, room, sizeof(room), FRAME_STAT);
	wire_put_u64(&writer, 0);
	ck_assert_ptr_nonnull(wire_put_space(&writer, WIRE_PACKET_MAX - 14));
	ck_assert_uint_eq(writer.len, WIRE_PACKET_MAX);
	ck_assert(channel_send(pair->ends[0].channel, &writer, -1));
	wire_put_u8(&writer, 0);
	ck_assert(!writer.failed);
	ck_assert(!channel_send(pair->ends[0].channel, &writer, -1));
	frame_begin(&writer, room, 20, FRAME_STAT);
	ck_assert_ptr_null(wire_put_space(&writer, 100));
	ck_assert(!channel_send(pair->ends[0].channel, &writer, -1));
	ck_assert(send_number(&pair->ends[0], 1));
	pair->ends[1].stop_at = 2;
	event_base_dispatch(pair->base);
	ck_assert_uint_eq(pair->ends[1].gone, 0);
	pair_free(pair);
}
END_TEST

static void
raw_send(int fd, const void *data, size_t len, unsigned fds)
{
	char control[CMSG_SPACE(8 * sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)data, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fds > 0) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds * sizeof(int));
		for (unsigned i = 0; i < fds; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &fd, sizeof(fd));
	}
	ck_assert_int_eq(sendmsg(fd, &msg, MSG_NOSIGNAL), (ssize_t)len);
}

static bool
refuse(struct end *end, uint64_t number, struct frame *frame)
{
	return number != 1;
}

static const struct {
	const char *data;
	size_t len;
	unsigned fds;
	const char *reason;
} bad_packets[] = {
    {"\x02\x02", 2, 0, "bad frame"},              /* version */
    {"\x00\x02", 2, 0, "bad frame"},              /* version */
    {"\x01\x00", 2, 0, "bad frame"},              /* type */
    {"\x01\xff", 2, 0, "bad frame"},              /* type */
    {"\x01", 1, 0, "bad frame"},                  /* no type */
    {NULL, WIRE_PACKET_MAX + 1, 0, "bad frame"},  /* too long */
    {NULL, WIRE_PACKET_MAX + 90, 0, "bad frame"}, /* cut by the kernel */
    {"\x01\x02\0\0\0\0\0\0\0\0", 10, 8, "bad frame"},
};

START_TEST(test_bad_packets)
{
	static char zeroes[WIRE_PACKET_MAX + 100];
	struct pair *pair = pair_new(true);
	int before = open_fds();

	zeroes[0] = FRAME_VERSION;
	zeroes[1] = FRAME_STAT;
	pair->ends[0].free_in_gone = _i % 2;
	raw_send(pair->raw, bad_packets[_i].data ? bad_packets[_i].data : zeroes,
		 bad_packets[_i].len, bad_packets[_i].fds);
	raw_send(pair->raw, zeroes, 10, 0);
	event_base_dispatch(pair->base);
	ck_assert_uint_eq(pair->ends[0].gone, 1);
	ck_assert_uint_eq(pair->ends[0].next, 0);
	ck_assert_int_eq(strncmp(pair->ends[0].reason, bad_packets[_i].reason, 9), 0);
	ck_assert_int_eq(open_fds(), before - 1);
	if (pair->ends[0].channel != NULL) {
		ck_assert_int_eq(channel_fd(pair->ends[0].channel), -1);
		ck_assert(!send_number(&pair->ends[0], 0));
		channel_pause(pair->ends[0].channel, true);
		channel_pause(pair->ends[0].channel, false);
		channel_flush(pair->ends[0].channel, 10);
	}
	pair_free(pair);
}
END_TEST

START_TEST(test_refused_by_the_owner)
{
	struct pair *pair = pair_new(false);

	pair->ends[1].fn = refuse;
	for (uint64_t i = 0; i < 5; i++)
		ck_assert(send_number(&pair->ends[0], i));
	while (pair->ends[1].gone == 0 || pair->ends[0].gone == 0)
		event_base_dispatch(pair->base);
	ck_assert_uint_eq(pair->ends[1].next, 2);
	ck_assert_uint_eq(pair->ends[1].gone, 1);
	ck_assert_str_eq(pair->ends[1].reason, "bad frame");
	ck_assert_str_eq(pair->ends[0].reason, "closed by the other end");
	pair_free(pair);
}
END_TEST

static bool
on_looked(struct channel *channel, struct frame *frame, void *arg)
{
	struct end *end = arg;

	ck_assert_int_ge(frame->fd, 0);
	end->fds = (unsigned)open_fds();
	event_base_loopbreak(end->base);
	return true;
}

/* One descriptor is handed over, what else came is closed. */
START_TEST(test_more_descriptors_than_one)
{
	static const struct channel_handlers lookers = {.frame = on_looked, .gone = on_gone};
	struct pair *pair = pair_new(true);
	int before = open_fds();
	int copy = dup(channel_fd(pair->ends[0].channel));

	channel_free(&pair->ends[0].channel);
	pair->ends[0].channel = channel_new(pair->base, copy, &lookers, &pair->ends[0]);
	raw_send(pair->raw, "\x01\x02\0\0\0\0\0\0\0\0", 10, 3);
	event_base_dispatch(pair->base);
	ck_assert_uint_eq(pair->ends[0].fds, (unsigned)before + 1);
	ck_assert_int_eq(open_fds(), before);
	pair_free(pair);
}
END_TEST

static bool
free_here(struct end *end, uint64_t number, struct frame *frame)
{
	if (number == 2) {
		channel_free(&end->channel);
		event_base_loopbreak(end->base);
	}
	return number != 2 || frame->type != FRAME_LOG;
}

START_TEST(test_free_inside_frame)
{
	struct pair *pair = pair_new(false);

	pair->ends[1].fn = free_here;
	for (uint64_t i = 0; i < 5; i++)
		ck_assert(send_fd(&pair->ends[0], i, 0, 0));
	pair->ends[1].fds = 0;
	event_base_dispatch(pair->base);
	ck_assert_uint_eq(pair->ends[1].next, 3);
	ck_assert_uint_eq(pair->ends[1].gone, 0);
	while (pair->ends[0].gone == 0)
		event_base_dispatch(pair->base);
	pair_free(pair);
}
END_TEST

static bool
pause_here(struct end *end, uint64_t number, struct frame *frame)
{
	if (number == 1) {
		channel_pause(end->channel, true);
		event_base_loopbreak(end->base);
	}
	return true;
}

START_TEST(test_pause_inside_frame)
{
	struct pair *pair = pair_new(false);

	pair->ends[1].fn = pause_here;
	for (uint64_t i = 0; i < 10; i++)
		ck_assert(send_number(&pair->ends[0], i));
	event_base_dispatch(pair->base);
	event_base_loop(pair->base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(pair->ends[1].next, 2);
	pair->ends[1].stop_at = 10;
	channel_pause(pair->ends[1].channel, false);
	event_base_dispatch(pair->base);
	ck_assert_uint_eq(pair->ends[1].next, 10);
	pair_free(pair);
}
END_TEST

static bool
answer(struct end *end, uint64_t number, struct frame *frame)
{
	if (number < 500)
		ck_assert(send_number(end, number + end->first));
	return true;
}

START_TEST(test_send_inside_frame)
{
	struct pair *pair = pair_new(false);

	pair->ends[0].fn = pair->ends[1].fn = answer;
	pair->ends[0].first = true;
	pair->ends[1].stop_at = 501;
	ck_assert(send_number(&pair->ends[0], 0));
	event_base_dispatch(pair->base);
	ck_assert_uint_eq(pair->ends[0].next, 500);
	pair_free(pair);
}
END_TEST

/*
 * The peer ends with frames of ours unread: what it had sent is delivered all the same, whether we
 * were silent, had sent something, or still have a queue (bits of _i).
 */
START_TEST(test_death_loses_nothing)
{
	struct pair *pair = pair_new(false);
	uint64_t sent = 0;

	pair->ends[0].free_in_gone = _i & 1;
	if (_i & 2)
		ck_assert(send_number(&pair->ends[0], sent++));
	if (_i & 4)
		while (channel_queued(pair->ends[0].channel) < 300)
			ck_assert(send_fd(&pair->ends[0], sent++, BIG, -1));
	for (uint64_t i = 0; i < 200; i++)
		ck_assert(send_number(&pair->ends[1], i));
	channel_free(&pair->ends[1].channel);
	if (_i & 8)
		ck_assert(!send_number(&pair->ends[0], sent) || _i & 4);
	event_base_dispatch(pair->base);
	ck_assert_uint_eq(pair->ends[0].next, 200);
	ck_assert_uint_eq(pair->ends[0].gone, 1);
	ck_assert_uint_eq(pair->ends[0].drained, 0);
	ck_assert_str_eq(pair->ends[0].reason, "closed by the other end");
	if (pair->ends[0].channel != NULL)
		ck_assert(!send_number(&pair->ends[0], sent));
	pair_free(pair);
}
END_TEST

START_TEST(test_no_descriptor_to_wait_with)
{
	struct pair *pair = pair_new(false);
	struct rlimit old;
	struct rlimit low;
	uint64_t sent = 0;

	while (channel_queued(pair->ends[0].channel) < 5)
		ck_assert(send_fd(&pair->ends[0], sent++, BIG, -1));
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = 4;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	ck_assert(!send_fd(&pair->ends[0], sent, 0, 0));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert_uint_eq(channel_queued(pair->ends[0].channel), 5);
	pair->ends[1].stop_at = sent;
	event_base_dispatch(pair->base);
	pair_free(pair);
}
END_TEST

START_TEST(test_peer_is_known)
{
	struct pair *pair = pair_new(false);
	pid_t pid;
	uid_t uid;
	gid_t gid;

	ck_assert(channel_peer(pair->ends[0].channel, &pid, &uid, &gid));
	ck_assert_int_eq(pid, getpid());
	ck_assert_uint_eq(uid, getuid());
	pair_free(pair);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("channel");
	TCase *tcase = tcase_create("channel");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_order_and_descriptors);
	tcase_add_test(tcase, test_drained_is_owed_once);
	tcase_add_test(tcase, test_drained_may_free_and_flush_owes_it);
	tcase_add_test(tcase, test_too_large_is_not_sent);
	tcase_add_loop_test(tcase, test_bad_packets, 0,
			    sizeof(bad_packets) / sizeof(bad_packets[0]));
	tcase_add_test(tcase, test_refused_by_the_owner);
	tcase_add_test(tcase, test_more_descriptors_than_one);
	tcase_add_test(tcase, test_free_inside_frame);
	tcase_add_test(tcase, test_pause_inside_frame);
	tcase_add_test(tcase, test_send_inside_frame);
	tcase_add_loop_test(tcase, test_death_loses_nothing, 0, 16);
	tcase_add_test(tcase, test_no_descriptor_to_wait_with);
	tcase_add_test(tcase, test_peer_is_known);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite)
