#include <event2/event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/channel.h"
#include "common/clock.h"
#include "common/crc32c.h"
#include "common/frame.h"
#include "common/netaddr.h"
#include "tests/unit/unit.h"
#include "tests/unit/worker/deliver/stage.h"
#include "worker/deliver/deliver.h"
#include "worker/link.h"

enum { LARGE = 400 * 1024, SOON_MS = 5000 };

/* Reuse, deadlines, bodies, and the end of the role; what hosts do is in test_hosts.c. */

START_TEST(test_reuse)
{
	struct stage *stage = stage_new("");
	struct peer *peer = stage_peer(stage, 10);
	struct proto_job job;

	ck_assert_int_eq(stage_deliver(stage, "one.test")->outcome.class, OUTCOME_DELIVERED);
	ck_assert(!stage->results[0].reused);
	ck_assert(stage_deliver(stage, "implicit.test")->reused);
	job = stage_job(stage, "one.test", 2);
	job.permit = PROTO_PERMIT_REUSE;
	stage_send(stage, &job, -1);
	stage_wait_done(stage, 3);
	ck_assert_int_eq(stage->dones[2].kind, PROTO_DONE_FINISHED);
	ck_assert_uint_eq(stage->result_count, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(stage->results[i].outcome.class, OUTCOME_DELIVERED);
		ck_assert_uint_eq(stage->results[i].session, stage->last_opened);
	}
	ck_assert_uint_eq(peer_connections(peer), 1);
	ck_assert_uint_eq(stage->opened, 1);
	ck_assert_uint_eq(stage->dots, 3);
	stage_close_idle(stage, stage->last_opened + 1);
	stage_close_idle(stage, stage->last_opened);
	stage_wait_closed(stage, 1);
	stage_settle(stage);
	ck_assert_uint_eq(peer_quits(peer), 1);
	stage_free(&stage);
}
END_TEST

START_TEST(test_reuse_without_a_session)
{
	struct stage *stage = stage_new("");
	struct proto_job job = stage_job(stage, "two.test", 1);
	struct peer *peer = stage_peer(stage, 20);

	job.permit = PROTO_PERMIT_REUSE;
	stage_send(stage, &job, -1);
	stage_wait_done(stage, 1);
	ck_assert_int_eq(stage->dones[0].kind, PROTO_DONE_UNTOUCHED);
	ck_assert_uint_eq(stage->result_count, 0);
	ck_assert_uint_eq(peer_connections(peer), 0);
	stage_free(&stage);
}
END_TEST

START_TEST(test_idle_ends)
{
	struct stage *stage = stage_new("queue.outbound.connection.idle = \"150ms\"\n");
	struct peer *peer = stage_peer(stage, 10);

	stage_deliver(stage, "one.test");
	peer_hang_up(peer);
	stage_wait_closed(stage, 1);
	ck_assert(!stage_deliver(stage, "one.test")->reused);
	stage_wait_closed(stage, 2);
	stage_settle(stage);
	ck_assert_uint_eq(peer_quits(peer), 1);
	ck_assert_uint_eq(stage->opened, 2);
	stage_free(&stage);
}
END_TEST

START_TEST(test_limits_of_a_session)
{
	struct stage *stage = stage_new(_i ? "queue.outbound.connection.max-age = \"150ms\"\n"
					   : "queue.outbound.connection.max-messages = 2\n");
	struct peer *peer = stage_peer(stage, 10);

	stage_deliver(stage, "one.test");
	stage_deliver(stage, "one.test");
	stage_wait_closed(stage, 1);
	stage_deliver(stage, "one.test");
	ck_assert_uint_eq(peer_connections(peer), 2);
	stage_free(&stage);
}
END_TEST

/* What a used session says at MAIL is not about the message. */
static const struct {
	const char *mail;
	const char *rcpt;
	bool reuse_only;
	enum proto_done_kind kind;
	size_t connections;
	size_t results;
} used[] = {
    {"250 ok|451 tired|250 ok", NULL, false, PROTO_DONE_FINISHED, 2, 2},
    {"250 ok|550 never|250 ok", NULL, false, PROTO_DONE_FINISHED, 2, 2},
    {"250 ok|421 bye{CLOSE}|250 ok", NULL, false, PROTO_DONE_FINISHED, 2, 2},
    {"250 ok|CLOSE|250 ok", NULL, false, PROTO_DONE_FINISHED, 2, 2},
    {"250 ok|451 tired", NULL, true, PROTO_DONE_UNTOUCHED, 1, 1},
    {"250 ok|CLOSE", NULL, true, PROTO_DONE_UNTOUCHED, 1, 1},
    {"250 ok", "250 ok|CLOSE", true, PROTO_DONE_FINISHED, 1, 2},
    {"250 ok", "250 ok|450 later", true, PROTO_DONE_FINISHED, 1, 2},
};

START_TEST(test_used_session)
{
	struct stage *stage = stage_new("");
	struct peer *peer = stage_peer(stage, 10);
	struct proto_job job;

	peer_say(peer, PEER_MAIL, used[_i].mail);
	peer_say(peer, PEER_RCPT, used[_i].rcpt);
	stage_deliver(stage, "one.test");
	job = stage_job(stage, "one.test", 1);
	job.permit = used[_i].reuse_only ? PROTO_PERMIT_REUSE : PROTO_PERMIT_OPEN;
	stage_send(stage, &job, -1);
	stage_wait_done(stage, 2);
	ck_assert_int_eq(stage->dones[1].kind, used[_i].kind);
	ck_assert_uint_eq(stage->result_count, used[_i].results);
	ck_assert_uint_eq(peer_connections(peer), used[_i].connections);
	if (!used[_i].reuse_only)
		ck_assert_int_eq(stage->results[1].outcome.class, OUTCOME_DELIVERED);
	else if (used[_i].results == 2)
		ck_assert_int_eq(stage->results[1].outcome.step, OUTCOME_STEP_RCPT);
	stage_free(&stage);
}
END_TEST

/* Too many recipients: further transactions, on this session or, where it ends, on others. */
static const struct {
	const char *rcpt;
	const char *dot;
	size_t recipients;
	size_t dots;
	size_t connections;
	bool reuse_only;
} many[] = {
    {"250 ok|250 ok|452 4.5.3 enough|250 ok", NULL, 5, 2, 1, false},
    {"250 ok|452 enough|452 enough|250 ok", NULL, 3, 3, 1, false},
    {"250 ok|452 4.5.3 enough|250 ok", "250 ok{CLOSE}|250 ok", 3, 2, 2, false},
};

START_TEST(test_too_many_recipients)
{
	struct stage *stage = stage_new("");
	struct peer *peer = stage_peer(stage, 10);
	struct proto_job job = stage_job(stage, "one.test", many[_i].recipients);

	peer_say(peer, PEER_RCPT, many[_i].rcpt);
	peer_say(peer, PEER_DOT, many[_i].dot);
	stage_send(stage, &job, -1);
	stage_wait_done(stage, 1);
	ck_assert_uint_eq(stage->result_count, many[_i].recipients);
	for (size_t i = 0; i < many[_i].recipients; i++)
		ck_assert_int_eq(stage->results[i].outcome.class, OUTCOME_DELIVERED);
	ck_assert_uint_eq(stage->dots, many[_i].dots);
	ck_assert_uint_eq(peer_connections(peer), many[_i].connections);
	stage_free(&stage);
}
END_TEST

/* Some decided, the rest without a connection: the rest may be given to somebody else. */
START_TEST(test_too_many_without_a_permit)
{
	struct stage *stage = stage_new("");
	struct peer *peer = stage_peer(stage, 10);
	struct proto_job job;

	stage_deliver(stage, "one.test");
	peer_say(peer, PEER_RCPT, "250 ok|452 4.5.3 enough");
	peer_say(peer, PEER_DOT, "250 ok{CLOSE}");
	job = stage_job(stage, "one.test", 2);
	job.permit = PROTO_PERMIT_REUSE;
	stage_send(stage, &job, -1);
	stage_wait_done(stage, 2);
	ck_assert_uint_eq(stage->result_count, 2);
	ck_assert_int_eq(stage->dones[1].kind, PROTO_DONE_UNTOUCHED);
	ck_assert_uint_eq(peer_connections(peer), 1);
	stage_free(&stage);
}
END_TEST

/* One host dies in the middle, the next one has a say about those who are undecided only. */
START_TEST(test_next_host_for_the_undecided)
{
	struct stage *stage = stage_new("");
	struct proto_job job = stage_job(stage, "two.test", 3);

	peer_say(stage_peer(stage, 20), PEER_RCPT, "250 ok|550 5.1.1 who|250 ok");
	peer_say(stage_peer(stage, 20), PEER_DATA, "CLOSE");
	peer_say(stage_peer(stage, 22), PEER_RCPT, "250 ok|451 later");
	stage_send(stage, &job, -1);
	stage_wait_done(stage, 1);
	ck_assert_uint_eq(stage->result_count, 3);
	for (size_t i = 0; i < 3; i++) {
		static const enum outcome_class classes[] = {OUTCOME_DELIVERED, OUTCOME_PERMANENT,
							     OUTCOME_TEMPORARY};
		const struct stage_result *result = &stage->results[i];

		ck_assert_int_eq(result->outcome.class, classes[result->id]);
		ck_assert_str_eq(result->host, result->id == 1 ? "a.two.test" : "b.two.test");
		ck_assert_str_eq(result->remote, result->id == 1 ? "192.0.2.20" : "192.0.2.22");
	}
	ck_assert_uint_eq(peer_asked(stage_peer(stage, 22), PEER_RCPT), 2);
	stage_free(&stage);
}
END_TEST

static struct str
large_text(size_t size)
{
	struct str text = {0};

	while (text.len < size)
		str_printf(&text, "line %zu of a long message\r\n", text.len);
	return text;
}

START_TEST(test_pieces)
{
	static const size_t pieces[] = {60000, 1000, 7, 300000};
	struct stage *stage = stage_new("");
	struct peer *peer = stage_peer(stage, 10);
	struct str text = large_text(_i == 2 ? 3000 : _i == 3 ? 40000 : 200000);
	struct slice body = {text.data, text.len};

	stage_send_pieces(stage, stage_job(stage, "one.test", 1), body, pieces[_i]);
	stage_wait_done(stage, 1);
	ck_assert_int_eq(stage->results[0].outcome.class, OUTCOME_DELIVERED);
	ck_assert(slice_equal(peer_message(peer), body));
	ck_assert(!stage->refused);
	str_free(&text);
	stage_free(&stage);
}
END_TEST

/* 0: right; 1: wrong checksum; 2: the file is too short; 3: a byte of the memory is wrong. */
START_TEST(test_bodies_are_checked)
{
	struct stage *stage = stage_new("");
	struct peer *peer = stage_peer(stage, 10);
	struct proto_job job = stage_job(stage, "one.test", 1);
	struct str text = large_text(LARGE);
	int fd = memfd_create("body", MFD_CLOEXEC);

	ck_assert_int_eq(pwrite(fd, text.data, text.len, 10), (ssize_t)text.len);
	if (_i < 3) {
		job.size = text.len + (_i == 2);
		job.offset = 10;
		job.crc32c = crc32c(0, text.data, text.len) + (_i == 1);
		job.body = (struct slice){0};
		stage_send(stage, &job, fd);
	} else {
		job.crc32c++;
		stage_send(stage, &job, -1);
	}
	close(fd);
	stage_wait_done(stage, 1);
	ck_assert_uint_eq(stage->result_count, 1);
	ck_assert_int_eq(stage->results[0].outcome.local, _i != 0);
	if (_i == 0) {
		ck_assert_int_eq(stage->results[0].outcome.class, OUTCOME_DELIVERED);
		ck_assert(slice_equal(peer_message(peer), (struct slice){text.data, text.len}));
	} else {
		ck_assert_int_eq(stage->results[0].outcome.class, OUTCOME_TEMPORARY);
		ck_assert_int_eq(stage->results[0].outcome.step, OUTCOME_STEP_BODY_READ);
		ck_assert_uint_eq(peer_connections(peer), 0);
	}
	str_free(&text);
	stage_free(&stage);
}
END_TEST

/* Each is against the protocol. */
START_TEST(test_bad_frames)
{
	struct stage *stage = stage_new("");
	struct proto_job job = stage_job(stage, "silent.test", 1);
	struct wire_writer writer;
	int fd = -1;

	stage_send(stage, &job, -1);
	if (_i == 1)
		job.id++, job.size = 0, job.body = (struct slice){0};
	if (_i == 2)
		job.id++, job.size = 3;
	if (_i == 3)
		job.id++, fd = 0;
	if (_i == 4)
		job.id++, job.size = PROTO_JOB_BODY_MAX + 1;
	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX,
		    _i == 5   ? FRAME_RESULT
		    : _i == 6 ? FRAME_BODY
			      : FRAME_JOB);
	if (_i == 6) {
		proto_job_put_body(&writer, job.id, 0);
		wire_put_slice(&writer, slice_of("too much"));
	} else {
		proto_job_put(&writer, &job);
		wire_put_slice(&writer, job.body);
	}
	ck_assert(channel_send(stage->master, &writer, fd));
	stage_settle(stage);
	ck_assert(stage->refused);
	stage_wait_done(stage, 1);
	stage_free(&stage);
}
END_TEST

/* A piece that does not follow is refused, one for a job that is over is not. */
START_TEST(test_pieces_out_of_order)
{
	struct stage *stage = stage_new("");
	struct proto_job job = stage_job(stage, "one.test", 1);
	struct wire_writer writer;

	job.size += 100;
	job.attempt_ms = 100;
	stage_send(stage, &job, -1);
	if (_i)
		stage_wait_done(stage, 1);
	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_BODY);
	proto_job_put_body(&writer, job.id, job.body.len + 1);
	wire_put_slice(&writer, slice_of("x"));
	ck_assert(channel_send(stage->master, &writer, -1));
	stage_settle(stage);
	ck_assert_int_eq(stage->refused, _i == 0);
	stage_wait_done(stage, 1);
	ck_assert(stage->results[0].outcome.local);
	stage_free(&stage);
}
END_TEST

/* Where a job stands still, and what its deadline, or a retirement, makes of it there. */
static const struct still {
	const char *name;
	const char *domain;
	enum peer_step step; /* of 192.0.2.10 */
	const char *script;  /* NULL: there is no such server */
	enum outcome_step ends;
	bool used;    /* the session is a used one */
	bool unknown; /* and the outcome */
	bool local;
	bool goes_back; /* on retirement */
} stills[] = {
    {"loading", "one.test", PEER_GREETING, NULL, OUTCOME_STEP_BODY_READ, .local = true,
     .goes_back = true},
    {"routing", "silent.test", PEER_GREETING, NULL, OUTCOME_STEP_MX, .goes_back = true},
    {"connecting", "one.test", PEER_GREETING, "FULL", OUTCOME_STEP_CONNECT, .goes_back = true},
    {"greeting", "one.test", PEER_GREETING, "SILENT", OUTCOME_STEP_GREETING, .used = false},
    {"EHLO", "one.test", PEER_EHLO, "SILENT", OUTCOME_STEP_EHLO, .used = false},
    {"MAIL", "one.test", PEER_MAIL, "SILENT", OUTCOME_STEP_MAIL, .used = false},
    {"MAIL, used", "one.test", PEER_MAIL, "250 ok|SILENT", OUTCOME_STEP_MAIL, .used = true},
    {"RCPT", "one.test", PEER_RCPT, "SILENT", OUTCOME_STEP_RCPT, .used = false},
    {"DATA", "one.test", PEER_DATA, "SILENT", OUTCOME_STEP_DATA, .used = false},
    {"dot", "one.test", PEER_DOT, "SILENT", OUTCOME_STEP_DOT, .unknown = true},
};

/* A listening socket nobody accepts from, whose queue is full: connecting to it takes for ever. */
static void
full_socket(struct stage *stage)
{
	struct netaddr address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ck_assert(netaddr_parse(slice_of("192.0.2.10"), 25, &address));
	ck_assert_int_eq(bind(fd, &address.sa.any, netaddr_len(&address)), 0);
	ck_assert_int_eq(listen(fd, 0), 0);
	for (int i = 0; i < 3; i++) {
		int filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		connect(filler, &address.sa.any, netaddr_len(&address));
		stage->fds[stage->fd_count++] = filler;
	}
	stage->fds[stage->fd_count++] = fd;
}

/* Sends the job that will stand still. */
static void
stand_still(struct stage *stage, const struct still *still, uint32_t attempt_ms, size_t recipients)
{
	struct proto_job job;

	if (still->script != NULL && strcmp(still->script, "FULL") == 0)
		full_socket(stage);
	else if (still->script != NULL)
		peer_say(stage_peer(stage, 10), still->step, still->script);
	if (still->used)
		stage_deliver(stage, "one.test");
	job = stage_job(stage, still->domain, recipients);
	job.attempt_ms = attempt_ms;
	job.size += strcmp(still->name, "loading") == 0;
	stage_send(stage, &job, -1);
}

START_TEST(test_deadline)
{
	const struct still *still = &stills[_i];
	struct stage *stage = stage_new("");
	int64_t began = clock_mono_ms();
	size_t connections;

	stand_still(stage, still, 60, 1);
	stage_wait_done(stage, 1 + still->used);
	ck_assert_int_lt(clock_mono_ms() - began, SOON_MS);
	ck_assert_uint_eq(stage->result_count, 1 + still->used);
	for (size_t i = still->used; i < stage->result_count; i++) {
		const struct outcome *outcome = &stage->results[i].outcome;

		ck_assert_int_eq(outcome->class, OUTCOME_TEMPORARY);
		ck_assert_msg(outcome->step == still->ends, "%s: %s: %s", still->name,
			      outcome_step_name(outcome->step), stage->results[i].reply);
		ck_assert_int_eq(outcome->unknown, still->unknown);
		ck_assert_int_eq(outcome->local, still->local);
	}
	connections = stage->peers[10] ? peer_connections(stage->peers[10]) : 0;
	ck_assert_uint_le(connections, 1);
	stage_settle(stage);
	if (stage->peers[10] != NULL)
		ck_assert_uint_eq(peer_connections(stage->peers[10]), connections);
	stage_free(&stage);
}
END_TEST

/* Those left for the next transaction get no new connection after the deadline either. */
START_TEST(test_deadline_with_recipients_left)
{
	struct stage *stage = stage_new("");
	struct peer *peer = stage_peer(stage, 10);
	struct proto_job job = stage_job(stage, "one.test", 2);

	peer_say(peer, PEER_RCPT, "250 ok|452 4.5.3 enough");
	peer_say(peer, PEER_DOT, "SILENT");
	job.attempt_ms = 60;
	stage_send(stage, &job, -1);
	stage_wait_done(stage, 1);
	stage_settle(stage);
	ck_assert_uint_eq(peer_connections(peer), 1);
	ck_assert_uint_eq(stage->result_count, 2);
	ck_assert_int_eq(stage->results[0].outcome.class, OUTCOME_TEMPORARY);
	ck_assert(stage->results[0].outcome.unknown);
	ck_assert_int_eq(stage->results[1].outcome.class, OUTCOME_TEMPORARY);
	ck_assert(!stage->results[1].outcome.unknown);
	stage_free(&stage);
}
END_TEST

START_TEST(test_retire)
{
	const struct still *still = &stills[_i];
	struct stage *stage = stage_new("");
	struct proto_job job;

	stand_still(stage, still, 1000, 1);
	/* Until it stands still: the question, the connection or the command is out. */
	stage_settle(stage);
	deliver_retire(stage->deliver, stage_on_drained, stage);
	deliver_retire(stage->deliver, stage_on_drained, stage);
	job = stage_job(stage, "one.test", 1);
	stage_send(stage, &job, -1);
	stage_wait_done(stage, 2 + still->used);
	for (size_t i = still->used; i < stage->done_count; i++) {
		bool back = still->goes_back || stage->dones[i].job == job.id;

		ck_assert_msg(stage->dones[i].kind ==
				  (back ? PROTO_DONE_UNTOUCHED : PROTO_DONE_FINISHED),
			      "%s", still->name);
	}
	while (!stage->drained)
		stage_turn(stage);
	/* Too late for anything, and still no reason to do it. */
	job = stage_job(stage, "one.test", 1);
	stage_send(stage, &job, -1);
	stage_wait_done(stage, 3 + still->used);
	ck_assert_int_eq(stage->dones[2 + still->used].kind, PROTO_DONE_UNTOUCHED);
	stage_free(&stage);
}
END_TEST

/* What is idle when the role retires is closed though others are still busy. */
START_TEST(test_retire_closes_what_becomes_idle)
{
	struct stage *stage = stage_new("");
	struct proto_job slow = stage_job(stage, "two.test", 1);
	struct proto_job quick = stage_job(stage, "one.test", 1);

	peer_say(stage_peer(stage, 20), PEER_DOT, "SILENT");
	stage_peer(stage, 10);
	slow.attempt_ms = 1500;
	stage_send(stage, &slow, -1);
	stage_send(stage, &quick, -1);
	while (stage->opened < 2)
		stage_turn(stage);
	deliver_retire(stage->deliver, stage_on_drained, stage);
	stage_wait_done(stage, 1);
	stage_wait_closed(stage, 1);
	ck_assert_uint_eq(stage->dones[0].job, quick.id);
	ck_assert_uint_eq(stage->done_count, 1);
	stage_free(&stage);
}
END_TEST

/* A role that goes with everything in the air. */
START_TEST(test_free_in_the_middle)
{
	struct stage *stage = stage_new("");

	stand_still(stage, &stills[_i], 10000, 1);
	stage_settle(stage);
	ck_assert_uint_eq(stage->done_count, stills[_i].used);
	deliver_free(&stage->deliver);
	stage_free(&stage);
}
END_TEST

/* Eight answers for one step, good ones more often. */
static void
any_words(char *script, size_t size, int step, unsigned *seed)
{
	static const char *const words[] = {
	    "250 ok", "250 ok",        "250 ok",       "450 no",   "550 no",
	    "CLOSE",  "421 no{CLOSE}", "452 4.5.3 no", "nonsense", "250 ok{CLOSE}"};

	*script = '\0';
	for (int i = 0; i < 8; i++) {
		const char *word = words[(unsigned)rand_r(seed) % 10];
		size_t len = strlen(script);

		if (step == PEER_DATA && strncmp(word, "250", 3) == 0)
			word = "354 go";
		snprintf(script + len, size - len, "%s%s", i ? "|" : "", word);
	}
}

/* Random peers: every recipient has one result, every job one DONE, every session one end. */
START_TEST(test_any_history)
{
	struct stage *stage = stage_new("");
	unsigned seed = 7 + (unsigned)_i;
	char scripts[3][PEER_STEPS][256];
	size_t recipients = 0;

	for (unsigned p = 0; p < 3; p++) {
		for (int step = 0; step < PEER_STEPS; step++) {
			char *at = scripts[p][step];

			if (step == PEER_GREETING || step == PEER_EHLO || rand_r(&seed) % 3 == 0)
				continue;
			any_words(at, 256, step, &seed);
			peer_say(stage_peer(stage, 20 + p), (enum peer_step)step, at);
		}
	}
	for (int i = 0; i < 12; i++) {
		size_t count = 1 + (size_t)rand_r(&seed) % 4;
		struct proto_job job = stage_job(stage, "two.test", count);

		if (rand_r(&seed) % 3 == 0)
			job.permit = PROTO_PERMIT_REUSE;
		recipients += count;
		stage_send(stage, &job, -1);
		if (rand_r(&seed) % 2)
			stage_wait_done(stage, (size_t)i + 1);
		else
			while (stage->done_count <= (size_t)i && rand_r(&seed) % 50 > 0)
				stage_turn(stage);
		while (stage->done_count < (size_t)i + 1)
			stage_turn(stage);
	}
	stage_wait_done(stage, 12);
	ck_assert_uint_le(stage->result_count, recipients);
	for (size_t i = 0; i < stage->done_count; i++)
		if (stage->dones[i].kind == PROTO_DONE_UNTOUCHED)
			recipients = 0;
	if (recipients > 0)
		ck_assert_uint_eq(stage->result_count, recipients);
	stage_free(&stage);
}
END_TEST

static bool
no_frame(struct frame *frame, void *arg)
{
	return false;
}

static void
no_retire(void *arg)
{
}

static void
no_stat(struct proto_stat *stat, void *arg)
{
}

/* The master is gone, or sends what is no frame for this role: the process ends at once. */
START_TEST(test_master_gone)
{
	struct link_role role = {.frame = no_frame, .retire = no_retire, .stat = no_stat};
	struct proto_hello hello = {.role = PROTO_ROLE_DELIVER};
	int fds[2];
	int status;
	pid_t pid;

	ck_assert(channel_pair(fds));
	pid = fork();
	if (pid == 0) {
		struct event_base *base = event_base_new();
		struct link *link = link_new(base, fds[1]);

		close(fds[0]);
		link_hello(link, &role, &hello);
		event_base_dispatch(base);
		_exit(1);
	}
	close(fds[1]);
	if (_i == 1)
		ck_assert_int_eq(send(fds[0], "\x01\x10", 2, 0), 2);
	if (_i == 0)
		close(fds[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), EX_UNAVAILABLE);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("deliver");
	TCase *tcase = tcase_create("deliver");
	int count = sizeof(stills) / sizeof(stills[0]);

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_reuse);
	tcase_add_test(tcase, test_reuse_without_a_session);
	tcase_add_test(tcase, test_idle_ends);
	tcase_add_loop_test(tcase, test_limits_of_a_session, 0, 2);
	tcase_add_loop_test(tcase, test_used_session, 0, sizeof(used) / sizeof(used[0]));
	tcase_add_loop_test(tcase, test_too_many_recipients, 0, sizeof(many) / sizeof(many[0]));
	tcase_add_test(tcase, test_too_many_without_a_permit);
	tcase_add_test(tcase, test_next_host_for_the_undecided);
	tcase_add_loop_test(tcase, test_pieces, 0, 4);
	tcase_add_loop_test(tcase, test_bodies_are_checked, 0, 4);
	tcase_add_loop_test(tcase, test_bad_frames, 0, 7);
	tcase_add_loop_test(tcase, test_pieces_out_of_order, 0, 2);
	tcase_add_loop_test(tcase, test_deadline, 0, count);
	tcase_add_test(tcase, test_deadline_with_recipients_left);
	tcase_add_loop_test(tcase, test_retire, 0, count);
	tcase_add_loop_test(tcase, test_free_in_the_middle, 0, count);
	tcase_add_test(tcase, test_retire_closes_what_becomes_idle);
	tcase_add_loop_test(tcase, test_any_history, 0, 60);
	tcase_add_loop_test(tcase, test_master_gone, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN_WHERE(stage_build(), suite)
