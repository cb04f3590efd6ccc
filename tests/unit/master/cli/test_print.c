#include "master/cli/print.h"

#include <errno.h>
#include <string.h>

#include "common/proto/control.h"
#include "common/str.h"
#include "master/cli/text.h"
#include "tests/unit/unit.h"

enum { NOW = 1795280400 }; /* 2026-11-21 17:00:00 UTC */

struct output {
	struct cli_print_options options;
	struct cli_print *print;
	char *text;
	size_t len;
};

static void
output_open(struct output *output, const char *command)
{
	cli_text_locale();
	*output = (struct output){.options = {.command = command, .now = NOW}};
	output->options.out = open_memstream(&output->text, &output->len);
	ck_assert_ptr_nonnull(output->options.out);
}

static void
output_row(struct output *output, const char *table, const struct proto_value *values, size_t count)
{
	const struct proto_row row = {slice_of(table), count, values};

	if (output->print == NULL)
		output->print = cli_print_new(&output->options);
	ck_assert(cli_print_row(output->print, &row));
}

#define OUTPUT_ROW(output, table, ...)                                           \
	output_row((output), (table), (const struct proto_value[]){__VA_ARGS__}, \
		   sizeof((const struct proto_value[]){__VA_ARGS__}) / sizeof(struct proto_value))

static void
output_is(struct output *output, const char *text)
{
	cli_print_free(&output->print);
	fclose(output->options.out);
	ck_assert_str_eq(output->text, text);
	free(output->text);
}

static struct proto_value
typed(enum proto_value_type type, const char *name, int64_t value)
{
	return (struct proto_value){.name = slice_of(name), .type = type, .integer = value};
}

static struct proto_value
number(const char *name, int64_t value)
{
	return typed(PROTO_VALUE_INTEGER, name, value);
}

static struct proto_value
moment(const char *name, int64_t value)
{
	return typed(PROTO_VALUE_TIME, name, value);
}

static struct proto_value
nothing(const char *name)
{
	return typed(PROTO_VALUE_NULL, name, 0);
}

static struct proto_value
text(const char *name, const char *value)
{
	struct proto_value result = typed(PROTO_VALUE_TEXT, name, 0);

	result.text = slice_of(value);
	return result;
}

static void
output_list(struct output *output)
{
	OUTPUT_ROW(output, "delivery", number("delivery_id", 21), number("message_id", 17),
		   text("sender", ""), text("domain", "example.org"), number("recipients", 1),
		   number("size", 2048), text("state", "queued"), number("retry_num", 0),
		   moment("created_at", NOW - 5), moment("next_attempt_at", NOW),
		   moment("expires_at", NOW + 432000), nothing("last_attempt_at"),
		   nothing("last_host"), nothing("last_code"), nothing("last_reply"));
	OUTPUT_ROW(output, "delivery", number("delivery_id", 22), number("message_id", 18),
		   text("sender", "somebody@sender.example"), text("domain", "b.example"),
		   number("recipients", 2), number("size", 10), text("state", "deferred"),
		   number("retry_num", 12), moment("created_at", NOW - 50),
		   moment("next_attempt_at", NOW + 120), moment("expires_at", NOW + 432000),
		   moment("last_attempt_at", NOW - 10), text("last_host", "mx.b.example"),
		   number("last_code", 451),
		   text("last_reply", "4.7.1 later\x1b[2J, please, when the sun shines again"));
}

START_TEST(test_list)
{
	struct output output;

	output_open(&output, "list");
	output_list(&output);
	output_is(
	    &output,
	    "MESSAGE  DELIVERY  STATE     SENDER                   DOMAIN       RETRIES  NEXT   "
	    "LAST REPLY\n"
	    "     17        21  queued    <>                       example.org        0  now    -\n"
	    "     18        22  deferred  somebody@sender.example  b.example         12  in 2m  "
	    "4.7.1 later\\x1b[2J, please, when the sun shines again\n");
}
END_TEST

START_TEST(test_list_on_terminal)
{
	struct output output;

	output_open(&output, "list");
	output.options.width = 100;
	output_list(&output);
	output_is(
	    &output,
	    "MESSAGE  DELIVERY  STATE     SENDER                DOMAIN       RETRIES  NEXT   "
	    "LAST REPLY\n"
	    "     17        21  queued    <>                    example.org        0  now    -\n"
	    "     18        22  deferred  somebody@sender.exa\xe2\x80\xa6  b.example         12  "
	    "in 2m  4.7.1 later\\x1b[2J,\xe2\x80\xa6\n");
}
END_TEST

START_TEST(test_list_utc)
{
	struct output output;

	output_open(&output, "list");
	output.options.utc = true;
	OUTPUT_ROW(&output, "delivery", number("message_id", 17),
		   moment("next_attempt_at", NOW + 60));
	output_is(&output, "MESSAGE  NEXT\n"
			   "     17  2026-11-21 17:01:00\n");
}
END_TEST

/* One table: its name is not said. The columns are the row's, in its order. */
START_TEST(test_json)
{
	struct output output;

	output_open(&output, "list");
	output.options.json = true;
	OUTPUT_ROW(&output, "delivery", number("delivery_id", 21), text("sender", "a\"b\n\xff@c"),
		   moment("next_attempt_at", NOW), nothing("last_code"));
	OUTPUT_ROW(&output, "delivery", number("delivery_id", 22));
	cli_print_text(output.print, "that \"is\" all");
	output_is(&output, "{\"delivery_id\":21,\"sender\":\"a\\\"b\\n\xef\xbf\xbd@c\","
			   "\"next_attempt_at\":\"2026-11-21T17:00:00Z\",\"last_code\":null}\n"
			   "{\"delivery_id\":22}\n"
			   "{\"text\":\"that \\\"is\\\" all\"}\n");
}
END_TEST

START_TEST(test_json_several)
{
	struct output output;

	output_open(&output, "status");
	output.options.json = true;
	OUTPUT_ROW(&output, "queue", number("pid", 1),
		   typed(PROTO_VALUE_DURATION, "commit_max", 1500));
	OUTPUT_ROW(&output, "worker", text("worker", "deliver-1"),
		   typed(PROTO_VALUE_SIZE, "memory", 4096), typed(PROTO_VALUE_BOOL, "up", 1));
	output_is(&output,
		  "{\"table\":\"queue\",\"pid\":1,\"commit_max\":1500}\n"
		  "{\"table\":\"worker\",\"worker\":\"deliver-1\",\"memory\":4096,\"up\":true}\n");
}
END_TEST

START_TEST(test_status)
{
	struct output output;

	output_open(&output, "status");
	OUTPUT_ROW(&output, "queue", number("pid", 4711), moment("started_at", NOW - 7200),
		   number("in_flight", 0), nothing("void"));
	OUTPUT_ROW(&output, "worker", text("worker", "deliver-1"), number("pid", 4712),
		   typed(PROTO_VALUE_SIZE, "memory", 5 << 20),
		   typed(PROTO_VALUE_DURATION, "cpu", 61000), number("per_second", 9));
	OUTPUT_ROW(&output, "worker", text("worker", "submit-1"), number("pid", 99),
		   typed(PROTO_VALUE_SIZE, "memory", 900), typed(PROTO_VALUE_DURATION, "cpu", 40),
		   number("per_second", 100));
	output_is(&output, "pid        4711\n"
			   "started    2026-11-21 15:00:00 (2h ago)\n"
			   "in flight  0\n"
			   "\n"
			   "WORKER      PID   MEMORY   CPU  PER SECOND\n"
			   "deliver-1  4712  5.0 MiB  1m1s           9\n"
			   "submit-1     99    900 B  40ms         100\n");
}
END_TEST

static void
output_show(struct output *output)
{
	OUTPUT_ROW(output, "message", number("message_id", 17), text("sender", ""),
		   moment("created_at", NOW - 60), number("size", 3072), number("segment_id", 4),
		   number("eight_bit", 1), number("smtputf8", 0), number("ret", 1), nothing("tag"));
	OUTPUT_ROW(output, "delivery", number("delivery_id", 21), text("domain", "b.example"),
		   text("state", "deferred"), number("retry_num", 1),
		   moment("next_attempt_at", NOW + 300), text("last_class", "unexpected-reply"),
		   text("last_step", "rcpt-to"), number("last_code", 451),
		   text("last_enhanced", "4.7.1"), text("last_reply", "later\r\nFrom: x"),
		   text("last_host", "mx.b.example"), text("last_ip", "192.0.2.1"),
		   nothing("last_tls_error"), text("now", "waiting"));
	OUTPUT_ROW(output, "delivery", number("delivery_id", 22), text("domain", "c.example"),
		   nothing("last_code"), nothing("last_enhanced"), text("last_reply", "no route"));
	OUTPUT_ROW(output, "recipient", number("recipient_id", 5), number("delivery_id", 21),
		   text("address", "x@b.example"), text("state", "pending"), nothing("code"),
		   nothing("enhanced"), nothing("reply"));
	OUTPUT_ROW(output, "attempt", number("attempt_id", 9), number("delivery_id", 21),
		   number("retry_num", 0), number("at", NOW - 30),
		   text("class", "unexpected-reply"), text("step", "rcpt-to"), number("code", 451),
		   text("enhanced", "4.7.1"), text("reply", "later"),
		   text("hosts", "mx1: refused\nmx2: 451 later\n"));
}

START_TEST(test_show)
{
	struct output output;

	output_open(&output, "show");
	output_show(&output);
	output_is(&output,
		  "message   17\n"
		  "sender    <>\n"
		  "created   2026-11-21 16:59:00 (60s ago)\n"
		  "size      3.0 KiB\n"
		  "RET       FULL\n"
		  "8-bit     yes\n"
		  "\n"
		  "delivery      21\n"
		  "domain        b.example\n"
		  "state         deferred\n"
		  "now           waiting\n"
		  "next attempt  2026-11-21 17:05:00 (in 5m)\n"
		  "retries       1\n"
		  "host          mx.b.example 192.0.2.1\n"
		  "failure       unexpected-reply\n"
		  "step          rcpt-to\n"
		  "reply         451 4.7.1 later\\x0d; From: x\n"
		  "\n"
		  "delivery      22\n"
		  "domain        c.example\n"
		  "reply         no route\n"
		  "\n"
		  "DELIVERY  ADDRESS      STATE    CODE  ENHANCED  REPLY\n"
		  "      21  x@b.example  pending  -     -         -\n"
		  "\n"
		  "DELIVERY  RETRY  WHEN     FAILURE           STEP     CODE  ENHANCED  REPLY  "
		  "HOSTS\n"
		  "      21      0  30s ago  unexpected-reply  rcpt-to   451  4.7.1     later  "
		  "mx1: refused; mx2: 451 later\n");
}
END_TEST

/* A command that has no layout: every column, whatever it is. */
START_TEST(test_without_layout)
{
	struct output output;

	output_open(&output, "domains");
	OUTPUT_ROW(&output, "domain", text("domain", "a.example"), number("in_flight", 3),
		   moment("oldest_at", NOW - 3));
	/* Columns are found by name; one that is not there is like NULL. */
	OUTPUT_ROW(&output, "domain", number("in_flight", 44), text("domain", "b.example"));
	cli_print_text(output.print, "2 domains\x07");
	output_is(&output, "DOMAIN     IN FLIGHT  OLDEST\n"
			   "a.example          3  3s ago\n"
			   "b.example         44  -\n"
			   "2 domains\\x07\n");
}
END_TEST

/* A row of strange columns for a table that has a layout; rows of nothing. */
START_TEST(test_strange_rows)
{
	struct output output;

	output_open(&output, "list");
	output_row(&output, "delivery", NULL, 0);
	OUTPUT_ROW(&output, "delivery", text("new\x1b", "x"));
	output_row(&output, "delivery", NULL, 0);
	output_is(&output, "NEW\\X1B\nx\n");
}
END_TEST

START_TEST(test_nothing)
{
	struct output output;

	output_open(&output, "list");
	output.print = cli_print_new(&output.options);
	output_is(&output, "");
}
END_TEST

/* A stream that cannot be written is noticed. */
START_TEST(test_full_device)
{
	const struct proto_value values[] = {number("message_id", 1), text("last_reply", "x")};
	const struct proto_row row = {slice_of("delivery"), 2, values};
	struct cli_print_options options = {.command = "list", .now = NOW, .json = _i == 1};
	struct cli_print *print;
	bool written = true;
	int rows = 0;

	options.out = fopen("/dev/full", "w");
	ck_assert_ptr_nonnull(options.out);
	print = cli_print_new(&options);
	while (written && rows < 100000) {
		written = cli_print_row(print, &row);
		rows++;
	}
	ck_assert(!written);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_lt(rows, 10000);
	cli_print_free(&print);
	fclose(options.out);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("master/cli/print");
	TCase *tcase = tcase_create("print");

	tcase_add_test(tcase, test_list);
	tcase_add_test(tcase, test_list_on_terminal);
	tcase_add_test(tcase, test_list_utc);
	tcase_add_test(tcase, test_json);
	tcase_add_test(tcase, test_json_several);
	tcase_add_test(tcase, test_status);
	tcase_add_test(tcase, test_show);
	tcase_add_test(tcase, test_without_layout);
	tcase_add_test(tcase, test_strange_rows);
	tcase_add_test(tcase, test_nothing);
	tcase_add_loop_test(tcase, test_full_device, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite)
