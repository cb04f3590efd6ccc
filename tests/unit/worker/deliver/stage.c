#include "tests/unit/worker/deliver/stage.h"

#include <arpa/inet.h>
#include <check.h>
#include <event2/event.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/channel.h"
#include "common/clock.h"
#include "common/crc32c.h"
#include "common/frame.h"
#include "common/proto/session.h"
#include "common/settings/bundle.h"
#include "common/why.h"
#include "tests/unit/common/settings/fixture.h"
#include "tests/unit/worker/resolve/packet.h"
#include "tests/unit/worker/resolve/server.h"
#include "worker/deliver/deliver.h"
#include "worker/resolve/resolve.h"

enum { STAGE_PATIENCE_MS = 20000 };

static const char stage_message[] = "Subject: test\r\n\r\nhello\r\n";

/* Behind the stage, so that tests see only what they use. */
struct stage_all {
	struct stage stage; /* first */
	struct fixture fixture;
	struct settings_bundle bundle;
	struct server *dns;
	struct event *tick;
	struct arena *arena;
};

static const struct {
	const char *name;
	enum resolve_type type; /* 0: the name is asked in vain, see text */
	unsigned preference;
	const char *text;
} stage_zone[] = {
    {"one.test", RESOLVE_MX, 10, "mx.one.test"},
    {"mx.one.test", RESOLVE_A, 0, "192.0.2.10"},
    {"two.test", RESOLVE_MX, 10, "a.two.test"},
    {"two.test", RESOLVE_MX, 20, "b.two.test"},
    {"a.two.test", RESOLVE_A, 0, "192.0.2.20"},
    {"a.two.test", RESOLVE_A, 0, "192.0.2.21"},
    {"b.two.test", RESOLVE_A, 0, "192.0.2.22"},
    {"null.test", RESOLVE_MX, 0, "."},
    {"servfail.test", 0, 0, "servfail"},
    {"silent.test", 0, 0, "silent"},
    {"v6only.test", RESOLVE_MX, 10, "mx.v6only.test"},
    {"mx.v6only.test", RESOLVE_AAAA, 0, "2001:db8::10"},
    {"dual.test", RESOLVE_MX, 10, "mx.dual.test"},
    {"mx.dual.test", RESOLVE_A, 0, "192.0.2.30"},
    {"mx.dual.test", RESOLVE_AAAA, 0, "2001:db8::30"},
    {"loop.test", RESOLVE_MX, 10, "mx.loop.test"},
    {"mx.loop.test", RESOLVE_A, 0, "127.0.0.1"},
    {"loopfirst.test", RESOLVE_MX, 10, "mx.loop.test"},
    {"loopfirst.test", RESOLVE_MX, 20, "mx.one.test"},
    {"self.test", RESOLVE_MX, 10, "mail.example.org"},
    {"self.test", RESOLVE_MX, 20, "mx.one.test"},
    {"selfsecond.test", RESOLVE_MX, 10, "mx.one.test"},
    {"selfsecond.test", RESOLVE_MX, 20, "out.example.org"},
    {"selfsecond.test", RESOLVE_MX, 30, "b.two.test"},
    {"ownaddress.test", RESOLVE_MX, 10, "own.test"},
    {"ownaddress.test", RESOLVE_MX, 20, "mx.one.test"},
    {"own.test", RESOLVE_A, 0, "192.0.2.200"},
    {"implicit.test", RESOLVE_A, 0, "192.0.2.10"},
    {"deadfirst.test", RESOLVE_MX, 10, "nothing.test"},
    {"deadfirst.test", RESOLVE_MX, 20, "mx.one.test"},
    {"deadall.test", RESOLVE_MX, 10, "nothing.test"},
    {"badfirst.test", RESOLVE_MX, 10, "servfail.test"},
    {"badfirst.test", RESOLVE_MX, 20, "mx.one.test"},
    {"empty.test", RESOLVE_MX, 10, "alone.test"},
    {"alone.test", RESOLVE_TXT, 0, ""},
    {"away.test", RESOLVE_MX, 10, "mx.away.test"},
    {"mx.away.test", RESOLVE_A, 0, "198.51.100.1"},
};

static void
stage_answer_record(const struct server_question *q, struct packet *reply, size_t i)
{
	struct in6_addr wire;
	size_t place;

	if (q->type == RESOLVE_A) {
		packet_a(reply, q->name, 60, stage_zone[i].text);
	} else if (q->type == RESOLVE_MX) {
		packet_mx(reply, q->name, 60, stage_zone[i].preference, stage_zone[i].text);
	} else {
		inet_pton(AF_INET6, stage_zone[i].text, &wire);
		place = packet_record(reply, PACKET_ANSWER, q->name, q->type, 60);
		packet_bytes(reply, &wire, sizeof(wire));
		packet_end(reply, place);
	}
}

static enum server_act
stage_answer(const struct server_question *q, struct packet *reply, void *arg)
{
	bool exists = false;

	packet_begin(reply, q->id, 0, q->name, q->type);
	for (size_t i = 0; i < sizeof(stage_zone) / sizeof(stage_zone[0]); i++) {
		if (strcmp(stage_zone[i].name, q->name) != 0)
			continue;
		exists = true;
		if (stage_zone[i].type == q->type)
			stage_answer_record(q, reply, i);
		if (stage_zone[i].type == 0 && strcmp(stage_zone[i].text, "silent") == 0)
			return SERVER_SILENCE;
		if (stage_zone[i].type == 0)
			packet_begin(reply, q->id, 2, q->name, q->type);
	}
	if (!exists) {
		packet_begin(reply, q->id, 3, q->name, q->type);
		packet_soa(reply, 40, 20);
	}
	return SERVER_REPLY;
}

static bool
stage_build_addresses(int v4, int v6)
{
	struct ifreq request = {.ifr_name = "lo"};
	struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
	/* Valgrind takes it for as long as the other. */
	union {
		struct in6_ifreq v6;
		struct ifreq v4;
	} six;

	if (ioctl(v4, SIOCGIFFLAGS, &request) != 0)
		return false;
	memset(&six, 0, sizeof(six));
	six.v6.ifr6_prefixlen = 128;
	request.ifr_flags |= IFF_UP;
	if (ioctl(v4, SIOCSIFFLAGS, &request) != 0 || ioctl(v4, SIOCGIFINDEX, &request) != 0)
		return false;
	six.v6.ifr6_ifindex = request.ifr_ifindex;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "lo:1");
	address->sin_family = AF_INET;
	address->sin_port = 0;
	address->sin_addr.s_addr = htonl(0xc0000201);
	if (ioctl(v4, SIOCSIFADDR, &request) != 0)
		return false;
	/* Of a loopback interface the whole net is local. */
	address->sin_addr.s_addr = htonl(0xffffff00);
	if (ioctl(v4, SIOCSIFNETMASK, &request) != 0)
		return false;
	for (unsigned n = 1; n < 64; n++) {
		char text[32];

		snprintf(text, sizeof(text), "2001:db8::%u", n);
		inet_pton(AF_INET6, text, &six.v6.ifr6_addr);
		if (v6 >= 0 && ioctl(v6, SIOCSIFADDR, &six) != 0)
			return false;
	}
	return true;
}

bool
stage_build(void)
{
	int v4;
	int v6;
	bool good;

	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return false;
	v4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	v6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	good = v4 >= 0 && v6 >= 0 && stage_build_addresses(v4, v6);
	close(v4);
	close(v6);
	return good;
}

static void
stage_copy(char *to, size_t room, struct slice text)
{
	snprintf(to, room, "%.*s", SLICE_ARG(text));
}

static void
stage_on_result(struct stage *stage, struct wire_reader *reader)
{
	struct arena *arena = arena_new();
	struct proto_result result;

	ck_assert(proto_result_get(reader, arena, &result));
	for (size_t i = 0; i < result.recipient_count; i++) {
		struct stage_result *to = &stage->results[stage->result_count++];

		ck_assert_uint_le(stage->result_count, STAGE_RECORDS);
		for (struct stage_result *old = stage->results; old < to; old++)
			ck_assert(old->job != result.job || old->id != result.recipients[i].id);
		to->job = result.job;
		to->id = result.recipients[i].id;
		to->outcome = result.recipients[i].outcome;
		to->session = result.facts.session;
		to->reused = result.facts.reused;
		stage_copy(to->reply, sizeof(to->reply), to->outcome.reply);
		stage_copy(to->host, sizeof(to->host), result.facts.host);
		stage_copy(to->remote, sizeof(to->remote), result.facts.remote_ip);
		stage_copy(to->source, sizeof(to->source), result.facts.source_ip);
		stage_copy(to->ehlo, sizeof(to->ehlo), result.facts.ehlo);
		to->outcome.reply = slice_of(to->reply);
	}
	arena_free(&arena);
}

static void
stage_on_done(struct stage *stage, struct wire_reader *reader)
{
	struct stage_done *to = &stage->dones[stage->done_count++];
	struct proto_done done;

	ck_assert_uint_le(stage->done_count, STAGE_RECORDS);
	ck_assert(proto_result_get_done(reader, &done));
	for (struct stage_done *old = stage->dones; old < to; old++)
		ck_assert_uint_ne(old->job, done.job);
	to->job = done.job;
	to->kind = done.kind;
	stage_copy(to->hosts, sizeof(to->hosts), done.hosts);
}

static void
stage_on_session(struct stage *stage, struct wire_reader *reader)
{
	struct proto_session session;

	ck_assert(proto_session_get(reader, &session));
	if (session.event == PROTO_SESSION_CLOSED) {
		stage->closed++;
		return;
	}
	/* For a job that has not ended. */
	ck_assert_uint_gt(session.job, 0);
	for (size_t i = 0; i < stage->done_count; i++)
		ck_assert_uint_ne(stage->dones[i].job, session.job);
	ck_assert_uint_gt(session.id, stage->last_opened);
	stage->last_opened = session.id;
	stage->opened++;
}

static bool
stage_on_master_frame(struct channel *channel, struct frame *frame, void *arg)
{
	struct stage *stage = arg;

	if (frame->type == FRAME_RESULT)
		stage_on_result(stage, &frame->body);
	else if (frame->type == FRAME_DONE)
		stage_on_done(stage, &frame->body);
	else if (frame->type == FRAME_SESSION)
		stage_on_session(stage, &frame->body);
	else if (frame->type == FRAME_DOT)
		stage->dots++;
	else
		ck_abort_msg("%s is nothing a role says", frame_name(frame->type));
	return true;
}

static bool
stage_on_worker_frame(struct channel *channel, struct frame *frame, void *arg)
{
	struct stage *stage = arg;

	if (!deliver_frame(stage->deliver, frame))
		stage->refused = true;
	return true;
}

static void
stage_on_gone(struct channel *channel, const char *reason, void *arg)
{
	ck_abort_msg("the channel is gone: %s", reason);
}

static const struct channel_handlers stage_master = {.frame = stage_on_master_frame,
						     .gone = stage_on_gone};
static const struct channel_handlers stage_worker = {.frame = stage_on_worker_frame,
						     .gone = stage_on_gone};

static void
stage_on_tick(evutil_socket_t fd, short what, void *arg)
{
}

struct stage *
stage_new(const char *text)
{
	static const char common[] = "server.hostname = \"mail.example.org\"\n"
				     "server.own-addresses = [\"192.0.2.200\"]\n"
				     "resolver.timeout = \"2s\"\n"
				     "resolver.attempts = 1\n";
	struct stage_all *all = calloc(1, sizeof(*all));
	struct stage *stage = &all->stage;
	struct timeval often = {.tv_usec = 20000};
	struct str config = {0};
	struct why why = {0};
	int fds[2];

	str_printf(&config, "%s%s", common, text);
	all->fixture = fixture_load_good(str_c(&config));
	str_free(&config);
	all->arena = arena_new();
	stage->base = event_base_new();
	all->tick = event_new(stage->base, -1, EV_PERSIST, stage_on_tick, NULL);
	event_add(all->tick, &often);
	all->dns = server_new(stage->base, stage_answer, stage);
	all->bundle.settings = all->fixture.settings;
	all->bundle.hostname = "machine.example.org";
	memcpy(&all->bundle.servers[0].sa, server_address(all->dns),
	       sizeof(all->bundle.servers[0].sa));
	all->bundle.server_count = 1;
	ck_assert(channel_pair(fds));
	stage->master = channel_new(stage->base, fds[0], &stage_master, stage);
	stage->worker = channel_new(stage->base, fds[1], &stage_worker, stage);
	stage->deliver = deliver_new(stage->base, &all->bundle, stage->worker, &why);
	ck_assert_msg(stage->deliver != NULL, "%s", why.text);
	return stage;
}

void
stage_turn(struct stage *stage)
{
	event_base_loop(stage->base, EVLOOP_ONCE);
}

void
stage_settle(struct stage *stage)
{
	int64_t until = clock_mono_ms() + 60;

	while (clock_mono_ms() < until)
		stage_turn(stage);
}

void
stage_on_drained(void *arg)
{
	struct stage *stage = arg;

	ck_assert(!stage->drained);
	stage->drained = true;
}

void
stage_free(struct stage **stage)
{
	struct stage_all *all = (struct stage_all *)*stage;
	int64_t since = clock_mono_ms();

	if ((*stage)->deliver == NULL)
		(*stage)->drained = true;
	else
		deliver_retire((*stage)->deliver, stage_on_drained, *stage);
	while (!(*stage)->drained || (*stage)->closed < (*stage)->opened) {
		ck_assert_msg(clock_mono_ms() - since < STAGE_PATIENCE_MS, "it does not drain");
		stage_turn(*stage);
	}
	ck_assert_uint_eq((*stage)->closed, (*stage)->opened);
	deliver_free(&(*stage)->deliver);
	for (size_t i = 0; i < 256; i++)
		peer_free(&(*stage)->peers[i]);
	for (size_t i = 0; i < (*stage)->fd_count; i++)
		close((*stage)->fds[i]);
	server_free(&all->dns);
	channel_free(&(*stage)->master);
	channel_free(&(*stage)->worker);
	event_free(all->tick);
	event_base_free((*stage)->base);
	fixture_free(&all->fixture);
	arena_free(&all->arena);
	free(all);
	*stage = NULL;
}

struct peer *
stage_peer(struct stage *stage, unsigned n)
{
	char address[32];

	snprintf(address, sizeof(address), "192.0.2.%u", n);
	if (stage->peers[n] == NULL)
		stage->peers[n] = peer_new(stage->base, address);
	return stage->peers[n];
}

struct peer *
stage_peer_v6(struct stage *stage, unsigned n)
{
	char address[32];

	snprintf(address, sizeof(address), "2001:db8::%u", n);
	if (stage->peers[128 + n] == NULL)
		stage->peers[128 + n] = peer_new(stage->base, address);
	return stage->peers[128 + n];
}

struct proto_job
stage_job(struct stage *stage, const char *domain, size_t recipients)
{
	static const uint64_t deliveries[1] = {7};
	struct arena *arena = ((struct stage_all *)stage)->arena;
	struct proto_job_recipient *list = arena_array(arena, recipients, sizeof(*list));

	for (size_t i = 0; i < recipients; i++) {
		list[i].id = i;
		list[i].address = slice_of(arena_printf(arena, "user%zu@%s", i, domain));
	}
	return (struct proto_job){.id = ++stage->next_id,
				  .parts = 1,
				  .permit = PROTO_PERMIT_OPEN,
				  .domain = slice_of(domain),
				  .message = 99,
				  .sender = slice_of("sender@example.org"),
				  .size = sizeof(stage_message) - 1,
				  .crc32c = crc32c(0, stage_message, sizeof(stage_message) - 1),
				  .attempt_ms = 15000,
				  .delivery_count = 1,
				  .deliveries = deliveries,
				  .recipient_count = recipients,
				  .recipients = list,
				  .body = slice_of(stage_message)};
}

void
stage_send(struct stage *stage, const struct proto_job *job, int fd)
{
	struct wire_writer writer;

	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_JOB);
	proto_job_put(&writer, job);
	wire_put_slice(&writer, job->body);
	ck_assert(channel_send(stage->master, &writer, fd));
}

void
stage_send_pieces(struct stage *stage, struct proto_job job, struct slice body, size_t piece)
{
	job.size = body.len;
	job.crc32c = crc32c(0, body.data, body.len);
	job.body = (struct slice){body.data, body.len < piece ? body.len : piece};
	stage_send(stage, &job, -1);
	for (size_t at = job.body.len; at < body.len; at += piece) {
		struct slice next = {body.data + at, body.len - at < piece ? body.len - at : piece};
		struct wire_writer writer;

		frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_BODY);
		proto_job_put_body(&writer, job.id, at);
		wire_put_slice(&writer, next);
		ck_assert(channel_send(stage->master, &writer, -1));
	}
}

void
stage_wait_done(struct stage *stage, size_t dones)
{
	int64_t since = clock_mono_ms();

	while (stage->done_count < dones) {
		ck_assert_msg(clock_mono_ms() - since < STAGE_PATIENCE_MS, "no DONE");
		stage_turn(stage);
	}
	ck_assert_uint_eq(stage->done_count, dones);
}

void
stage_wait_closed(struct stage *stage, size_t closed)
{
	int64_t since = clock_mono_ms();

	while (stage->closed < closed) {
		ck_assert_msg(clock_mono_ms() - since < STAGE_PATIENCE_MS, "nothing closed");
		stage_turn(stage);
	}
}

const struct stage_result *
stage_deliver(struct stage *stage, const char *domain)
{
	struct proto_job job = stage_job(stage, domain, 1);
	size_t results = stage->result_count;

	stage_send(stage, &job, -1);
	stage_wait_done(stage, stage->done_count + 1);
	ck_assert_uint_eq(stage->result_count, results + 1);
	return &stage->results[results];
}

void
stage_close_idle(struct stage *stage, uint64_t id)
{
	struct proto_close close_frame = {.id = id};
	struct wire_writer writer;

	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_CLOSE);
	proto_session_put_close(&writer, &close_frame);
	ck_assert(channel_send(stage->master, &writer, -1));
}
