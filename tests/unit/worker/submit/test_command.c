#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "worker/submit/command.h"

enum {
	COMMAND_ALL = SUBMIT_COMMAND_OFFER_DSN | SUBMIT_COMMAND_OFFER_REQUIRETLS |
		      SUBMIT_COMMAND_OFFER_MT_PRIORITY
};

static const struct {
	const char *line;
	enum submit_command_verb verb;
	const char *args;
} command_lines[] = {
    {"EHLO a.example", SUBMIT_COMMAND_EHLO, "a.example"},
    {"ehlo  a.example  ", SUBMIT_COMMAND_EHLO, "a.example"},
    {"HELO x", SUBMIT_COMMAND_HELO, "x"},
    {"mail FROM:<a@b>", SUBMIT_COMMAND_MAIL, "FROM:<a@b>"},
    {"RCPT TO:<a@b>", SUBMIT_COMMAND_RCPT, "TO:<a@b>"},
    {"DATA", SUBMIT_COMMAND_DATA, ""},
    {"BDAT 5 LAST", SUBMIT_COMMAND_BDAT, "5 LAST"},
    {"rset", SUBMIT_COMMAND_RSET, ""},
    {"NOOP x y", SUBMIT_COMMAND_NOOP, "x y"},
    {"VRFY a", SUBMIT_COMMAND_VRFY, "a"},
    {"EXPN a", SUBMIT_COMMAND_EXPN, "a"},
    {"HELP", SUBMIT_COMMAND_HELP, ""},
    {"QUIT", SUBMIT_COMMAND_QUIT, ""},
    {"", SUBMIT_COMMAND_UNKNOWN, ""},
    {"QUITE", SUBMIT_COMMAND_UNKNOWN, ""},
    {"DATA\r", SUBMIT_COMMAND_UNKNOWN, "\r"},
    {"MAIL FROM:<a\x01@b>", SUBMIT_COMMAND_UNKNOWN, NULL},
};

START_TEST(test_command_line)
{
	struct slice args;

	ck_assert_int_eq(submit_command_parse(slice_of(command_lines[_i].line), &args),
			 command_lines[_i].verb);
	if (command_lines[_i].args != NULL && command_lines[_i].verb != SUBMIT_COMMAND_UNKNOWN)
		ck_assert(slice_is(args, command_lines[_i].args));
}
END_TEST

START_TEST(test_command_long_line)
{
	char line[SUBMIT_COMMAND_LINE];
	struct slice args;

	memset(line, 'x', sizeof(line));
	memcpy(line, "NOOP ", 5);
	ck_assert_int_eq(submit_command_parse((struct slice){line, 998}, &args),
			 SUBMIT_COMMAND_NOOP);
	ck_assert_int_eq(submit_command_parse((struct slice){line, 999}, &args),
			 SUBMIT_COMMAND_UNKNOWN);
	memcpy(line, "RCPT ", 5);
	ck_assert_int_eq(submit_command_parse((struct slice){line, 999}, &args),
			 SUBMIT_COMMAND_RCPT);
}
END_TEST

#define XTEXT_100                                                                \
	"1234567890123456789012345678901234567890123456789012345678901234567890" \
	"123456789012345678901234567890"

/* reply: the three digits of the refusal, or "" */
static const struct {
	const char *args;
	unsigned offered;
	const char *reply;
	const char *path;
} command_mails[] = {
    {"FROM:<a@b.example>", 0, "", "a@b.example"},
    {"from:<a@b.example>", 0, "", "a@b.example"},
    {"FROM: <a@b.example>", 0, "", "a@b.example"},
    {"FROM:<>", 0, "", ""},
    {"FROM:<@r.example:a@b.example>", 0, "", "a@b.example"},
    {"FROM:<\"a b\"@b.example> SIZE=10", 0, "", "\"a b\"@b.example"},
    {"FROM:<a@[192.0.2.1]>", 0, "", "a@[192.0.2.1]"},
    {"FROM:a@b.example", 0, "501", NULL},
    {"FROM:<a@b.example", 0, "501", NULL},
    {"TO:<a@b.example>", 0, "501", NULL},
    {"", 0, "501", NULL},
    {"FROM:<a b@b.example>", 0, "501", NULL},
    {"FROM:<a@b.example>SIZE=1", 0, "501", NULL},
    {"FROM:<postmaster>", 0, "553", NULL},
    {"FROM:<\xc3\xbc@b.example>", 0, "553", NULL},
    {"FROM:<\xc3\xbc@b.example> SMTPUTF8", 0, "", "\xc3\xbc@b.example"},
    {"FROM:<a@b.example> SMTPUTF8=1", 0, "501", NULL},
    {"FROM:<a@b.example> SIZE=x", 0, "501", NULL},
    {"FROM:<a@b.example> SIZE", 0, "501", NULL},
    {"FROM:<a@b.example> SIZE=", 0, "501", NULL},
    {"FROM:<a@b.example> SIZE=99999999999999999999999", 0, "501", NULL},
    {"FROM:<a@b.example> SIZE=1 SIZE=1", 0, "501", NULL},
    {"FROM:<a@b.example> BODY=8BITMIME", 0, "", "a@b.example"},
    {"FROM:<a@b.example> body=7bit", 0, "", "a@b.example"},
    {"FROM:<a@b.example> BODY=BINARYMIME", 0, "501", NULL},
    {"FROM:<a@b.example> RET=FULL", 0, "555", NULL},
    {"FROM:<a@b.example> ENVID=x", 0, "555", NULL},
    {"FROM:<a@b.example> REQUIRETLS", 0, "555", NULL},
    {"FROM:<a@b.example> MT-PRIORITY=3", 0, "555", NULL},
    {"FROM:<a@b.example> AUTH=<>", 0, "555", NULL},
    {"FROM:<a@b.example> RET=FULL ENVID=a+2Bb", COMMAND_ALL, "", "a@b.example"},
    {"FROM:<a@b.example> RET=HALF", COMMAND_ALL, "501", NULL},
    {"FROM:<a@b.example> ENVID=a+2bb", COMMAND_ALL, "501", NULL},
    {"FROM:<a@b.example> ENVID=", COMMAND_ALL, "501", NULL},
    {"FROM:<a@b.example> ENVID=a+2", COMMAND_ALL, "501", NULL},
    {"FROM:<a@b.example> ENVID=" XTEXT_100, COMMAND_ALL, "", "a@b.example"},
    {"FROM:<a@b.example> ENVID=" XTEXT_100 "1", COMMAND_ALL, "501", NULL},
    {"FROM:<a@b.example> REQUIRETLS", COMMAND_ALL, "", "a@b.example"},
    {"FROM:<a@b.example> REQUIRETLS=1", COMMAND_ALL, "501", NULL},
    {"FROM:<a@b.example> MT-PRIORITY=-9", COMMAND_ALL, "", "a@b.example"},
    {"FROM:<a@b.example> MT-PRIORITY=10", COMMAND_ALL, "501", NULL},
    {"FROM:<a@b.example> MT-PRIORITY=-0", COMMAND_ALL, "501", NULL},
    {"FROM:<a@b.example> MT-PRIORITY=", COMMAND_ALL, "501", NULL},
};

static void
check_reply(const char *reply, const char *want, const char *args)
{
	if (want[0] == '\0')
		ck_assert_msg(reply == NULL, "%s: %s", args, reply);
	else
		ck_assert_msg(reply != NULL && strncmp(reply, want, 3) == 0, "%s: %s", args,
			      reply ? reply : "accepted");
}

START_TEST(test_command_mail)
{
	struct submit_command_mail mail;

	check_reply(
	    submit_command_mail(slice_of(command_mails[_i].args), command_mails[_i].offered, &mail),
	    command_mails[_i].reply, command_mails[_i].args);
	if (command_mails[_i].path != NULL)
		ck_assert(slice_is(mail.path, command_mails[_i].path));
}
END_TEST

START_TEST(test_command_mail_fields)
{
	struct submit_command_mail mail;

	ck_assert_ptr_null(submit_command_mail(
	    slice_of("FROM:<a@b> size=12345 Body=8bitmime SmtpUtf8 ret=hdrs envid=e+3D "
		     "requiretls mt-priority=-3"),
	    COMMAND_ALL, &mail));
	ck_assert_uint_eq(mail.size, 12345);
	ck_assert(mail.eight_bit && mail.smtputf8 && mail.requiretls);
	ck_assert_int_eq(mail.ret, PROTO_RET_HDRS);
	ck_assert(slice_is(mail.envid, "e+3D"));
	ck_assert_int_eq(mail.priority, -3);
}
END_TEST

static const struct {
	const char *args;
	unsigned offered;
	bool smtputf8;
	const char *reply;
	uint8_t notify;
	const char *orcpt;
} command_rcpts[] = {
    {"TO:<a@b.example>", 0, false, "", 0, ""},
    {"TO: <a@b.example>", 0, false, "", 0, ""},
    {"TO:<postmaster>", 0, false, "550", 0, ""},
    {"TO:<Postmaster@b.example>", 0, false, "", 0, ""},
    {"TO:<>", 0, false, "501", 0, ""},
    {"TO:<a>", 0, false, "501", 0, ""},
    {"TO:<a@>", 0, false, "501", 0, ""},
    {"TO:<a@b..example>", 0, false, "501", 0, ""},
    {"FROM:<a@b.example>", 0, false, "501", 0, ""},
    {"TO:<a@\xc3\xbc.example>", 0, false, "553", 0, ""},
    {"TO:<a@\xc3\xbc.example>", 0, true, "", 0, ""},
    {"TO:<a@b.example> NOTIFY=NEVER", 0, false, "555", 0, ""},
    {"TO:<a@b.example> NOTIFY=NEVER", COMMAND_ALL, false, "", PROTO_NOTIFY_NEVER, ""},
    {"TO:<a@b.example> notify=success,Failure,DELAY", COMMAND_ALL, false, "", 14, ""},
    {"TO:<a@b.example> NOTIFY=NEVER,DELAY", COMMAND_ALL, false, "501", 0, ""},
    {"TO:<a@b.example> NOTIFY=DELAY,DELAY", COMMAND_ALL, false, "501", 0, ""},
    {"TO:<a@b.example> NOTIFY=DELAY,", COMMAND_ALL, false, "501", 0, ""},
    {"TO:<a@b.example> NOTIFY=", COMMAND_ALL, false, "501", 0, ""},
    {"TO:<a@b.example> NOTIFY", COMMAND_ALL, false, "501", 0, ""},
    {"TO:<a@b.example> NOTIFY=DELAY NOTIFY=DELAY", COMMAND_ALL, false, "501", 0, ""},
    {"TO:<a@b.example> ORCPT=rfc822;a+2B@b", COMMAND_ALL, false, "", 0, "rfc822;a+2B@b"},
    {"TO:<a@b.example> ORCPT=rfc822", COMMAND_ALL, false, "501", 0, ""},
    {"TO:<a@b.example> ORCPT=;a", COMMAND_ALL, false, "501", 0, ""},
    {"TO:<a@b.example> ORCPT=rfc822;", COMMAND_ALL, false, "501", 0, ""},
    {"TO:<a@b.example> ORCPT=rfc822;+4", COMMAND_ALL, false, "501", 0, ""},
    {"TO:<a@b.example> FOO=BAR", COMMAND_ALL, false, "555", 0, ""},
};

START_TEST(test_command_rcpt)
{
	struct submit_command_rcpt rcpt;

	check_reply(submit_command_rcpt(slice_of(command_rcpts[_i].args), command_rcpts[_i].offered,
					command_rcpts[_i].smtputf8, &rcpt),
		    command_rcpts[_i].reply, command_rcpts[_i].args);
	if (command_rcpts[_i].reply[0] != '\0')
		return;
	ck_assert_uint_eq(rcpt.notify, command_rcpts[_i].notify);
	ck_assert(slice_is(rcpt.orcpt, command_rcpts[_i].orcpt));
}
END_TEST

static const struct {
	const char *args;
	const char *reply;
	uint64_t size;
	bool last;
} command_bdats[] = {
    {"0", "", 0, false},
    {"10 LAST", "", 10, true},
    {"10  last", "", 10, true},
    {"", "501", 0, false},
    {"LAST", "501", 0, false},
    {"-1", "501", 0, false},
    {"10 FIRST", "501", 0, false},
    {"10 LAST x", "501", 0, false},
    {"99999999999999999999", "501", 0, false},
};

START_TEST(test_command_bdat)
{
	struct submit_command_bdat bdat;

	check_reply(submit_command_bdat(slice_of(command_bdats[_i].args), &bdat),
		    command_bdats[_i].reply, command_bdats[_i].args);
	if (command_bdats[_i].reply[0] != '\0')
		return;
	ck_assert_uint_eq(bdat.size, command_bdats[_i].size);
	ck_assert_int_eq(bdat.last, command_bdats[_i].last);
}
END_TEST

START_TEST(test_command_hello)
{
	struct slice name;

	ck_assert_ptr_null(submit_command_hello(slice_of("a.example"), &name));
	ck_assert(slice_is(name, "a.example"));
	ck_assert_ptr_null(submit_command_hello(slice_of("[192.0.2.1] more"), &name));
	ck_assert(slice_is(name, "[192.0.2.1]"));
	ck_assert_ptr_nonnull(submit_command_hello(slice_of(""), &name));
	ck_assert_ptr_nonnull(submit_command_hello(slice_of("\xc3\xbc"), &name));
}
END_TEST

/* Every prefix of a good line, in a buffer of exactly its size: nothing reads past the end. */
START_TEST(test_command_truncated)
{
	static const char line[] =
	    "FROM:<\"a\\\"b\"@b.example> SIZE=1 ENVID=a+2B RET=FULL MT-PRIORITY=-4 BODY=8BITMIME";

	for (size_t len = 0; len < sizeof(line); len++) {
		char *copy = malloc(len + 1);
		struct slice args = {copy, len};
		struct submit_command_mail mail;
		struct submit_command_rcpt rcpt;
		struct submit_command_bdat bdat;

		memcpy(copy, line, len);
		submit_command_parse(args, &args);
		submit_command_mail((struct slice){copy, len}, COMMAND_ALL, &mail);
		submit_command_rcpt((struct slice){copy, len}, COMMAND_ALL, true, &rcpt);
		submit_command_bdat((struct slice){copy, len}, &bdat);
		free(copy);
	}
}
END_TEST

#define COMMAND_COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

static Suite *
command_suite(void)
{
	Suite *suite = suite_create("submit/command");
	TCase *tcase = tcase_create("command");

	tcase_add_loop_test(tcase, test_command_line, 0, COMMAND_COUNT(command_lines));
	tcase_add_test(tcase, test_command_long_line);
	tcase_add_loop_test(tcase, test_command_mail, 0, COMMAND_COUNT(command_mails));
	tcase_add_test(tcase, test_command_mail_fields);
	tcase_add_loop_test(tcase, test_command_rcpt, 0, COMMAND_COUNT(command_rcpts));
	tcase_add_loop_test(tcase, test_command_bdat, 0, COMMAND_COUNT(command_bdats));
	tcase_add_test(tcase, test_command_hello);
	tcase_add_test(tcase, test_command_truncated);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(command_suite)
