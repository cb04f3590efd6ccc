#include <string.h>

#include "tests/unit/unit.h"
#include "worker/smtp/reply.h"

/* Feeds text in pieces of the given size until something but MORE comes. */
static enum smtp_reply_status
feed(struct smtp_reply *reply, const char *text, size_t len, size_t piece, size_t *total)
{
	enum smtp_reply_status status = SMTP_REPLY_MORE;

	smtp_reply_reset(reply);
	*total = 0;
	while (*total < len && status == SMTP_REPLY_MORE) {
		size_t now = len - *total < piece ? len - *total : piece;
		size_t used;

		status = smtp_reply_feed(reply, text + *total, now, &used);
		ck_assert_uint_le(used, now);
		*total += used;
	}
	return status;
}

static const struct {
	const char *text;
	enum smtp_reply_status status;
	unsigned code;
	const char *enhanced;
	const char *words; /* without the enhanced code */
} replies[] = {
    {"250 ok\r\n", SMTP_REPLY_DONE, 250, "", "ok"},
    {"250\r\n", SMTP_REPLY_DONE, 250, "", ""},
    {"250 \r\n", SMTP_REPLY_DONE, 250, "", ""},
    {"250 ok\n", SMTP_REPLY_DONE, 250, "", "ok"},
    {"250-a\r\n250-b\r\n250 c\r\n", SMTP_REPLY_DONE, 250, "", "a b c"},
    {"250-a\n250 b\n", SMTP_REPLY_DONE, 250, "", "a b"},
    {"250-\r\n250 b\r\n", SMTP_REPLY_DONE, 250, "", "b"},
    {"550 5.1.1 no such user\r\n", SMTP_REPLY_DONE, 550, "5.1.1", "no such user"},
    {"550-5.1.1 no\r\n550 5.1.1 user\r\n", SMTP_REPLY_DONE, 550, "5.1.1", "no user"},
    {"550 5.1.1\r\n", SMTP_REPLY_DONE, 550, "5.1.1", ""},
    {"450 5.1.1 later\r\n", SMTP_REPLY_DONE, 450, "", "5.1.1 later"},
    {"550 5.1.1.1 x\r\n", SMTP_REPLY_DONE, 550, "", "5.1.1.1 x"},
    {"550 5.1.1234 x\r\n", SMTP_REPLY_DONE, 550, "", "5.1.1234 x"},
    {"354 3.0.0 go\r\n", SMTP_REPLY_DONE, 354, "", "3.0.0 go"},
    {"700 hm\r\n", SMTP_REPLY_DONE, 700, "", "hm"},
    {"000 hm\r\n", SMTP_REPLY_DONE, 0, "", "hm"},
    {"550 a\rb\tc\\d\r\n", SMTP_REPLY_DONE, 550, "", "a\\x0db\\x09c\\\\d"},
    {"550 gr\xc3\xbc\xc3\x9f\xff\r\n", SMTP_REPLY_DONE, 550, "", "gr\xc3\xbc\xc3\x9f\\xff"},
    {"250-a\r\n251 b\r\n", SMTP_REPLY_GARBAGE, 0, "", ""},
    {"250ok\r\n", SMTP_REPLY_GARBAGE, 0, "", ""},
    {"25 ok\r\n", SMTP_REPLY_GARBAGE, 0, "", ""},
    {"2500 ok\r\n", SMTP_REPLY_GARBAGE, 0, "", ""},
    {"55O no\r\n", SMTP_REPLY_GARBAGE, 0, "", ""},
    {"\r\n", SMTP_REPLY_GARBAGE, 0, "", ""},
    {" 250 ok\r\n", SMTP_REPLY_GARBAGE, 0, "", ""},
    {"-250 ok\r\n", SMTP_REPLY_GARBAGE, 0, "", ""},
    {"250-a\r\n\r\n", SMTP_REPLY_GARBAGE, 0, "", ""},
    {"hello\r\n", SMTP_REPLY_GARBAGE, 0, "", ""},
};

START_TEST(test_reply_pieces)
{
	struct smtp_reply reply = {0};
	struct str words = {0};
	char enhanced[OUTCOME_ENHANCED_TEXT];
	size_t total;

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		size_t len = strlen(replies[i].text);

		for (size_t piece = 1; piece <= len; piece++) {
			enum smtp_reply_status status =
			    feed(&reply, replies[i].text, len, piece, &total);

			ck_assert_msg(status == replies[i].status, "%s: %d", replies[i].text,
				      status);
			if (status != SMTP_REPLY_DONE)
				continue;
			ck_assert_uint_eq(total, len);
			ck_assert_uint_eq(reply.code, replies[i].code);
			ck_assert_str_eq(outcome_enhanced_text(enhanced, reply.enhanced),
					 replies[i].enhanced);
			smtp_reply_words(&reply, false, &words);
			ck_assert_str_eq(str_c(&words), replies[i].words);
		}
	}
	smtp_reply_free(&reply);
	str_free(&words);
}
END_TEST

START_TEST(test_reply_truncated)
{
	struct smtp_reply reply = {0};
	size_t total;

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		for (size_t len = 1; len < strlen(replies[i].text); len++) {
			enum smtp_reply_status status =
			    feed(&reply, replies[i].text, len, len, &total);

			ck_assert(status != SMTP_REPLY_DONE);
			if (status == SMTP_REPLY_MORE)
				ck_assert(smtp_reply_is_partial(&reply));
		}
	}
	smtp_reply_free(&reply);
}
END_TEST

START_TEST(test_reply_two)
{
	static const char text[] = "250 one\r\n550 two\r\n";
	struct smtp_reply reply = {0};
	size_t used;

	ck_assert_int_eq(smtp_reply_feed(&reply, text, strlen(text), &used), SMTP_REPLY_DONE);
	ck_assert_uint_eq(used, 9);
	smtp_reply_reset(&reply);
	ck_assert(!smtp_reply_is_partial(&reply));
	ck_assert_int_eq(smtp_reply_feed(&reply, text + 9, strlen(text) - 9, &used),
			 SMTP_REPLY_DONE);
	ck_assert_uint_eq(reply.code, 550);
	smtp_reply_free(&reply);
}
END_TEST

START_TEST(test_reply_class)
{
	static const unsigned codes[][2] = {{99, 0},  {150, 0}, {200, 2}, {250, 2},
					    {299, 2}, {354, 3}, {421, 4}, {599, 5},
					    {600, 0}, {999, 0}, {0, 0}};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct smtp_reply reply = {.code = (uint16_t)codes[i][0]};

		ck_assert_uint_eq(smtp_reply_class(&reply), codes[i][1]);
	}
}
END_TEST

/* lines of the given length with their CRLF, the last one with a space. */
static struct str
many(unsigned lines, unsigned len)
{
	struct str text = {0};

	for (unsigned i = 0; i < lines; i++) {
		str_text(&text, i + 1 < lines ? "250-" : "250 ");
		for (unsigned j = 6; j < len; j++)
			str_char(&text, 'x');
		str_text(&text, "\r\n");
	}
	return text;
}

START_TEST(test_reply_limits)
{
	static const struct {
		unsigned lines;
		unsigned len;
		enum smtp_reply_status status;
	} cases[] = {
	    {1, SMTP_REPLY_LINE_MAX, SMTP_REPLY_DONE},
	    {1, SMTP_REPLY_LINE_MAX + 1, SMTP_REPLY_TOO_LONG},
	    {1, SMTP_REPLY_SIZE_MAX, SMTP_REPLY_TOO_LONG},
	    {SMTP_REPLY_LINES_MAX, 80, SMTP_REPLY_DONE},
	    {SMTP_REPLY_LINES_MAX + 1, 80, SMTP_REPLY_TOO_LONG},
	    {16, 4096, SMTP_REPLY_DONE},
	    {17, 4096, SMTP_REPLY_TOO_LONG},
	};
	static const size_t pieces[] = {1, 7, 4096, 1000000};
	struct smtp_reply reply = {0};
	struct str words = {0};
	size_t total;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = many(cases[i].lines, cases[i].len);

		for (size_t j = 0; j < 4; j++) {
			ck_assert_int_eq(feed(&reply, text.data, text.len, pieces[j], &total),
					 cases[i].status);
			ck_assert_uint_le(reply.text.len, SMTP_REPLY_SIZE_MAX);
			ck_assert_uint_le(reply.line.len, SMTP_REPLY_LINE_MAX);
			smtp_reply_words(&reply, true, &words);
			ck_assert_uint_le(words.len, OUTCOME_REPLY_MAX);
		}
		str_free(&text);
	}
	smtp_reply_free(&reply);
	str_free(&words);
}
END_TEST

/* The cut falls between escapes and characters, wherever it falls. */
START_TEST(test_reply_words_cut)
{
	static const char *const units[] = {"\x01", "\\", "\xc3\xbc", "\xe2\x82\xac",
					    "\xf0\x9f\x98\x80"};
	static const char *const shown[] = {"\\x01", "\\\\", "\xc3\xbc", "\xe2\x82\xac",
					    "\xf0\x9f\x98\x80"};

	for (unsigned lead = 0; lead < 5; lead++) {
		for (unsigned i = 0; i < 5; i++) {
			struct smtp_reply reply = {.code = 550, .lines = 1};
			struct str words = {0};
			size_t len = strlen(shown[i]);

			for (unsigned j = 0; j < lead; j++)
				str_char(&reply.text, 'a');
			for (unsigned j = 0; j < 1100; j++)
				str_text(&reply.text, units[i]);
			smtp_reply_words(&reply, true, &words);
			ck_assert_uint_le(words.len, OUTCOME_REPLY_MAX);
			ck_assert_uint_gt(words.len, OUTCOME_REPLY_MAX - len);
			ck_assert_mem_eq(words.data + words.len - len, shown[i], len);
			smtp_reply_free(&reply);
			str_free(&words);
		}
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *it = suite_create("smtp/reply");
	TCase *tc = tcase_create("reply");

	tcase_add_test(tc, test_reply_pieces);
	tcase_add_test(tc, test_reply_truncated);
	tcase_add_test(tc, test_reply_two);
	tcase_add_test(tc, test_reply_class);
	tcase_add_test(tc, test_reply_limits);
	tcase_add_test(tc, test_reply_words_cut);
	suite_add_tcase(it, tc);
	return it;
}

UNIT_MAIN(suite)
