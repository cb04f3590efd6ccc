#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crc32c.h"
#include "tests/unit/unit.h"
#include "worker/submit/scan.h"

static void
scan_data(struct submit_scan *scan, struct slice in, struct str *out, size_t *taken)
{
	submit_scan_init(scan);
	*taken = submit_scan_data(scan, in, out);
}

/* Input, output, and how much of the input is taken; 0: all, and the end is not seen. */
static const struct {
	const char *in;
	const char *out;
	size_t end;
	bool bare;
	bool stuffing;
} scan_cases[] = {
    {".\r\n", "", 3, false, false},
    {"a\r\n.\r\n", "a\r\n", 6, false, false},
    {"a\r\n.\r\nQUIT\r\n", "a\r\n", 6, false, false},
    {"..\r\n.\r\n", ".\r\n", 7, false, true},
    {".a\r\n.\r\n", "a\r\n", 7, false, false},
    {"a.\r\n.b\r\n", "a.\r\nb\r\n", 0, false, false},
    {"a\r\n...\r\n.\r\n", "a\r\n..\r\n", 11, false, true},
    /* What the same bytes would end elsewhere: none of it ends the message here. */
    {"a\n.\nMAIL\r\n", "a\r\n.\r\nMAIL\r\n", 0, true, true},
    {"a\n.\r\nMAIL\r\n", "a\r\n.\r\nMAIL\r\n", 0, true, true},
    {"a\r\n.\nMAIL\r\n", "a\r\n\r\nMAIL\r\n", 0, true, false},
    {"a\r.\rMAIL\r\n", "a\r\n.\r\nMAIL\r\n", 0, true, true},
    {"a\r.\r\nMAIL\r\n", "a\r\n.\r\nMAIL\r\n", 0, true, true},
    {"a\r\n.\rMAIL\r\n", "a\r\n\r\nMAIL\r\n", 0, true, false},
    {"a\n\r.\r\nMAIL\r\n", "a\r\n\r\n.\r\nMAIL\r\n", 0, true, true},
    {"a\r\r\n.\r\n", "a\r\n\r\n", 7, true, false},
    {"a\r\n.\r\r\n.\r\n", "a\r\n\r\n\r\n", 10, true, false},
    {"\n.\r\n.\r\n", "\r\n.\r\n", 7, true, true},
    {"a\r\n\n.\r\n", "a\r\n\r\n.\r\n", 0, true, true},
    {"a\nb\rc", "a\r\nb\r\nc", 0, true, false},
    {"12345678\n12345678\r12345678\r\n", "12345678\r\n12345678\r\n12345678\r\n", 0, true, false},
};

START_TEST(test_scan_table)
{
	struct slice in = slice_of(scan_cases[_i].in);
	struct submit_scan scan;
	struct str out = {0};
	size_t taken;

	scan_data(&scan, in, &out, &taken);
	ck_assert_str_eq(str_c(&out), scan_cases[_i].out);
	ck_assert_uint_eq(taken, scan_cases[_i].end ? scan_cases[_i].end : in.len);
	ck_assert_int_eq(scan.state == SUBMIT_SCAN_END, scan_cases[_i].end != 0);
	ck_assert_int_eq(scan.bare_newline, scan_cases[_i].bare);
	ck_assert_int_eq(scan.needs_stuffing, scan_cases[_i].stuffing);
	ck_assert_uint_eq(scan.size, out.len);
	ck_assert_uint_eq(scan.crc32c, crc32c(0, str_c(&out), out.len));
	str_free(&out);
}
END_TEST

static void
scan_same(const struct submit_scan *a, const struct submit_scan *b)
{
	ck_assert_int_eq(a->state, b->state);
	ck_assert_int_eq(a->bare_newline, b->bare_newline);
	ck_assert_int_eq(a->nul, b->nul);
	ck_assert_int_eq(a->eight_bit, b->eight_bit);
	ck_assert_int_eq(a->needs_stuffing, b->needs_stuffing);
	ck_assert_int_eq(a->in_body, b->in_body);
	ck_assert_uint_eq(a->crc32c, b->crc32c);
	ck_assert_uint_eq(a->received, b->received);
	ck_assert_uint_eq(a->line, b->line);
	ck_assert_uint_eq(a->longest, b->longest);
	ck_assert_uint_eq(a->size, b->size);
}

/* Feeds in pieces of 1 to most bytes, until the end. */
static size_t
scan_pieces(struct submit_scan *scan, struct slice in, struct str *out, unsigned most)
{
	size_t at = 0;

	while (at < in.len && scan->state != SUBMIT_SCAN_END) {
		size_t len = 1 + (size_t)rand() % most;
		struct slice piece = {in.data + at, len < in.len - at ? len : in.len - at};

		at += submit_scan_data(scan, piece, out);
	}
	return at;
}

static void
scan_check_splits(struct slice in)
{
	struct submit_scan whole;
	struct str want = {0};
	size_t taken;

	scan_data(&whole, in, &want, &taken);
	for (size_t cut = 0; cut <= in.len; cut++) {
		struct submit_scan scan;
		struct str out = {0};
		size_t got;

		submit_scan_init(&scan);
		got = submit_scan_data(&scan, (struct slice){in.data, cut}, &out);
		if (scan.state != SUBMIT_SCAN_END)
			got += submit_scan_data(&scan, (struct slice){in.data + cut, in.len - cut},
						&out);
		ck_assert_uint_eq(got, taken);
		scan_same(&scan, &whole);
		ck_assert_uint_eq(out.len, want.len);
		ck_assert(out.len == 0 || memcmp(out.data, want.data, out.len) == 0);
		str_free(&out);
	}
	str_free(&want);
}

START_TEST(test_scan_splits)
{
	static const char message[] =
	    "Received: from a\r\nreceived: from b\r\nSubject: \xc3\xbc\r\n"
	    "\r\nReceived: no\r\n..dot\r\nbare\n.\r\rtail\r\n.\r\nQUIT\r\n";

	for (size_t i = 0; i < sizeof(scan_cases) / sizeof(scan_cases[0]); i++)
		scan_check_splits(slice_of(scan_cases[i].in));
	scan_check_splits(slice_of(message));
}
END_TEST

/* A text out of few letters, so that every short combination turns up. */
static struct str
scan_random(size_t max)
{
	static const char letters[] = "\r\n.a\r\n.\xe4";
	struct str text = {0};
	size_t len = (size_t)rand() % max;

	str_reserve(&text, len);
	for (size_t i = 0; i < len; i++)
		str_char(&text, letters[(size_t)rand() % (sizeof(letters) - 1)]);
	return text;
}

/* What a message should look like when it is stored: every line end a CRLF, one at the end. */
static struct str
scan_canonical(const struct str *text)
{
	struct str out = {0};

	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] == '\r' || text->data[i] == '\n') {
			if (text->data[i] == '\r' && i + 1 < text->len && text->data[i + 1] == '\n')
				i++;
			str_bytes(&out, "\r\n", 2);
		} else {
			str_char(&out, text->data[i]);
		}
	if (out.len > 0 && out.data[out.len - 1] != '\n')
		str_bytes(&out, "\r\n", 2);
	return out;
}

/* RFC 5321 section 4.5.2, as an ideal client does it: only behind CRLF. */
static struct str
scan_stuff(const struct str *text)
{
	struct str out = {0};
	bool crlf = true;

	for (size_t i = 0; i < text->len; i++) {
		if (crlf && text->data[i] == '.')
			str_char(&out, '.');
		str_char(&out, text->data[i]);
		crlf = i > 0 && text->data[i] == '\n' && text->data[i - 1] == '\r';
	}
	str_text(&out, crlf ? ".\r\n" : "\r\n.\r\n");
	return out;
}

static bool
scan_ends_bare(const struct str *text)
{
	char last = text->len > 0 ? text->data[text->len - 1] : 'x';

	if (last == '\n')
		return text->len < 2 || text->data[text->len - 2] != '\r';
	return last == '\r';
}

START_TEST(test_scan_unstuff_stuff)
{
	srand(5321);
	for (int round = 0; round < 30000; round++) {
		struct str text = scan_random(40);
		struct str want = scan_canonical(&text);
		struct str wire = scan_stuff(&text);
		struct submit_scan scan;
		struct str out = {0};

		/* Behind a bare CR or LF the CRLF of the end makes an empty line. */
		if (scan_ends_bare(&text))
			str_bytes(&want, "\r\n", 2);
		submit_scan_init(&scan);
		ck_assert_uint_eq(scan_pieces(&scan, (struct slice){wire.data, wire.len}, &out, 9),
				  wire.len);
		ck_assert_int_eq(scan.state, SUBMIT_SCAN_END);
		ck_assert_uint_eq(out.len, want.len);
		ck_assert(out.len == 0 || memcmp(out.data, want.data, out.len) == 0);
		ck_assert_uint_eq(scan.crc32c, crc32c(0, str_c(&out), out.len));
		str_free(&text);
		str_free(&want);
		str_free(&wire);
		str_free(&out);
	}
}
END_TEST

/* Whatever comes in, what is stored has no bare CR or LF, and the measures agree with it. */
START_TEST(test_scan_raw_property)
{
	srand(3030);
	for (int round = 0; round < 30000; round++) {
		struct str text = scan_random(60);
		struct str want = scan_canonical(&text);
		struct submit_scan scan;
		struct str out = {0};
		size_t longest = 0;
		size_t line = 0;
		bool dot = false;
		bool high = false;

		submit_scan_init(&scan);
		for (size_t at = 0; at < text.len;) {
			size_t len = 1 + (size_t)rand() % 7;

			len = len < text.len - at ? len : text.len - at;
			submit_scan_raw(&scan, (struct slice){text.data + at, len}, &out);
			at += len;
		}
		submit_scan_finish(&scan, &out);
		submit_scan_finish(&scan, &out);
		ck_assert_uint_eq(out.len, want.len);
		ck_assert(out.len == 0 || memcmp(out.data, want.data, out.len) == 0);
		for (size_t i = 0; i < out.len; i++) {
			dot = dot || (line == 0 && out.data[i] == '.');
			high = high || (unsigned char)out.data[i] > 127;
			if (out.data[i] == '\r') {
				longest = line > longest ? line : longest;
				i++;
				line = 0;
			} else {
				line++;
			}
		}
		ck_assert_uint_eq(scan.longest, longest);
		ck_assert_int_eq(scan.needs_stuffing, dot);
		ck_assert_int_eq(scan.eight_bit, high);
		ck_assert_uint_eq(scan.size, out.len);
		str_free(&text);
		str_free(&want);
		str_free(&out);
	}
}
END_TEST

START_TEST(test_scan_measures)
{
	static const char text[] =
	    "Received: a\r\nRECEIVED:b\r\n received: folded\r\nReceivedx: c\r\n"
	    "\r\nReceived: d\r\n1234567890123456789012345\0\r\n.\r\n";
	struct submit_scan scan;
	struct str out = {0};
	size_t taken;

	scan_data(&scan, (struct slice){text, sizeof(text) - 1}, &out, &taken);
	ck_assert_uint_eq(scan.received, 2);
	ck_assert(scan.nul);
	ck_assert(scan.in_body);
	ck_assert(!scan.eight_bit);
	ck_assert_uint_eq(scan.longest, 26);
	ck_assert_uint_eq(scan.size, sizeof(text) - 4);
	str_free(&out);
}
END_TEST

static Suite *
scan_suite(void)
{
	Suite *suite = suite_create("submit/scan");
	TCase *tcase = tcase_create("scan");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, test_scan_table, 0, sizeof(scan_cases) / sizeof(scan_cases[0]));
	tcase_add_test(tcase, test_scan_splits);
	tcase_add_test(tcase, test_scan_unstuff_stuff);
	tcase_add_test(tcase, test_scan_raw_property);
	tcase_add_test(tcase, test_scan_measures);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(scan_suite)
