#include <string.h>

#include "tests/unit/unit.h"
#include "worker/smtp/caps.h"
#include "worker/smtp/command.h"
#include "worker/smtp/message.h"

static const struct smtp_caps nothing;
static const struct smtp_caps everything = {.size = true,
					    .eight_bit_mime = true,
					    .smtputf8 = true,
					    .dsn = true,
					    .requiretls = true,
					    .mt_priority = true};

START_TEST(test_command_plain)
{
	struct str out = {0};

	smtp_command_hello(&out, "EHLO", "[192.0.2.1]");
	smtp_command_plain(&out, "DATA");
	smtp_command_bdat(&out, 12345678901ULL);
	ck_assert_str_eq(str_c(&out), "EHLO [192.0.2.1]\r\nDATA\r\nBDAT 12345678901 LAST\r\n");
	str_free(&out);
}
END_TEST

START_TEST(test_command_mail)
{
	static const struct {
		struct smtp_message message;
		const char *bare;
		const char *full;
	} cases[] = {
	    {{.size = 1}, "MAIL FROM:<>\r\n", "MAIL FROM:<> SIZE=1\r\n"},
	    {{.sender = {"a@b", 3}, .size = 5000000000, .eight_bit = true, .smtputf8 = true},
	     "MAIL FROM:<a@b>\r\n",
	     "MAIL FROM:<a@b> SIZE=5000000000 BODY=8BITMIME SMTPUTF8\r\n"},
	    {{.sender = {"a@b", 3},
	      .size = 1,
	      .ret = SMTP_RET_FULL,
	      .envid = {"x=1+\xc3 ", 6},
	      .requiretls = true},
	     "MAIL FROM:<a@b>\r\n",
	     "MAIL FROM:<a@b> SIZE=1 RET=FULL ENVID=x+3D1+2B+C3+20 REQUIRETLS\r\n"},
	    {{.sender = {"a@b", 3},
	      .size = 1,
	      .ret = SMTP_RET_HDRS,
	      .has_priority = true,
	      .priority = -9},
	     "MAIL FROM:<a@b>\r\n",
	     "MAIL FROM:<a@b> SIZE=1 RET=HDRS MT-PRIORITY=-9\r\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str out = {0};

		smtp_command_mail(&out, &cases[i].message, &nothing);
		ck_assert_str_eq(str_c(&out), cases[i].bare);
		str_clear(&out);
		smtp_command_mail(&out, &cases[i].message, &everything);
		ck_assert_str_eq(str_c(&out), cases[i].full);
		str_free(&out);
	}
}
END_TEST

START_TEST(test_command_rcpt)
{
	static const struct {
		const char *orcpt;
		unsigned notify;
		bool smtputf8;
		const char *parameters;
	} cases[] = {
	    {NULL, 0, false, ""},
	    {NULL, SMTP_NOTIFY_NEVER, false, " NOTIFY=NEVER"},
	    {NULL, SMTP_NOTIFY_NEVER | SMTP_NOTIFY_DELAY, false, " NOTIFY=NEVER"},
	    {NULL, SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY, false,
	     " NOTIFY=SUCCESS,FAILURE,DELAY"},
	    {NULL, SMTP_NOTIFY_DELAY, false, " NOTIFY=DELAY"},
	    {"rfc822;a+b@c", 0, false, " ORCPT=rfc822;a+2Bb@c"},
	    {"rfc822;\"a b\"@c", SMTP_NOTIFY_FAILURE, false,
	     " NOTIFY=FAILURE ORCPT=rfc822;\"a+20b\"@c"},
	    {"rfc822;a;b\r\n", 0, false, " ORCPT=rfc822;a;b+0D+0A"},
	    {"utf-8;b\xc3\xbc@c", 0, true, " ORCPT=utf-8;b\xc3\xbc@c"},
	    {"utf-8;b+\\@c", 0, true, " ORCPT=utf-8;b\\x{2B}\\x{5C}@c"},
	    {"utf-8;b\xc3\xbc@c", 0, false, ""},
	    {"no type", 0, false, ""},
	};
	struct str out = {0};
	struct str want = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct smtp_recipient recipient = {.address = slice_of("r@d"),
						   .orcpt = slice_of(cases[i].orcpt),
						   .notify = cases[i].notify};
		struct smtp_message message = {.smtputf8 = cases[i].smtputf8};

		str_clear(&out);
		smtp_command_rcpt(&out, &recipient, &message, &nothing);
		ck_assert_str_eq(str_c(&out), "RCPT TO:<r@d>\r\n");
		str_clear(&out);
		str_clear(&want);
		str_printf(&want, "RCPT TO:<r@d>%s\r\n", cases[i].parameters);
		smtp_command_rcpt(&out, &recipient, &message, &everything);
		ck_assert_str_eq(str_c(&out), str_c(&want));
	}
	str_free(&out);
	str_free(&want);
}
END_TEST

START_TEST(test_command_address_fits)
{
	static const struct {
		const char *address;
		bool fits;
	} cases[] = {
	    {"", true},
	    {"a@b", true},
	    {"\"a b\"@c", true},
	    {"\"a>b\"@c", true},
	    {"\"a\\\"b\"@c", true},
	    {"b\xc3\xbc@c", true},
	    {"a@[192.0.2.1]", true},
	    {"a b@c", false},
	    {"a@b>", false},
	    {"<a@b", false},
	    {"a@b\r", false},
	    {"a@b\n", false},
	    {"a\tb@c", false},
	    {"\"a\r\n\"@c", false},
	    {"\"a\\\nb\"@c", false},
	    {"\"a\\", false},
	    {"\"a@c", false},
	    {"\"a\\\"@c", false},
	    {"a\x7f@c", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(smtp_command_address_fits(slice_of(cases[i].address)) ==
				  cases[i].fits,
			      "%s", cases[i].address);
	ck_assert(!smtp_command_address_fits((struct slice){"a\0b", 3}));
}
END_TEST

/* Whatever goes in, one line comes out. */
START_TEST(test_command_one_line)
{
	struct str out = {0};

	for (unsigned c = 0; c < 256; c++) {
		char text[8] = {'r', ';', (char)c, 'x'};
		struct smtp_message message = {.envid = {text, 4}, .smtputf8 = true};
		struct smtp_recipient recipient = {.orcpt = {text, 4}};

		str_clear(&out);
		smtp_command_mail(&out, &message, &everything);
		smtp_command_rcpt(&out, &recipient, &message, &everything);
		ck_assert_uint_eq(strlen(str_c(&out)), out.len);
		ck_assert_ptr_eq(strstr(strstr(str_c(&out), "\r\n") + 2, "\r\n"),
				 out.data + out.len - 2);
	}
	str_free(&out);
}
END_TEST

static Suite *
suite(void)
{
	Suite *it = suite_create("smtp/command");
	TCase *tc = tcase_create("command");

	tcase_add_test(tc, test_command_plain);
	tcase_add_test(tc, test_command_mail);
	tcase_add_test(tc, test_command_rcpt);
	tcase_add_test(tc, test_command_address_fits);
	tcase_add_test(tc, test_command_one_line);
	suite_add_tcase(it, tc);
	return it;
}

UNIT_MAIN(suite)
