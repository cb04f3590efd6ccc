#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/netaddr.h"
#include "common/proto/hello.h"
#include "tests/unit/unit.h"
#include "tests/unit/worker/submit/harness.h"

static void
send_large(struct harness *h, struct harness_client *c, size_t len, bool chunked)
{
	char *text = harness_text(len);
	char line[64];

	harness_say_envelope(c);
	if (chunked) {
		snprintf(line, sizeof(line), "BDAT %zu LAST\r\n", len);
		harness_say(c, line);
		harness_say_bytes(c, text, len);
	} else {
		harness_ask(c, "DATA", "354");
		harness_say_bytes(c, text, len);
		harness_say(c, "\r\n.\r\n");
	}
	harness_expect(c, "250 2.0.0 queued");
	ck_assert(strncmp(harness_content(&h->submits[h->submit_count - 1]), text, len) == 0);
	free(text);
}

static void
on_drained(void *arg)
{
	((struct harness *)arg)->drained = true;
}

START_TEST(test_intake_waits_for_segment)
{
	struct harness *h = harness_new();
	struct harness_client *c;

	h->lend = false;
	harness_start(h);
	c = harness_greeted(h);
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_say(c, "x\r\n.\r\n");
	harness_turn(h);
	ck_assert_uint_eq(h->submit_count, 0);
	ck_assert_uint_eq(c->in.len, 0);
	harness_lend(h, false, 0);
	harness_expect(c, "250 2.0.0 queued");
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

/* Messages that are complete in one turn lie one behind the other. */
START_TEST(test_intake_many)
{
	enum { CLIENTS = 50, EACH = 20 };
	struct harness *h = harness_new();
	struct harness_client *c[CLIENTS];
	struct str script = {0};
	uint64_t end = 0;

	harness_start(h);
	str_text(&script, "EHLO x\r\n");
	for (int i = 0; i < EACH; i++)
		str_text(&script, "MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nbody\r\n.\r\n");
	for (int i = 0; i < CLIENTS; i++) {
		c[i] = i % 2 ? harness_tcp(h) : harness_unix(h);
		harness_say_bytes(c[i], script.data, script.len);
	}
	harness_until_submits(h, (size_t)CLIENTS * EACH);
	for (int i = 0; i < CLIENTS; i++) {
		harness_expect(c[i], "220");
		harness_expect(c[i], "250-");
		for (int k = 0; k < EACH; k++) {
			harness_expect(c[i], "250 2.1.0");
			harness_expect(c[i], "250 2.1.5");
			harness_expect(c[i], "354");
			harness_expect(c[i], "250 2.0.0 queued");
		}
		harness_hang_up(&c[i]);
	}
	for (size_t i = 0; i < h->submit_count; i++) {
		ck_assert_uint_eq(h->submits[i].fields.offset, end);
		end += h->submits[i].fields.size;
	}
	str_free(&script);
	harness_free(h);
}
END_TEST

START_TEST(test_intake_large)
{
	static const size_t sizes[] = {256 * 1024 - 400, 256 * 1024, 256 * 1024 + 1,
				       300000,           1000000,    3000001};
	struct harness *h = harness_new();
	struct harness_client *c;
	size_t large = 0;

	harness_start(h);
	c = harness_greeted(h);
	for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		send_large(h, c, sizes[i / 2], i % 2);
		large += sizes[i / 2] >= 256 * 1024;
		harness_until_sealed(h, large);
		ck_assert_uint_eq(h->wants, large);
	}
	harness_ask(c, "NOOP", "250");
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

/* The master has no segment for a large body. */
START_TEST(test_intake_large_refused)
{
	struct harness *h = harness_new();
	struct harness_client *c;
	char *text = harness_text(400000);

	h->lend = false;
	harness_start(h);
	c = harness_greeted(h);
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_say_bytes(c, text, 300000);
	harness_turn(h);
	ck_assert_uint_eq(h->wants, 1);
	harness_refuse(h, h->want, 452, "disk full");
	harness_say(c, "\r\n.\r\n");
	harness_expect(c, "452 4.7.1 disk full");
	harness_ask(c, "NOOP", "250");
	/* The client that asked for it vanishes: it is sealed when it comes. */
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_say_bytes(c, text, 300000);
	harness_turn(h);
	ck_assert_uint_eq(h->wants, 2);
	harness_hang_up(&c);
	harness_turn(h);
	harness_lend(h, true, h->want);
	c = harness_greeted(h);
	/* And one that vanishes after the segment came. */
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_say_bytes(c, text, 300000);
	harness_turn(h);
	ck_assert_uint_eq(h->wants, 3);
	harness_lend(h, true, h->want);
	harness_say_bytes(c, text, 100000);
	harness_turn(h);
	harness_hang_up(&c);
	harness_until_sealed(h, 2);
	ck_assert_uint_eq(h->submit_count, 0);
	ck_assert_uint_eq(h->sealed, 2);
	free(text);
	harness_free(h);
}
END_TEST

START_TEST(test_intake_vanishing)
{
	static const char *const stages[] = {
	    "",
	    "EHLO x\r\n",
	    "EHLO x\r\nMAIL FROM:<a@b>\r\n",
	    "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n",
	    "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n",
	    "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nhalf\r\n.\r",
	    "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nBDAT 10\r\nhalf"};
	struct harness *h = harness_new();
	struct harness_client *c;
	struct proto_stat stat;

	h->accept = false;
	harness_start(h);
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		c = harness_unix(h);
		harness_say(c, stages[i]);
		harness_turn(h);
		harness_hang_up(&c);
		harness_turn(h);
		submit_stat(h->submit, &stat);
		ck_assert_uint_eq(stat.sessions, 0);
	}
	ck_assert_uint_eq(h->submit_count, 0);
	/* Behind SUBMIT the message is the master's, with or without its client. */
	c = harness_greeted(h);
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_say(c, "x\r\n.\r\n");
	harness_until_submits(h, 1);
	harness_hang_up(&c);
	harness_turn(h);
	harness_accept(h, h->submits[0].ticket);
	harness_turn(h);
	ck_assert(!h->bad);
	submit_stat(h->submit, &stat);
	ck_assert_uint_eq(stat.messages, 1);
	ck_assert_uint_eq(stat.sessions, 0);
	harness_free(h);
}
END_TEST

START_TEST(test_intake_retire)
{
	struct harness *h = harness_new();
	struct harness_client *c;
	struct harness_client *d;

	h->accept = false;
	harness_start(h);
	c = harness_greeted(h);
	d = harness_greeted(h);
	harness_say_envelope(c);
	h->lend = false;
	submit_retire(h->submit, on_drained, h);
	ck_assert(!h->drained);
	harness_ask(d, "MAIL FROM:<a@b>", "421 4.3.2");
	harness_expect_closed(d);
	harness_ask(c, "DATA", "354");
	harness_say(c, "x\r\n.\r\nQUIT\r\n");
	harness_until_submits(h, 1);
	harness_turn(h);
	ck_assert(!h->drained);
	harness_accept(h, h->submits[0].ticket);
	harness_expect(c, "250");
	harness_expect(c, "221");
	harness_until_drained(h);
	harness_until_sealed(h, 1);
	ck_assert_uint_eq(h->segments[0].bytes, h->submits[0].fields.size);
	harness_hang_up(&c);
	harness_hang_up(&d);
	harness_free(h);
}
END_TEST

START_TEST(test_intake_retire_empty)
{
	struct harness *h = harness_new();

	h->lend = false;
	harness_start(h);
	submit_retire(h->submit, on_drained, h);
	ck_assert(!h->drained);
	harness_until_drained(h);
	harness_free(h);
}
END_TEST

START_TEST(test_intake_disk_full)
{
	struct harness *h = harness_new();
	struct harness_client *c;

	h->lend_fd = open("/dev/full", O_WRONLY);
	harness_start(h);
	c = harness_greeted(h);
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_ask(c, "x\r\n.", "452 4.3.1");
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_ask(c, "x\r\n.", "452 4.3.1");
	ck_assert_uint_eq(h->submit_count, 0);
	send(c->fd, "QUIT\r\n", 6, 0);
	harness_expect(c, "221");
	close(h->lend_fd);
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

/* A descriptor that takes bytes and cannot be synced: nothing in it is ever offered. */
START_TEST(test_intake_sync_fails)
{
	struct harness *h = harness_new();
	struct harness_client *c;

	h->lend_fd = open("/dev/null", O_WRONLY);
	harness_start(h);
	c = harness_greeted(h);
	harness_turn(h);
	close(h->lend_fd);
	h->lend_fd = -1;
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	h->lend = false;
	harness_ask(c, "x\r\n.", "452 4.3.1");
	ck_assert_uint_eq(h->submit_count, 0);
	harness_lend(h, false, 0);
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_ask(c, "x\r\n.", "250");
	ck_assert_uint_eq(h->submits[0].fields.segment, 1);
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

/* The limit is far above what the test framework writes to files of its own. */
START_TEST(test_intake_short_write)
{
	struct rlimit limit = {.rlim_cur = 600000, .rlim_max = RLIM_INFINITY};
	struct harness *h = harness_new();
	struct harness_client *c;
	char *text = harness_text(250000);

	signal(SIGXFSZ, SIG_IGN);
	harness_start(h);
	c = harness_greeted(h);
	harness_turn(h);
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int i = 0; i < 4; i++) {
		harness_say_envelope(c);
		harness_ask(c, "DATA", "354");
		harness_say_bytes(c, text, 250000);
		harness_ask(c, "\r\n.", i < 2 ? "250" : "452 4.3.1");
	}
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	/* What was written of the refused ones is lost space. */
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_ask(c, "x\r\n.", "250");
	ck_assert_uint_eq(h->submits[2].fields.segment, 0);
	ck_assert_uint_eq(h->submits[2].fields.offset, 600000);
	free(text);
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

START_TEST(test_intake_many_recipients)
{
	struct harness *h = harness_new();
	struct harness_client *c;
	char line[512];

	h->config.max_recipients = 500;
	harness_start(h);
	c = harness_greeted(h);
	harness_ask(c, "MAIL FROM:<a@b>", "250");
	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "RCPT TO:<%d@%060d.%060d.%060d.example>", i / 2,
			 i % 2 ? 1 : 1, 2, 3);
		harness_ask(c, line, i < 999 ? "250" : "452 4.5.3");
	}
	harness_ask(c, "DATA", "354");
	harness_ask(c, "x\r\n.", "250");
	ck_assert_uint_eq(h->submit_count, 1);
	ck_assert_uint_eq(h->submits[0].recipient_count, 500);
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

static Suite *
intake_suite(void)
{
	Suite *suite = suite_create("submit/intake");
	TCase *tcase = tcase_create("intake");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_intake_waits_for_segment);
	tcase_add_test(tcase, test_intake_many);
	tcase_add_test(tcase, test_intake_large);
	tcase_add_test(tcase, test_intake_large_refused);
	tcase_add_test(tcase, test_intake_vanishing);
	tcase_add_test(tcase, test_intake_retire);
	tcase_add_test(tcase, test_intake_retire_empty);
	tcase_add_test(tcase, test_intake_disk_full);
	tcase_add_test(tcase, test_intake_sync_fails);
	tcase_add_test(tcase, test_intake_short_write);
	tcase_add_test(tcase, test_intake_many_recipients);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(intake_suite)
