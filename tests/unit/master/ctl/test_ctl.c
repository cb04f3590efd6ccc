#include "master/ctl/ctl.h"

#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/proto/control.h"
#include "common/why.h"
#include "master/explain.h"
#include "master/pool/worker.h"
#include "master/store/turn.h"
#include "tests/unit/master/ctl/desk.h"
#include "tests/unit/unit.h"

enum { TEST_ROWS = 2500 };

static void
test_expect(struct desk *desk, const char *words, int status, const char *text)
{
	struct desk_answer answer = desk_ask(desk, words);

	ck_assert_msg(answer.status == status && strstr(answer.text, text) != NULL, "%s: %d %s",
		      words, answer.status, answer.text);
	ck_assert_uint_eq(answer.rows, 0);
}

static int64_t
test_due(struct desk *desk)
{
	return field_number(&desk->door.field,
			    "SELECT count(*) FROM delivery WHERE next_attempt_at <= %lld",
			    (long long)field_now(&desk->door.field));
}

/* Every row once and in order, over many pages. */
START_TEST(test_list)
{
	static const struct {
		const char *words;
		size_t rows;
	} asks[] = {
	    {"list", TEST_ROWS},
	    {"list --all", TEST_ROWS},
	    {"list --limit 1", 1},
	    {"list --limit 200", 200},
	    {"list --limit 450", 450},
	    {"list --limit 9999", TEST_ROWS},
	    {"list --domain b.example", 833},
	    {"list --domain b.example --limit 600", 600},
	    {"list --domain z.example", 0},
	    {"list --state held", 0},
	    {"list --state queued --sender a@s.example", TEST_ROWS},
	    {"list --older-than 1h", 0},
	    {"list 7", 1},
	};
	struct desk desk;

	desk_open(&desk);
	desk_fill(&desk, TEST_ROWS);
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		struct desk_answer answer = desk_ask(&desk, asks[i].words);

		ck_assert_msg(answer.status == EX_OK && answer.deliveries == asks[i].rows &&
				  answer.rows == asks[i].rows,
			      "%s: %d %s, %zu rows", asks[i].words, answer.status, answer.text,
			      answer.rows);
	}
	desk_close(&desk);
}
END_TEST

/* Who does not read is not read for: rows that go meanwhile are never sent. */
START_TEST(test_slow)
{
	struct desk_answer answer = {0};
	struct desk desk;
	int client;

	desk_open(&desk);
	desk_fill(&desk, TEST_ROWS);
	field_sql(&desk.door.field, "UPDATE delivery SET last_reply = hex(zeroblob(4000))");
	client = desk_connect(&desk);
	desk_say(client, "list");
	desk_run(&desk);
	/* Others are answered. */
	ck_assert_uint_eq(desk_ask(&desk, "list --limit 3").rows, 3);
	field_sql(&desk.door.field, "DELETE FROM message");
	desk_finish(&desk, client, &answer);
	ck_assert(answer.ended);
	ck_assert_int_eq(answer.status, EX_OK);
	ck_assert_uint_ge(answer.rows, 200);
	ck_assert_uint_lt(answer.rows, TEST_ROWS);
	close(client);
	desk_close(&desk);
}
END_TEST

/* Clients that go in the middle, and a daemon that ends in the middle. */
START_TEST(test_vanish)
{
	static const char *const words[] = {"list", "show 1", "retry --all",
					    "retry --all --dry-run", "explain a@b.example"};
	int clients[2 * sizeof(words) / sizeof(words[0])];
	size_t count = sizeof(words) / sizeof(words[0]);
	struct desk desk;

	desk_open(&desk);
	fake_pool_add(desk.door.field.pool, PROTO_ROLE_DELIVER);
	desk_fill(&desk, TEST_ROWS);
	field_sql(&desk.door.field, "UPDATE delivery SET last_reply = hex(zeroblob(4000))");
	for (size_t i = 0; i < 2 * count; i++) {
		clients[i] = desk_connect(&desk);
		desk_say(clients[i], words[i % count]);
	}
	desk_run(&desk);
	for (size_t i = 0; i < count; i++)
		close(clients[i]);
	desk_run(&desk);
	ck_assert_uint_eq(desk_ask(&desk, "list --limit 3").rows, 3);
	/* The questions whose clients stayed end with the daemon. */
	desk_close(&desk);
	for (size_t i = 0; i < count; i++)
		close(clients[count + i]);
}
END_TEST

START_TEST(test_show)
{
	struct desk_answer answer;
	struct desk desk;

	desk_open(&desk);
	desk_fill(&desk, 3);
	answer = desk_ask(&desk, "show 2");
	ck_assert_int_eq(answer.status, EX_OK);
	ck_assert_str_eq(answer.tables, "message delivery recipient ");
	ck_assert_uint_eq(answer.rows, 3);
	ck_assert_ptr_nonnull(strstr(answer.all, "message.sender=a@s.example\n"));
	ck_assert_ptr_nonnull(strstr(answer.all, "delivery.domain=b.example\n"));
	ck_assert_ptr_nonnull(strstr(answer.all, "recipient.address=r2@b.example\n"));
	test_expect(&desk, "show 99", EX_DATAERR, "message 99 is not in the queue");
	test_expect(&desk, "show", EX_USAGE, "usage: show ID");
	test_expect(&desk, "show 1 2", EX_USAGE, "usage: show ID");
	test_expect(&desk, "show 0", EX_USAGE, "usage: show ID");
	test_expect(&desk, "show -1", EX_USAGE, "usage: show ID");
	test_expect(&desk, "show 9223372036854775808", EX_USAGE, "usage: show ID");
	desk_close(&desk);
}
END_TEST

START_TEST(test_status)
{
	struct desk_answer answer;
	struct desk desk;

	desk_open(&desk);
	desk_fill(&desk, 3);
	fake_pool_add(desk.door.field.pool, PROTO_ROLE_DELIVER);
	answer = desk_ask(&desk, "status");
	ck_assert_int_eq(answer.status, EX_OK);
	ck_assert_str_eq(answer.tables, "queue worker ");
	ck_assert_ptr_nonnull(strstr(answer.all, "queue.queued=3\n"));
	ck_assert_ptr_nonnull(strstr(answer.all, "queue.messages=3\n"));
	ck_assert_ptr_nonnull(strstr(answer.all, "queue.generation=3\n"));
	ck_assert_ptr_nonnull(strstr(answer.all, "worker.worker=deliver/1\n"));
	ck_assert_ptr_nonnull(strstr(answer.all, "worker.state=ready\n"));
	desk_close(&desk);
}
END_TEST

START_TEST(test_orders)
{
	struct desk desk;

	desk_open(&desk);
	test_expect(&desk, "workers 7", EX_OK, "7 deliver workers from now on");
	ck_assert_uint_eq(fake_pool_wanted(desk.core.pool, PROTO_ROLE_DELIVER), 7);
	test_expect(&desk, "workers", EX_USAGE, "usage: workers N");
	test_expect(&desk, "workers 1 2", EX_USAGE, "usage: workers N");
	test_expect(&desk, "workers many", EX_USAGE, "usage: workers N");
	test_expect(&desk, "workers 99999999", EX_USAGE, "usage: workers N");
	ck_assert_uint_eq(fake_pool_wanted(desk.core.pool, PROTO_ROLE_DELIVER), 7);
	test_expect(&desk, "reload", EX_OK, "in force");
	test_expect(&desk, "stop", EX_OK, "stopping");
	ck_assert(desk.core.stopping);
	test_expect(&desk, "reload", EX_CONFIG, "it stops");
	test_expect(&desk, "nonsense", EX_USAGE, "unknown command nonsense");
	test_expect(&desk, "LIST", EX_USAGE, "unknown command LIST");
	test_expect(&desk, "", EX_USAGE, "unknown command");
	test_expect(&desk, "list --domain", EX_USAGE, "--domain needs a value");
	test_expect(&desk, "list --bogus", EX_USAGE, "unknown option --bogus");
	test_expect(&desk, "list --colour red", EX_USAGE, "--colour");
	test_expect(&desk, "list --state odd", EX_USAGE, "--state is queued, deferred or held");
	test_expect(&desk, "list --older-than 2", EX_USAGE, "needs a unit");
	test_expect(&desk, "list --older-than x", EX_USAGE, "");
	test_expect(&desk, "list --limit 0", EX_USAGE, "--limit is a number from 1");
	test_expect(&desk, "list zero", EX_USAGE, "is not a message id");
	test_expect(&desk, "retry", EX_USAGE, "");
	test_expect(&desk, "retry --dry-run", EX_USAGE, "");
	test_expect(&desk, "retry 0", EX_USAGE, "is not a message id");
	test_expect(&desk, "explain", EX_USAGE, "usage: explain RCPT");
	test_expect(&desk, "explain nobody", EX_USAGE, "usage: explain RCPT");
	test_expect(&desk, "explain a@b.example c@b.example", EX_USAGE, "usage: explain RCPT");
	test_expect(&desk, "explain a@b.example --retry-num x", EX_USAGE, "usage: explain RCPT");
	test_expect(&desk, "explain a@b.example --sender", EX_USAGE, "usage: explain RCPT");
	desk_close(&desk);
}
END_TEST

/* In steps of a thousand; the count is right, and says what would be. */
START_TEST(test_retry)
{
	struct desk desk;

	desk_open(&desk);
	desk_fill(&desk, TEST_ROWS);
	test_expect(&desk, "retry --all --dry-run", EX_OK, "2500 deliveries would be made due");
	test_expect(&desk, "retry 1 --dry-run", EX_OK, "1 delivery would be made due");
	ck_assert_int_eq(test_due(&desk), 0);
	test_expect(&desk, "retry 1", EX_OK, "1 delivery made due");
	ck_assert_int_eq(test_due(&desk), 1);
	test_expect(&desk, "retry --domain b.example", EX_OK, "833 deliveries made due");
	ck_assert_int_eq(test_due(&desk), 834);
	test_expect(&desk, "retry --domain z.example", EX_OK, "0 deliveries made due");
	test_expect(&desk, "retry --all", EX_OK, "2500 deliveries made due");
	ck_assert_int_eq(test_due(&desk), TEST_ROWS);
	/* A failure is told; the rest goes on. */
	field_sql(&desk.door.field, "CREATE TRIGGER bad BEFORE UPDATE ON delivery BEGIN"
				    " SELECT raise(ABORT, 'bad'); END");
	test_expect(&desk, "retry --all", EX_IOERR, "the queue cannot be written");
	desk_close(&desk);
}
END_TEST

static void
test_turns(struct desk *desk, int turns)
{
	for (int i = 0; i < turns; i++) {
		struct why why = {0};

		event_base_loop(desk->core.base, EVLOOP_NONBLOCK);
		ck_assert_int_ne(store_turn_run(desk->core.store, &why), STORE_TURN_FAILED);
	}
}

/* The client goes, or says more than it may, between two steps: it is done all the same. */
START_TEST(test_retry_alone)
{
	struct desk_answer answer = {0};
	struct desk desk;
	int client;

	desk_open(&desk);
	desk_fill(&desk, TEST_ROWS);
	client = desk_connect(&desk);
	desk_say(client, "retry --all");
	for (int i = 0; i < 100 && test_due(&desk) == 0; i++)
		test_turns(&desk, 1);
	ck_assert_int_gt(test_due(&desk), 0);
	ck_assert_int_lt(test_due(&desk), TEST_ROWS);
	if (_i == 0) {
		desk_say(client, "list");
		desk_finish(&desk, client, &answer);
		ck_assert(answer.closed && !answer.ended);
	}
	close(client);
	desk_run(&desk);
	ck_assert_int_eq(test_due(&desk), TEST_ROWS);
	desk_close(&desk);
}
END_TEST

/* What is no command: the connection ends, nobody else notices. */
START_TEST(test_bad_frames)
{
	struct wire_writer writer;
	struct slice words[] = {slice_of("list"), slice_of("--all")};
	struct proto_command command = {.count = 2, .words = words};
	struct desk desk;
	char packet[256];

	desk_open(&desk);
	frame_begin(&writer, packet, sizeof(packet) - 1, FRAME_COMMAND);
	proto_control_put_command(&writer, &command);
	packet[writer.len] = 0;
	for (size_t len = 1; len <= writer.len + 3; len++) {
		struct desk_answer answer = {0};
		int client = desk_connect(&desk);

		if (len == writer.len + 2)
			packet[0] ^= 0x55;
		if (len == writer.len + 3) {
			frame_begin(&writer, packet, sizeof(packet), FRAME_END);
			proto_control_put_end(&writer, &(struct proto_end){0});
			desk_say_bytes(client, packet, writer.len);
			len = 1000;
		} else {
			desk_say_bytes(client, packet, len <= writer.len + 1 ? len : writer.len);
		}
		desk_finish(&desk, client, &answer);
		ck_assert_msg(answer.ended == (len == writer.len), "%zu", len);
		close(client);
	}
	ck_assert_int_eq(desk_ask(&desk, "list").status, EX_OK);
	desk_close(&desk);
}
END_TEST

/* One request after the other on one connection; too many connections. */
START_TEST(test_connections)
{
	struct desk_answer answer = {0};
	struct why why = {0};
	struct desk desk;
	int clients[65];

	desk_open(&desk);
	ck_assert_ptr_null(ctl_new(&desk.core, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "another daemon"));
	desk_run(&desk);
	for (int i = 0; i < 65; i++) {
		clients[i] = desk_connect(&desk);
		desk_run(&desk);
	}
	desk_read(clients[64], &answer);
	ck_assert(answer.closed);
	for (int i = 0; i < 3; i++) {
		answer = (struct desk_answer){0};
		desk_say(clients[63], "status");
		desk_finish(&desk, clients[63], &answer);
		ck_assert_int_eq(answer.status, EX_OK);
	}
	close(clients[0]);
	desk_run(&desk);
	ck_assert_int_eq(desk_ask(&desk, "list").status, EX_OK);
	for (int i = 1; i < 65; i++)
		close(clients[i]);
	desk_run(&desk);
	desk_close(&desk);
}
END_TEST

/* Somebody else: the status of the answer is the process's. */
static int
test_ask_as(struct desk *desk, uid_t uid, gid_t gid, const char *words)
{
	unsigned char status = 97;
	int pipes[2];
	pid_t pid;

	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct desk_answer answer = {0};
		int client;

		if (setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
			_exit(99);
		client = desk_connect(desk);
		desk_say(client, words);
		while (!answer.ended && !answer.closed)
			desk_read(client, &answer);
		status = (unsigned char)(answer.ended ? answer.status : 98);
		ck_assert_int_eq(write(pipes[1], &status, 1), 1);
		for (;;)
			pause();
	}
	close(pipes[1]);
	ck_assert_int_eq(fcntl(pipes[0], F_SETFL, O_NONBLOCK), 0);
	while (read(pipes[0], &status, 1) < 0 && errno == EAGAIN)
		desk_run(desk);
	close(pipes[0]);
	/* Killed from outside, it leaves nothing to a checker of leaks. */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return status;
}

START_TEST(test_rights)
{
	static const char *const words[] = {
	    "list",        "show 1",    "status", "explain a@b.example",
	    "retry --all", "workers 3", "reload", "stop"};
	struct desk desk;

	if (geteuid() != 0)
		return;
	desk_open(&desk);
	desk_fill(&desk, 1);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		ck_assert_msg(test_ask_as(&desk, 65534, 65534, words[i]) == EX_NOPERM, "%s",
			      words[i]);
	ck_assert_int_eq(test_ask_as(&desk, 65534, 65534, "nonsense"), EX_USAGE);
	ck_assert(!desk.core.stopping);
	ck_assert_int_eq(test_due(&desk), 0);
	ck_assert_uint_eq(fake_pool_wanted(desk.core.pool, PROTO_ROLE_DELIVER), 0);
	ck_assert_int_eq(test_ask_as(&desk, 0, 65534, "retry --all"), EX_OK);
	ck_assert_int_eq(test_due(&desk), 1);
	desk_close(&desk);
}
END_TEST

/* Idle strangers hold the places they may have: root is let in all the same. */
START_TEST(test_strangers)
{
	struct desk desk;
	int clients[48];

	if (geteuid() != 0)
		return;
	desk_open(&desk);
	for (int i = 0; i < 48; i++) {
		ck_assert_int_eq(seteuid(65534), 0);
		clients[i] = desk_connect(&desk);
		ck_assert_int_eq(seteuid(0), 0);
		desk_run(&desk);
	}
	/* The process ends without an answer: 98. */
	ck_assert_int_eq(test_ask_as(&desk, 65534, 65534, "status"), 98);
	ck_assert_int_eq(desk_ask(&desk, "status").status, EX_OK);
	for (int i = 0; i < 48; i++)
		close(clients[i]);
	desk_run(&desk);
	desk_close(&desk);
}
END_TEST

static Suite *
test_suite(void)
{
	Suite *suite = suite_create("master/ctl");
	TCase *tcase = tcase_create("ctl");

	tcase_add_test(tcase, test_list);
	tcase_add_test(tcase, test_slow);
	tcase_add_test(tcase, test_vanish);
	tcase_add_test(tcase, test_show);
	tcase_add_test(tcase, test_status);
	tcase_add_test(tcase, test_orders);
	tcase_add_test(tcase, test_retry);
	tcase_add_loop_test(tcase, test_retry_alone, 0, 2);
	tcase_add_test(tcase, test_bad_frames);
	tcase_add_test(tcase, test_connections);
	tcase_add_test(tcase, test_rights);
	tcase_add_test(tcase, test_strangers);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(test_suite)
