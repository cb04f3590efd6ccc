#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "worker/smtp/caps.h"
#include "worker/smtp/reply.h"

static struct smtp_caps
caps_of(const char *lines)
{
	struct smtp_reply reply = {.code = 250, .lines = 2};
	struct smtp_caps caps;

	memset(&caps, 0xff, sizeof(caps));
	str_text(&reply.text, lines);
	smtp_caps_read(&caps, &reply);
	smtp_reply_free(&reply);
	return caps;
}

START_TEST(test_caps_words)
{
	struct smtp_caps caps = caps_of("mx\nPIPELINING\nchunking\nBinaryMime\n8BITMIME\nSMTPUTF8\n"
					"DSN\nSTARTTLS\nREQUIRETLS\nMT-PRIORITY MIXER\n"
					"ENHANCEDSTATUSCODES\nSIZE 1000");

	ck_assert(caps.pipelining && caps.chunking && caps.binarymime && caps.eight_bit_mime);
	ck_assert(caps.smtputf8 && caps.dsn && caps.starttls && caps.requiretls);
	ck_assert(caps.mt_priority && caps.enhanced_status_codes && caps.size);
	ck_assert_uint_eq(caps.size_limit, 1000);
	ck_assert_uint_eq(caps.auth, 0);
}
END_TEST

START_TEST(test_caps_none)
{
	static const char *const texts[] = {
	    "",
	    "PIPELINING",
	    "mx PIPELINING",
	    "mx\nXPIPELINING\nPIPELINING2\nPIPE LINING\n\n \n\t\n-CHUNKING",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct smtp_caps caps = caps_of(texts[i]);
		struct smtp_caps none;

		memset(&none, 0, sizeof(none));
		ck_assert_msg(memcmp(&caps, &none, sizeof(caps)) == 0, "%s", texts[i]);
	}
}
END_TEST

START_TEST(test_caps_size)
{
	static const struct {
		const char *line;
		uint64_t limit;
	} cases[] = {
	    {"SIZE", 0},
	    {"SIZE 0", 0},
	    {"SIZE x", 0},
	    {"SIZE -1", 0},
	    {"size 52428800", 52428800},
	    {"SIZE   7 ", 7},
	    {"SIZE 99999999999999999999999", 0},
	    {"SIZE=5", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[80];
		struct smtp_caps caps;

		snprintf(text, sizeof(text), "mx\n%s\nDSN", cases[i].line);
		caps = caps_of(text);
		ck_assert_msg(caps.size_limit == cases[i].limit, "%s", cases[i].line);
		ck_assert(caps.dsn);
	}
}
END_TEST

START_TEST(test_caps_auth)
{
	ck_assert_uint_eq(caps_of("mx\nAUTH PLAIN LOGIN").auth, SMTP_AUTH_PLAIN | SMTP_AUTH_LOGIN);
	ck_assert_uint_eq(caps_of("mx\nAUTH=plain").auth, SMTP_AUTH_PLAIN);
	ck_assert_uint_eq(caps_of("mx\nAUTH CRAM-MD5 X-OWN\nAUTH=LOGIN").auth,
			  SMTP_AUTH_CRAM_MD5 | SMTP_AUTH_LOGIN);
	ck_assert_uint_eq(caps_of("mx\nAUTH").auth, 0);
	ck_assert_uint_eq(caps_of("mx\nAUTH SCRAM-SHA-1 SCRAM-SHA-256 EXTERNAL").auth,
			  SMTP_AUTH_SCRAM_SHA_1 | SMTP_AUTH_SCRAM_SHA_256 | SMTP_AUTH_EXTERNAL);
}
END_TEST

START_TEST(test_caps_limits)
{
	static const struct {
		const char *line;
		unsigned rcpt;
		unsigned mail;
	} cases[] = {
	    {"LIMITS RCPTMAX=100 MAILMAX=20", 100, 20},
	    {"limits mailmax=5", 0, 5},
	    {"LIMITS RCPTMAX=0 MAILMAX=x", 0, 0},
	    {"LIMITS RCPTMAX=1000000", 0, 0},
	    {"LIMITS RCPTDOMAINMAX=1 RCPTMAX=3", 3, 0},
	    {"LIMITS RCPTMAX=", 0, 0},
	    {"LIMITS", 0, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[80];
		struct smtp_caps caps;

		snprintf(text, sizeof(text), "mx\n%s", cases[i].line);
		caps = caps_of(text);
		ck_assert_msg(caps.rcpt_max == cases[i].rcpt && caps.mail_max == cases[i].mail,
			      "%s", cases[i].line);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *it = suite_create("smtp/caps");
	TCase *tc = tcase_create("caps");

	tcase_add_test(tc, test_caps_words);
	tcase_add_test(tc, test_caps_none);
	tcase_add_test(tc, test_caps_size);
	tcase_add_test(tc, test_caps_auth);
	tcase_add_test(tc, test_caps_limits);
	suite_add_tcase(it, tc);
	return it;
}

UNIT_MAIN(suite)
