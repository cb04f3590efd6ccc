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

START_TEST(test_session_plain)
{
	struct harness *h = harness_new();
	struct harness_client *c;
	struct proto_stat stat;

	harness_start(h);
	c = harness_greeted(h);
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354 ");
	harness_ask(c, "Subject: x\r\n\r\n..dot\r\nend\r\n.", "250 2.0.0 queued as 1001");
	ck_assert_uint_eq(h->submit_count, 1);
	ck_assert_str_eq(harness_content(&h->submits[0]), "Subject: x\r\n\r\n.dot\r\nend\r\n");
	ck_assert_str_eq(str_c(&h->submits[0].sender), "S@example.org");
	ck_assert_str_eq(str_c(&h->submits[0].recipients), "R@example.org ");
	ck_assert(strncmp(str_c(&h->submits[0].client), "uid ", 4) == 0);
	ck_assert(h->submits[0].fields.needs_stuffing);
	ck_assert(!h->submits[0].fields.eight_bit);
	ck_assert_ptr_nonnull(strstr(str_c(&h->submits[0].body), "from client.example (uid "));
	ck_assert_ptr_nonnull(strstr(str_c(&h->submits[0].body), "by mx.test.example with ESMTP"));
	submit_stat(h->submit, &stat);
	ck_assert_uint_eq(stat.sessions, 1);
	ck_assert_uint_eq(stat.idle, 1);
	ck_assert_uint_eq(stat.messages, 1);
	ck_assert_uint_eq(stat.connections, 1);
	harness_ask(c, "QUIT", "221 ");
	harness_expect_closed(c);
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

/* One conversation: what is said and how the reply begins, line by line. */
static const struct {
	const char *line;
	const char *reply;
} dialogue[] = {
    {"MAIL FROM:<a@b.example>", "503"},
    {"EHLO", "501"},
    {"NOOP", "250"},
    {"HELP", "214"},
    {"VRFY a", "252"},
    {"VRFY", "501"},
    {"EXPN a", "502"},
    {"STARTTLS", "500"},
    {"HELO x.example", "250 mx.test.example"},
    {"EHLO x.example", "250-mx.test.example"},
    {"RCPT TO:<a@b.example>", "503"},
    {"DATA", "503"},
    {"MAIL FROM:<a@b.example> SIZE=999999999", "552 5.3.4"},
    {"MAIL FROM:<a@b.example> FOO=1", "555"},
    {"MAIL FROM:a@b.example", "501"},
    {"MAIL FROM:<\xc3\xbc@b.example>", "553 5.6.7"},
    {"MAIL FROM:<>", "250"},
    {"MAIL FROM:<>", "503"},
    {"DATA", "503"},
    {"RCPT TO:<nobody>", "501"},
    {"RCPT TO:<postmaster>", "550"},
    {"RCPT TO:<a@b.example> NOTIFY=NEVER", "555"},
    {"RCPT TO:<a@b.example>", "250"},
    {"DATA now", "501"},
    {"RSET x", "501"},
    {"RSET", "250"},
    {"RCPT TO:<a@b.example>", "503"},
    {"MAIL FROM:<a@b.example> BODY=8BITMIME SMTPUTF8 SIZE=100", "250"},
    {"RCPT TO:<\xc3\xbc@\xc3\xbc.example>", "250"},
    {"EHLO x.example", "250-"},
    {"DATA", "503"},
    {"BDAT x", "501"},
    {"QUIT now", "501"},
    {"QUIT", "221"},
};

START_TEST(test_session_dialogue)
{
	struct harness *h = harness_new();
	struct harness_client *c;

	harness_start(h);
	c = harness_tcp(h);
	harness_expect(c, "220 ");
	for (size_t i = 0; i < sizeof(dialogue) / sizeof(dialogue[0]); i++)
		harness_ask(c, dialogue[i].line, dialogue[i].reply);
	harness_expect_closed(c);
	ck_assert_uint_eq(h->submit_count, 0);
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

START_TEST(test_session_extensions)
{
	struct harness *h = harness_new();
	struct harness_client *c;

	h->config.offer_dsn = true;
	h->config.offer_requiretls = true;
	h->config.offer_mt_priority = true;
	harness_start(h);
	c = harness_tcp(h);
	harness_expect(c, "220 ");
	harness_ask(c, "EHLO x",
		    "250-mx.test.example\r\n250-PIPELINING\r\n250-SIZE 8388608\r\n"
		    "250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-DSN\r\n"
		    "250-REQUIRETLS\r\n250-MT-PRIORITY\r\n250 ENHANCEDSTATUSCODES");
	harness_ask(c, "MAIL FROM:<a@b> RET=HDRS ENVID=e1 REQUIRETLS MT-PRIORITY=-3", "250");
	harness_ask(c, "RCPT TO:<a@b> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x@y", "250");
	harness_ask(c, "DATA", "354");
	harness_ask(c, "\xc3\xbc\r\n.", "250");
	ck_assert_int_eq(h->submits[0].fields.ret, PROTO_RET_HDRS);
	ck_assert_int_eq(h->submits[0].fields.priority, -3);
	ck_assert(h->submits[0].fields.requiretls);
	ck_assert(h->submits[0].fields.eight_bit);
	ck_assert_str_eq(str_c(&h->submits[0].client), "127.0.0.1");
	ck_assert_ptr_nonnull(strstr(str_c(&h->submits[0].body), "from x ([127.0.0.1])"));
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

START_TEST(test_session_bdat)
{
	struct harness *h = harness_new();
	struct harness_client *c;

	harness_start(h);
	c = harness_greeted(h);
	harness_say(c, "BDAT 3\r\nabc");
	harness_expect(c, "503");
	harness_say_envelope(c);
	harness_ask(c, "BDAT 5\r\n.a\r\n.NOOP", "250 2.0.0 5 octets");
	harness_expect(c, "250");
	harness_ask(c, "DATA", "503");
	harness_ask(c, "RCPT TO:<late@b>", "503");
	harness_ask(c, "BDAT 0", "250");
	harness_say(c, "BDAT 4 LAST\r\nx\ny");
	harness_say(c, "z");
	harness_expect(c, "250 2.0.0 queued");
	ck_assert_str_eq(harness_content(&h->submits[0]), ".a\r\n.x\r\nyz\r\n");
	/* A transaction without a body, and a LAST by itself. */
	harness_say_envelope(c);
	harness_ask(c, "BDAT 0 LAST", "250 2.0.0 queued");
	ck_assert_str_eq(harness_content(&h->submits[1]), "");
	/* RSET between chunks: nothing of it is kept. */
	harness_say_envelope(c);
	harness_say(c, "BDAT 1\r\nx");
	harness_expect(c, "250");
	harness_ask(c, "RSET", "250");
	harness_ask(c, "BDAT 1 LAST\r\nx", "503");
	ck_assert_uint_eq(h->submit_count, 2);
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

START_TEST(test_session_pipelining)
{
	struct harness *h = harness_new();
	struct harness_client *c;

	harness_start(h);
	c = harness_unix(h);
	/* Everything in one packet, even before the greeting, and the client says no more. */
	harness_say(c, "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nRCPT TO:<bad>\r\n"
		       "RCPT TO:<a@B>\r\nRCPT TO:<c@b>\r\nDATA\r\none\r\n.\r\n"
		       "MAIL FROM:<d@b>\r\nRCPT TO:<e@b>\r\nBDAT 5 LAST\r\ntwo\r\nQUIT\r\n");
	shutdown(c->fd, SHUT_WR);
	harness_expect(c, "220");
	harness_expect(c, "250-");
	harness_expect(c, "250 2.1.0");
	harness_expect(c, "250 2.1.5");
	harness_expect(c, "501");
	harness_expect(c, "250 2.1.5");
	harness_expect(c, "250 2.1.5");
	harness_expect(c, "354");
	harness_expect(c, "250 2.0.0 queued as 1001");
	harness_expect(c, "250 2.1.0");
	harness_expect(c, "250 2.1.5");
	harness_expect(c, "250 2.0.0 queued as 1002");
	harness_expect(c, "221");
	harness_expect_closed(c);
	ck_assert_str_eq(str_c(&h->submits[0].recipients), "a@b c@b ");
	ck_assert_str_eq(harness_content(&h->submits[0]), "one\r\n");
	ck_assert_str_eq(harness_content(&h->submits[1]), "two\r\n");
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

START_TEST(test_session_bytewise)
{
	static const char text[] = "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n"
				   "..x\r\ny\n.\r\nz\r\n.\r\nQUIT\r\n";
	struct harness *h = harness_new();
	struct harness_client *c;

	harness_start(h);
	c = harness_unix(h);
	for (const char *at = text; *at != '\0'; at++) {
		harness_say_bytes(c, at, 1);
		event_base_loop(h->base, EVLOOP_NONBLOCK);
	}
	harness_until_submits(h, 1);
	ck_assert_str_eq(harness_content(&h->submits[0]), ".x\r\ny\r\n.\r\nz\r\n");
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

/* Accepts only when it is told to: 250 must not come before. */
START_TEST(test_session_waits_for_accept)
{
	struct harness *h = harness_new();
	struct harness_client *c;

	h->accept = false;
	harness_start(h);
	c = harness_greeted(h);
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_say(c, "x\r\n.\r\nNOOP\r\n");
	harness_until_submits(h, 1);
	harness_turn(h);
	ck_assert_uint_eq(c->in.len, 0);
	harness_accept(h, h->submits[0].ticket);
	harness_expect(c, "250 2.0.0 queued");
	harness_expect(c, "250 2.0.0 Ok");
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_say(c, "x\r\n.\r\n");
	harness_until_submits(h, 2);
	harness_refuse(h, h->submits[1].ticket, 550, "go\r\naway");
	harness_expect(c, "550 5.7.1 go??away\r\n");
	harness_ask(c, "NOOP", "250");
	/* An answer to a question that was never asked. */
	harness_accept(h, h->submits[1].ticket);
	harness_turn(h);
	ck_assert(h->bad);
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

START_TEST(test_session_limits)
{
	struct harness *h = harness_new();
	struct harness_client *c;
	struct harness_client *d;
	char line[4096];

	h->config.max_size = 1000;
	h->config.max_recipients = 2;
	h->config.max_connections = 1;
	harness_start(h);
	c = harness_greeted(h);
	d = harness_tcp(h);
	harness_expect(d, "421 4.3.2");
	harness_expect_closed(d);
	harness_hang_up(&d);
	harness_say_envelope(c);
	harness_ask(c, "RCPT TO:<b@b>", "250");
	harness_ask(c, "RCPT TO:<c@b>", "452 4.5.3");
	harness_ask(c, "DATA", "354");
	memset(line, 'x', sizeof(line));
	harness_say_bytes(c, line, 1001);
	harness_ask(c, "\r\n.", "552 5.3.4");
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_say_bytes(c, line, 998);
	harness_ask(c, "\r\n.", "250");
	harness_say_envelope(c);
	harness_say(c, "BDAT 1001\r\n");
	harness_say_bytes(c, line, 1001);
	harness_expect(c, "552 5.3.4");
	harness_ask(c, "BDAT 0 LAST", "503");
	harness_say_bytes(c, line, sizeof(line));
	harness_ask(c, "", "500");
	harness_ask(c, "NOOP", "250");
	for (int i = 0; i < 50 - 2; i++)
		harness_say(c, "FOO\r\n");
	for (int i = 0; i < 50 - 3; i++)
		harness_expect(c, "500");
	harness_until_sealed(h, 0);
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

START_TEST(test_session_too_many_errors)
{
	struct harness *h = harness_new();
	struct harness_client *c;

	harness_start(h);
	c = harness_greeted(h);
	for (int i = 0; i < 50; i++)
		harness_ask(c, "FOO", "500");
	harness_expect(c, "421 4.7.0");
	harness_expect_closed(c);
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

START_TEST(test_session_bad_bodies)
{
	struct harness *h = harness_new();
	struct harness_client *c;
	struct str loop = {0};

	h->config.refuse_bare_newline = true;
	harness_start(h);
	c = harness_greeted(h);
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_ask(c, "a\n.\r\nb\r\n.", "554 5.6.0");
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_say_bytes(c, "a\0b\r\n.\r\n", 8);
	harness_expect(c, "554 5.6.0");
	for (int i = 0; i < 101; i++)
		str_text(&loop, "Received: x\r\n");
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_say_bytes(c, loop.data, loop.len);
	harness_ask(c, ".", "554 5.4.6");
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_say_bytes(c, loop.data + 13, loop.len - 13);
	harness_ask(c, ".", "250");
	str_free(&loop);
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

START_TEST(test_session_memory)
{
	struct harness *h = harness_new();
	struct harness_client *c;
	struct harness_client *d;
	char *text = harness_text(200000);

	h->config.memory = 150000;
	harness_start(h);
	c = harness_greeted(h);
	d = harness_greeted(h);
	harness_say_envelope(d);
	/* One that grows past it while it comes. */
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_say_bytes(c, text, 100000);
	harness_turn(h);
	/* Others are not begun meanwhile. */
	harness_ask(d, "DATA", "452 4.3.1");
	harness_say_bytes(c, text, 100000);
	harness_ask(c, "\r\n.", "452 4.3.1");
	harness_ask(d, "DATA", "354");
	harness_ask(d, "x\r\n.", "250");
	harness_say_envelope(c);
	harness_ask(c, "DATA", "354");
	harness_ask(c, "x\r\n.", "250");
	free(text);
	harness_hang_up(&c);
	harness_hang_up(&d);
	harness_free(h);
}
END_TEST

START_TEST(test_session_timeout)
{
	struct harness *h = harness_new();
	struct harness_client *c;
	struct harness_client *d;

	h->config.timeout_ms = 100;
	h->accept = false;
	harness_start(h);
	c = harness_greeted(h);
	d = harness_greeted(h);
	harness_say_envelope(d);
	harness_ask(d, "DATA", "354");
	harness_say(d, "x\r\n.\r\n");
	harness_expect(c, "421 4.4.2");
	harness_expect_closed(c);
	/* This one waits for us. */
	harness_turn(h);
	ck_assert(!d->closed);
	harness_accept(h, h->submits[0].ticket);
	harness_expect(d, "250");
	harness_expect(d, "421 4.4.2");
	harness_expect_closed(d);
	harness_hang_up(&c);
	harness_hang_up(&d);
	harness_free(h);
}
END_TEST

START_TEST(test_session_network)
{
	struct netaddr_prefix elsewhere;
	struct harness *h = harness_new();
	struct harness_client *c;

	ck_assert(netaddr_parse_prefix(slice_of("192.0.2.0/24"), &elsewhere));
	h->config.networks = &elsewhere;
	harness_start(h);
	c = harness_tcp(h);
	harness_expect(c, "554 5.7.1");
	harness_expect_closed(c);
	harness_hang_up(&c);
	c = harness_greeted(h);
	harness_hang_up(&c);
	harness_free(h);
}
END_TEST

static Suite *
session_suite(void)
{
	Suite *suite = suite_create("submit/session");
	TCase *tcase = tcase_create("session");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_session_plain);
	tcase_add_test(tcase, test_session_dialogue);
	tcase_add_test(tcase, test_session_extensions);
	tcase_add_test(tcase, test_session_bdat);
	tcase_add_test(tcase, test_session_pipelining);
	tcase_add_test(tcase, test_session_bytewise);
	tcase_add_test(tcase, test_session_waits_for_accept);
	tcase_add_test(tcase, test_session_limits);
	tcase_add_test(tcase, test_session_too_many_errors);
	tcase_add_test(tcase, test_session_bad_bodies);
	tcase_add_test(tcase, test_session_memory);
	tcase_add_test(tcase, test_session_timeout);
	tcase_add_test(tcase, test_session_network);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(session_suite)
