#include "master/record.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/proto/result.h"
#include "common/why.h"
#include "tests/unit/unit.h"

enum { TEST_BOUND = 64 * 1024 * 1024, TEST_BIG = 1024 * 1024 };

/* A folder of its own for each test, and the last line of the log. */
static struct {
	char dir[128];
	char path[160];
	char logged[4096];
	char *text; /* what test_read() gave last */
} test;

static void
test_log(enum log_level level, const char *line, void *arg)
{
	if (level == LOG_LEVEL_INFO)
		snprintf(test.logged, sizeof(test.logged), "%s", line);
}

static void
test_setup(void)
{
	const char *tmp = getenv("TMPDIR");

	log_set_sink(test_log, NULL);
	clock_set(1795453200123, 0);
	snprintf(test.dir, sizeof(test.dir), "%s/record-test-XXXXXX",
		 tmp != NULL && strlen(tmp) < 64 ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(test.dir));
	snprintf(test.path, sizeof(test.path), "%s/record", test.dir);
}

static void
test_teardown(void)
{
	unlink(test.path);
	rmdir(test.dir);
	free(test.text);
	test.text = NULL;
	clock_unset();
}

static struct record *
test_new(const char *path, bool must)
{
	struct why why = {0};
	struct record *record = record_new(path, must, &why);

	ck_assert_msg(record != NULL, "%s", why.text);
	return record;
}

static void
test_reopen(struct record *record, const char *path)
{
	struct why why = {0};

	ck_assert_msg(record_reopen(record, path, true, &why), "%s", why.text);
}

static const char *
test_read(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t room = 0;

	ck_assert_ptr_nonnull(file);
	free(test.text);
	test.text = NULL;
	if (getdelim(&test.text, &room, '\0', file) < 0)
		test.text[0] = '\0';
	fclose(file);
	return test.text;
}

static void
test_add_reply(struct record *record, uint64_t message, struct slice reply)
{
	struct outcome outcome = {.class = OUTCOME_DELIVERED, .reply = reply};

	record_add(record, &(struct record_line){
			       .event = RECORD_DELIVERED, .message = message, .outcome = &outcome});
}

static void
test_add(struct record *record, uint64_t message)
{
	test_add_reply(record, message, slice_of("ok"));
}

static void
test_add_big(struct record *record, uint64_t message)
{
	char *reply = alloc_array(TEST_BIG, 1);

	memset(reply, 'x', TEST_BIG);
	test_add_reply(record, message, (struct slice){reply, TEST_BIG});
	free(reply);
}

/* The file has these messages, each on a line of its own and in this order, and nothing else. */
static void
test_expect(const char *path, uint64_t first, uint64_t last)
{
	const char *at = test_read(path);

	for (uint64_t i = first; i <= last; i++) {
		const char *end = strchr(at, '\n');
		char wanted[64];

		ck_assert_msg(end != NULL, "line %llu is missing in %s", (unsigned long long)i,
			      path);
		snprintf(wanted, sizeof(wanted), ",\"message\":%llu,", (unsigned long long)i);
		ck_assert_int_eq(strncmp(at, "{\"time\":\"", 9), 0);
		ck_assert_int_eq(end[-1], '}');
		ck_assert_ptr_nonnull(strstr(at, wanted));
		ck_assert(strstr(at, wanted) < end);
		at = end + 1;
	}
	ck_assert_str_eq(at, "");
}

static const struct proto_result_facts test_facts = {.host = {"mx1.example.org", 15},
						     .remote_ip = {"192.0.2.1", 9},
						     .port = 25,
						     .source_ip = {"192.0.2.9", 9},
						     .ehlo = {"out.example", 11},
						     .tls_version = {"TLSv1.3", 7},
						     .tls_cipher = {"TLS_AES_128_GCM_SHA256", 22},
						     .tls_policy = {"dane", 4},
						     .tls_verified = true,
						     .session = 9,
						     .reused = true,
						     .connect_ms = 20,
						     .transfer_ms = 1040};
static const struct outcome test_delivered = {.class = OUTCOME_DELIVERED,
					      .step = OUTCOME_STEP_DOT,
					      .code = 250,
					      .enhanced = {2, 0, 0},
					      .reply = {"2.0.0 ok", 8}};
static const struct outcome test_refused = {.class = OUTCOME_PERMANENT,
					    .step = OUTCOME_STEP_RCPT,
					    .code = 550,
					    .enhanced = {5, 1, 1},
					    .reply = {"no such user", 12}};
static const struct outcome test_bind = {.class = OUTCOME_TEMPORARY,
					 .step = OUTCOME_STEP_CONNECT,
					 .reply = {"cannot bind", 11},
					 .local = true};
static const struct outcome test_unknown = {.class = OUTCOME_TEMPORARY,
					    .step = OUTCOME_STEP_DOT,
					    .reply = {"connection lost", 15},
					    .unknown = true};
/* A quote, a newline, an escape, a NUL, DEL, UTF-8, half of it, and a line separator. */
static const struct outcome test_hostile = {
    .class = OUTCOME_DELIVERED, .reply = {"\"\\\n\x1b\0\x7f\xc3\xa4\xc3\xe2\x80\xa8}", 13}};

#define TIME "{\"time\":\"2026-11-23T17:00:00.123Z\","
#define WHO                                                                                     \
	"\"message\":17,\"delivery\":21,\"sender\":\"a@s.example\",\"rcpt\":\"b@example.org\"," \
	"\"domain\":\"example.org\",\"retry_num\":2"

static const struct test_line {
	struct record_line line;
	bool who; /* as WHO says */
	const char *text;
} test_lines[] = {
    {{.event = RECORD_DELIVERED,
      .size = 10240,
      .outcome = &test_delivered,
      .facts = &test_facts,
      .queue_s = 0.1,
      .schedule_s = 0.0004},
     true,
     TIME
     "\"event\":\"delivered\"," WHO
     ",\"host\":\"mx1.example.org\",\"remote_ip\":\"192.0.2.1\",\"port\":25,"
     "\"source_ip\":\"192.0.2.9\",\"ehlo\":\"out.example\",\"tls\":{\"version\":\"TLSv1.3\","
     "\"cipher\":\"TLS_AES_128_GCM_SHA256\",\"policy\":\"dane\",\"verified\":true},\"code\":250,"
     "\"enhanced\":\"2.0.0\",\"reply\":\"2.0.0 ok\",\"size\":10240,\"session\":9,"
     "\"reused\":true,\"delays\":{\"queue\":0.100,\"schedule\":0.000,\"connect\":0.020,"
     "\"transfer\":1.040}}\n"},
    {{.event = RECORD_BOUNCED, .size = 1, .outcome = &test_refused, .removed_meanwhile = true},
     true,
     TIME "\"event\":\"bounced\"," WHO ",\"step\":\"rcpt-to\",\"code\":550,\"enhanced\":\"5.1.1\","
	  "\"reply\":\"no such user\",\"local\":false,\"size\":1,\"delays\":{\"queue\":0.000,"
	  "\"schedule\":0.000},\"removed_meanwhile\":true}\n"},
    {{.event = RECORD_DEFERRED, .outcome = &test_bind, .next_attempt = 1795453260},
     true,
     TIME "\"event\":\"deferred\"," WHO ",\"step\":\"connect\",\"reply\":\"cannot bind\","
	  "\"local\":true,\"size\":0,\"delays\":{\"queue\":0.000,\"schedule\":0.000},"
	  "\"next_attempt\":\"2026-11-23T17:01:00.000Z\"}\n"},
    {{.event = RECORD_DEFERRED, .outcome = &test_unknown},
     false,
     TIME "\"event\":\"deferred\",\"message\":0,\"delivery\":0,\"sender\":\"\",\"retry_num\":0,"
	  "\"step\":\"end-of-data\",\"reply\":\"connection lost\",\"local\":false,"
	  "\"unknown_outcome\":true,\"size\":0,\"delays\":{\"queue\":0.000,\"schedule\":0.000}}\n"},
    {{.event = RECORD_EXPIRED, .queue_s = 432000.5, .schedule_s = -1},
     true,
     TIME "\"event\":\"expired\"," WHO
	  ",\"size\":0,\"delays\":{\"queue\":432000.500,\"schedule\":0.000}}\n"},
    {{.event = RECORD_REMOVED, .outcome = &test_hostile},
     true,
     TIME "\"event\":\"removed\"," WHO ",\"reply\":\"\\\"\\\\\\n\\u001b\\u0000\\u007f\xc3\xa4"
	  "\xef\xbf\xbd\xe2\x80\xa8}\",\"size\":0,\"delays\":{\"queue\":0.000,"
	  "\"schedule\":0.000}}\n"},
};

START_TEST(test_line)
{
	const struct test_line *row = &test_lines[_i];
	struct record *record = test_new(test.path, false);
	struct record_line line = row->line;

	if (row->who) {
		line.message = 17;
		line.delivery = 21;
		line.sender = slice_of("a@s.example");
		line.rcpt = slice_of("b@example.org");
		line.domain = slice_of("example.org");
		line.retry_num = 2;
	}
	record_add(record, &line);
	ck_assert_str_eq(test_read(test.path), "");
	record_flush(record);
	ck_assert_str_eq(test_read(test.path), row->text);
	/* The log's line is one line whatever the peer said. */
	ck_assert_ptr_null(strpbrk(test.logged, "\n\x1b\x7f"));
	record_free(&record);
}
END_TEST

START_TEST(test_log_line)
{
	struct record *record = test_new(NULL, true);
	struct record_line line = {.event = RECORD_DELIVERED,
				   .message = 17,
				   .sender = slice_of("a@s.example"),
				   .rcpt = slice_of("b@example.org"),
				   .outcome = &test_delivered,
				   .facts = &test_facts,
				   .queue_s = 0.1};

	record_add(record, &line);
	ck_assert_str_eq(test.logged,
			 "delivered msg=17 from=<a@s.example> rcpt=<b@example.org> "
			 "host=mx1.example.org addr=192.0.2.1 source=192.0.2.9 tls=dane:TLSv1.3 "
			 "delay=0.10/0.00/0.02/1.04 code=250 dsn=2.0.0 reply=\"2.0.0 ok\"");
	line = (struct record_line){
	    .event = RECORD_DEFERRED, .outcome = &test_bind, .next_attempt = 1795453260};
	record_add(record, &line);
	ck_assert_str_eq(test.logged,
			 "deferred msg=0 from=<> rcpt=<> delay=0.00/0.00 step=connect local=yes "
			 "reply=\"cannot bind\" next=2026-11-23T17:01:00.000Z");
	record_flush(record);
	ck_assert(record_may_send(record));
	record_free(&record);
}
END_TEST

/* What cannot be written waits, and comes in order. */
START_TEST(test_kept)
{
	struct record *record = test_new("/dev/full", true);

	for (uint64_t i = 1; i <= 3; i++) {
		test_add(record, i);
		record_flush(record);
	}
	ck_assert(record_may_send(record));
	test_reopen(record, test.path);
	test_add(record, 4);
	record_flush(record);
	test_expect(test.path, 1, 4);
	record_free(&record);
	test_expect(test.path, 1, 4);
}
END_TEST

/* Its folder is away for a while: the new name fails, nothing is lost, no restart is needed. */
START_TEST(test_no_folder)
{
	struct record *record = test_new(test.path, true);
	struct why why = {0};
	char later[160];

	snprintf(later, sizeof(later), "%s/later/record", test.dir);
	ck_assert_ptr_null(record_new(later, true, &why));
	ck_assert_ptr_nonnull(strstr(why.text, later));
	test_add(record, 1);
	ck_assert(!record_reopen(record, later, true, &why));
	test_expect(test.path, 1, 1);
	test_add(record, 2);
	record_flush(record);
	test_add(record, 3);
	record_flush(record);
	snprintf(later, sizeof(later), "%s/later", test.dir);
	ck_assert_int_eq(mkdir(later, 0700), 0);
	record_flush(record);
	snprintf(later, sizeof(later), "%s/later/record", test.dir);
	test_expect(later, 2, 3);
	record_free(&record);
	unlink(later);
	snprintf(later, sizeof(later), "%s/later", test.dir);
	rmdir(later);
}
END_TEST

/* At the bound nothing leaves any more when nothing may be lost; else lines are dropped. */
START_TEST(test_bound)
{
	bool must = _i == 0;
	struct record *record = test_new("/dev/full", must);
	uint64_t i;

	for (i = 1; i <= TEST_BOUND / TEST_BIG - 1; i++)
		test_add_big(record, i);
	record_flush(record);
	ck_assert(record_may_send(record));
	test_add_big(record, i++);
	ck_assert_int_eq(record_may_send(record), !must);
	/* What is out still ends. */
	test_add(record, i++);
	record_flush(record);
	ck_assert_int_eq(record_may_send(record), !must);
	ck_assert(record_reopen(record, test.path, must, NULL));
	record_flush(record);
	ck_assert(record_may_send(record));
	test_expect(test.path, 1, must ? i - 1 : i - 2);
	record_free(&record);
}
END_TEST

/* The file is not wanted any more: what waited for it does not stop the mail. */
START_TEST(test_unwanted)
{
	struct record *record = test_new("/dev/full", true);

	for (uint64_t i = 1; i <= TEST_BOUND / TEST_BIG; i++)
		test_add_big(record, i);
	ck_assert(!record_may_send(record));
	test_reopen(record, "");
	ck_assert(record_may_send(record));
	test_add(record, 70);
	record_flush(record);
	test_reopen(record, test.path);
	test_add(record, 71);
	record_flush(record);
	test_expect(test.path, 71, 71);
	record_free(&record);
}
END_TEST

static void
test_limit(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static size_t
test_line_length(void)
{
	struct record *record = test_new(test.path, true);
	size_t len;

	test_add(record, 1);
	record_free(&record);
	len = strlen(test_read(test.path));
	ck_assert_int_eq(unlink(test.path), 0);
	return len;
}

enum test_after { TEST_GOES_ON, TEST_ROTATED, TEST_ELSEWHERE, TEST_SAME, TEST_ENDS, TEST_AFTERS };

/* The disk fills up at any place of the second line of three; then any of enum test_after. */
static void
test_torn(enum test_after after, size_t line, size_t cut)
{
	struct record *record = test_new(test.path, true);
	char other[192];

	snprintf(other, sizeof(other), "%s.1", test.path);
	for (uint64_t i = 1; i <= 3; i++)
		test_add(record, i);
	test_limit(line + cut);
	record_flush(record);
	ck_assert_uint_eq(strlen(test_read(test.path)), line + cut);
	if (after == TEST_ENDS) {
		record_free(&record);
		test_limit(RLIM_INFINITY);
		test_expect(test.path, 1, cut == line ? 2 : 1);
		return;
	}
	if (after == TEST_ROTATED)
		ck_assert_int_eq(rename(test.path, other), 0);
	if (after != TEST_GOES_ON)
		test_reopen(record, after == TEST_ELSEWHERE ? other : test.path);
	test_limit(RLIM_INFINITY);
	test_add(record, 4);
	record_flush(record);
	if (after == TEST_ROTATED) {
		test_expect(test.path, cut == line ? 3 : 2, 4);
		test_expect(other, 1, cut == line ? 2 : 1);
	} else if (after == TEST_ELSEWHERE) {
		test_expect(other, cut == line ? 3 : 2, 4);
		test_expect(test.path, 1, cut == line ? 2 : 1);
	} else {
		test_expect(test.path, 1, 4);
	}
	record_free(&record);
	unlink(other);
}

START_TEST(test_torn_line)
{
	size_t line = test_line_length();

	for (size_t cut = 0; cut <= line; cut++) {
		test_torn((enum test_after)_i, line, cut);
		unlink(test.path);
	}
}
END_TEST

static Suite *
test_suite(void)
{
	Suite *suite = suite_create("master/record");
	TCase *tcase = tcase_create("record");

	tcase_add_checked_fixture(tcase, test_setup, test_teardown);
	tcase_add_loop_test(tcase, test_line, 0, sizeof(test_lines) / sizeof(test_lines[0]));
	tcase_add_test(tcase, test_log_line);
	tcase_add_test(tcase, test_kept);
	tcase_add_test(tcase, test_no_folder);
	tcase_add_loop_test(tcase, test_bound, 0, 2);
	tcase_add_test(tcase, test_unwanted);
	tcase_add_loop_test(tcase, test_torn_line, 0, TEST_AFTERS);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(test_suite)
