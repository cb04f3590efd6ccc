#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/str.h"
#include "tests/unit/unit.h"
#include "worker/smtp/body.h"
#include "worker/smtp/message.h"

enum { OFFSET = 100 };

static int
file_of(const struct str *body)
{
	FILE *file = tmpfile();
	int fd;

	ck_assert_ptr_nonnull(file);
	fd = dup(fileno(file));
	ck_assert(fd >= 0);
	ck_assert_int_eq(pwrite(fd, body->data, body->len, OFFSET), (ssize_t)body->len);
	fclose(file);
	return fd;
}

/* The plain definition: a dot at the start and behind each CRLF is doubled. */
static void
stuff(const struct str *body, struct str *out)
{
	for (size_t i = 0; i < body->len; i++) {
		if (body->data[i] == '.' &&
		    (i == 0 || (i > 1 && body->data[i - 1] == '\n' && body->data[i - 2] == '\r')))
			str_char(out, '.');
		str_char(out, body->data[i]);
	}
}

static void
take(struct smtp_message *message, bool stuffed, const struct str *want)
{
	struct evbuffer *out = evbuffer_new();
	struct smtp_body body;
	enum smtp_body_status status;
	struct str got = {0};

	smtp_body_init(&body, message, stuffed);
	do {
		status = smtp_body_fill(&body, out, 100000);
		ck_assert_uint_le(evbuffer_get_length(out), 100000 + 2 * SMTP_BODY_PIECE);
		str_bytes(&got, evbuffer_pullup(out, -1), evbuffer_get_length(out));
		evbuffer_drain(out, evbuffer_get_length(out));
	} while (status == SMTP_BODY_MORE);
	ck_assert_int_eq(status, SMTP_BODY_LAST);
	ck_assert(smtp_body_finish(&body, out));
	str_bytes(&got, evbuffer_pullup(out, -1), evbuffer_get_length(out));
	ck_assert_uint_eq(got.len, want->len);
	ck_assert(got.len == 0 || memcmp(got.data, want->data, got.len) == 0);
	str_free(&got);
	evbuffer_free(out);
}

/* From memory and from a file, with and without stuffing. */
static void
check_body(const struct str *body)
{
	struct str want = {0};
	int fd = file_of(body);
	struct smtp_message memory = {
	    .memory = {str_c(body), body->len}, .fd = -1, .size = body->len};
	struct smtp_message file = {.fd = fd, .offset = OFFSET, .size = body->len};

	stuff(body, &want);
	take(&memory, true, &want);
	take(&file, true, &want);
	take(&memory, false, body);
	take(&file, false, body);
	str_free(&want);
	close(fd);
}

START_TEST(test_body_short)
{
	static const char *const texts[] = {
	    "",     ".\r\n",          "..\r\n",         "a\r\n.\r\n", "a\r\n..b\r\n.\r\n\r\n.\r\n",
	    "\r\n", "a.b\r\n c.\r\n", "\r\n.\r\n.\r\n."};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct str body = {0};

		str_text(&body, texts[i]);
		check_body(&body);
		str_free(&body);
	}
}
END_TEST

/* CR, LF and dot on each side of the border between two pieces. */
START_TEST(test_body_borders)
{
	for (unsigned shift = 0; shift < 6; shift++) {
		struct str body = {0};

		for (unsigned i = 0; i < 2; i++) {
			while (body.len < (i + 1) * SMTP_BODY_PIECE - shift)
				str_char(&body, 'x');
			str_text(&body, "\r\n.y\r\n");
		}
		check_body(&body);
		str_free(&body);
	}
}
END_TEST

START_TEST(test_body_all_dots)
{
	struct str body = {0};

	for (unsigned i = 0; i < 60000; i++)
		str_text(&body, ".\r\n");
	check_body(&body);
	str_free(&body);
}
END_TEST

START_TEST(test_body_random)
{
	static const char alphabet[] = "\r\n.a";
	unsigned seed = 20210101;

	for (unsigned i = 0; i < 30; i++) {
		struct str body = {0};
		size_t len = SMTP_BODY_PIECE - 20 + i * 2;

		while (body.len < len) {
			seed = seed * 1103515245 + 12345;
			str_char(&body, alphabet[(seed >> 16) & 3]);
		}
		check_body(&body);
		str_free(&body);
	}
}
END_TEST

/* Memory that needs no stuffing is not copied. */
START_TEST(test_body_by_reference)
{
	struct evbuffer *out = evbuffer_new();
	struct evbuffer_iovec piece;
	struct str text = {0};
	struct smtp_message message = {.fd = -1};
	struct smtp_body body;

	while (text.len < 200000)
		str_text(&text, "a line\r\n");
	message.memory = (struct slice){text.data, text.len};
	message.size = text.len;
	smtp_body_init(&body, &message, false);
	ck_assert_int_eq(smtp_body_fill(&body, out, 1), SMTP_BODY_LAST);
	ck_assert(smtp_body_finish(&body, out));
	ck_assert_int_eq(evbuffer_peek(out, -1, NULL, &piece, 1), 1);
	ck_assert_ptr_eq(piece.iov_base, text.data);
	evbuffer_free(out);
	str_free(&text);
}
END_TEST

START_TEST(test_body_short_read)
{
	static const uint64_t missing[] = {1, SMTP_BODY_PIECE, 3 * SMTP_BODY_PIECE};
	struct str text = {0};

	while (text.len < 150000)
		str_text(&text, "a line\r\n");
	for (size_t i = 0; i < 3; i++) {
		for (int stuffed = 0; stuffed < 2; stuffed++) {
			struct evbuffer *out = evbuffer_new();
			int fd = file_of(&text);
			struct smtp_message message = {
			    .fd = fd, .offset = OFFSET, .size = text.len + missing[i]};
			struct smtp_body body;
			enum smtp_body_status status;

			smtp_body_init(&body, &message, stuffed);
			status = smtp_body_fill(&body, out, 10000000);
			ck_assert(status == SMTP_BODY_FAILED ||
				  (status == SMTP_BODY_LAST && !smtp_body_finish(&body, out)));
			evbuffer_free(out);
			close(fd);
		}
	}
	str_free(&text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *it = suite_create("smtp/body");
	TCase *tc = tcase_create("body");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_body_short);
	tcase_add_test(tc, test_body_borders);
	tcase_add_test(tc, test_body_all_dots);
	tcase_add_test(tc, test_body_random);
	tcase_add_test(tc, test_body_by_reference);
	tcase_add_test(tc, test_body_short_read);
	suite_add_tcase(it, tc);
	return it;
}

UNIT_MAIN(suite)
