#include "master/cli/ask.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/proto/control.h"
#include "common/str.h"
#include "tests/unit/master/cli/fake_master.h"
#include "tests/unit/unit.h"

struct row {
	struct fake_master_step script[4];
	bool deaf;
	unsigned wanted; /* rows after which there is enough; 0: all */
	unsigned rows;   /* given */
	int status;
	const char *text; /* beginning */
};

static const struct row rows[] = {
    {{{FAKE_MASTER_ANSWER, 0, ""}}, .status = 0, .text = ""},
    {{{FAKE_MASTER_ANSWER, 0, "3 deliveries made due"}}, .text = "3 deliveries made due"},
    {{{FAKE_MASTER_ROW, 2, NULL}, {FAKE_MASTER_ANSWER, 0, ""}}, .rows = 2, .text = ""},
    {{{FAKE_MASTER_ROW, 5000, NULL}, {FAKE_MASTER_ANSWER, 0, ""}}, .rows = 5000, .text = ""},
    {{{FAKE_MASTER_ROW, 1, NULL}, {FAKE_MASTER_ANSWER, 74, "disk"}},
     .rows = 1,
     .status = 74,
     .text = "disk"},
    {{{FAKE_MASTER_ANSWER, 255, ""}}, .status = 255, .text = ""},
    {{{FAKE_MASTER_ANSWER, 77, "you may not"}}, .status = EX_NOPERM, .text = "you may not"},
    /* What is behind END is nobody's. */
    {{{FAKE_MASTER_ANSWER, 0, "done"}, {FAKE_MASTER_ROW, 1, NULL}}, .text = "done"},
    /* Enough. */
    {{{FAKE_MASTER_ROW, 5000, NULL}, {FAKE_MASTER_ANSWER, 1, "x"}},
     .wanted = 3,
     .rows = 3,
     .text = ""},
    /* Gone: at once, before anything was said, midway. */
    {{{FAKE_MASTER_END, 0, NULL}}, .deaf = true, .status = EX_UNAVAILABLE, .text = "the daemon on"},
    {{{FAKE_MASTER_END, 0, NULL}}, .status = EX_UNAVAILABLE, .text = "the daemon on"},
    {{{FAKE_MASTER_ROW, 7, NULL}}, .rows = 7, .status = EX_UNAVAILABLE, .text = "the daemon on"},
    /* No answers: another version, another type, no type, too short, too long. */
    {{{FAKE_MASTER_PACKET, 4, "\x63\x20\0\0"}}, .status = EX_PROTOCOL, .text = "what came"},
    {{{FAKE_MASTER_PACKET, 2, "\x01\x03"}}, .status = EX_PROTOCOL, .text = "what came"},
    {{{FAKE_MASTER_PACKET, 2, "\x01\xff"}}, .status = EX_PROTOCOL, .text = "what came"},
    {{{FAKE_MASTER_PACKET, 1, "\x01"}}, .status = EX_PROTOCOL, .text = "what came"},
    {{{FAKE_MASTER_PACKET, 2, "\x01\x20"}}, .status = EX_PROTOCOL, .text = "what came"},
    {{{FAKE_MASTER_PACKET, 8, "\x01\x20\0\0\0\0\0!"}}, .status = EX_PROTOCOL, .text = "what came"},
    {{{FAKE_MASTER_ROW, 1, NULL}, {FAKE_MASTER_PACKET, 4, "\x01\x1f\xff\xff"}},
     .rows = 1,
     .status = EX_PROTOCOL,
     .text = "what came"},
    {{{FAKE_MASTER_OVERLONG, 0, NULL}}, .status = EX_PROTOCOL, .text = "what came"},
};

struct taken {
	unsigned wanted;
	unsigned rows;
};

static const char *const words[] = {"list", "--sender", "", "\xc3\xa9"};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

static bool
take_row(const struct proto_row *row, void *arg)
{
	struct taken *taken = arg;

	taken->rows++;
	ck_assert(slice_is(row->table, "word"));
	ck_assert_uint_eq(row->count, WORDS);
	for (size_t i = 0; i < WORDS; i++)
		ck_assert(slice_is(row->values[i].text, words[i]));
	return taken->rows != taken->wanted;
}

START_TEST(test_answers)
{
	const struct row *row = &rows[_i];
	struct taken taken = {.wanted = row->wanted};
	struct fake_master master;
	struct cli_ask_question question = {
	    .path = master.path, .words = words, .count = WORDS, .row = take_row, .arg = &taken};
	struct str text = {0};

	fake_master_start(&master, row->script, row->deaf);
	ck_assert_int_eq(cli_ask(&question, &text), row->status);
	ck_assert_uint_eq(taken.rows, row->rows);
	if (row->text[0] == '\0')
		ck_assert_str_eq(str_c(&text), "");
	else
		ck_assert_int_eq(strncmp(str_c(&text), row->text, strlen(row->text)), 0);
	str_free(&text);
	fake_master_stop(&master);
}
END_TEST

static int
ask_path(const char *path, struct str *text)
{
	const struct cli_ask_question question = {
	    .path = path, .words = words, .count = WORDS, .row = take_row};

	return cli_ask(&question, text);
}

START_TEST(test_nobody)
{
	struct str text = {0};

	ck_assert_int_eq(ask_path("/nonexistent/control.sock", &text), EX_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(text.data, "/nonexistent/control.sock"));
	str_clear(&text);
	ck_assert_int_eq(ask_path("/dev/null", &text), EX_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(text.data, "/dev/null"));
	str_free(&text);
}
END_TEST

/* A socket that a daemon left behind; and one that may not be used. */
START_TEST(test_left_behind)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char dir[] = "/tmp/postrider-test.XXXXXX";
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct str text = {0};

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", dir);
	ck_assert_int_eq(bind(fd, (const void *)&address, sizeof(address)), 0);
	ck_assert_int_eq(ask_path(address.sun_path, &text), EX_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(text.data, address.sun_path));
	/* Root may do everything, so there is nothing to be refused. */
	if (geteuid() != 0) {
		ck_assert_int_eq(chmod(address.sun_path, 0), 0);
		str_clear(&text);
		ck_assert_int_eq(ask_path(address.sun_path, &text), EX_NOPERM);
	}
	str_free(&text);
	close(fd);
	unlink(address.sun_path);
	rmdir(dir);
}
END_TEST

START_TEST(test_long_path)
{
	struct str text = {0};
	char path[200];

	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(ask_path(path, &text), EX_CONFIG);
	str_free(&text);
}
END_TEST

/* Not even a connection that is answered helps. */
START_TEST(test_long_command)
{
	static const struct fake_master_step nothing[] = {{FAKE_MASTER_END, 0, NULL}};
	const char *many[PROTO_CONTROL_WORDS + 1];
	char word[PROTO_CONTROL_WORD + 2];
	struct fake_master master;
	struct cli_ask_question question = {
	    .path = master.path, .words = many, .count = 2, .row = take_row};
	struct str text = {0};

	fake_master_start(&master, nothing, true);
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	for (size_t i = 0; i < PROTO_CONTROL_WORDS + 1; i++)
		many[i] = "list";
	if (_i == 0)
		many[1] = word;
	if (_i == 1)
		question.count = PROTO_CONTROL_WORDS + 1;
	if (_i == 2) {
		/* Each is short enough, all together are more than a packet. */
		word[PROTO_CONTROL_WORD] = '\0';
		question.count = PROTO_CONTROL_WORDS;
		for (size_t i = 1; i < PROTO_CONTROL_WORDS; i++)
			many[i] = word;
	}
	ck_assert_int_eq(cli_ask(&question, &text), EX_USAGE);
	ck_assert_str_eq(str_c(&text), "the command is too long");
	str_free(&text);
	fake_master_stop(&master);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("master/cli/ask");
	TCase *tcase = tcase_create("ask");

	tcase_add_loop_test(tcase, test_answers, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, test_nobody);
	tcase_add_test(tcase, test_left_behind);
	tcase_add_test(tcase, test_long_path);
	tcase_add_loop_test(tcase, test_long_command, 0, 3);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite)
