#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/why.h"
#include "tests/unit/unit.h"
#include "worker/submit/segment.h"

static int
segment_file(int flags)
{
	char path[] = "/tmp/postrider-segment-XXXXXX";
	int fd = mkstemp(path);
	int out = open(path, O_WRONLY | flags);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(out, 0);
	unlink(path);
	close(fd);
	return out;
}

START_TEST(test_segment_accounts)
{
	struct submit_segment segment;
	struct iovec iov[3] = {{(char *)"abc", 3}, {(char *)"", 0}, {(char *)"de", 2}};
	struct why why;

	submit_segment_open(&segment, 7, segment_file(O_APPEND));
	ck_assert(submit_segment_is_open(&segment));
	ck_assert(!submit_segment_is_full(&segment, UINT32_MAX, 0));
	ck_assert_uint_eq(submit_segment_append(&segment, iov, 3, 100, &why), 5);
	ck_assert_uint_eq(segment.end, 5);
	ck_assert_int_eq(segment.first_ms, 100);
	ck_assert(submit_segment_sync(&segment, &why));
	ck_assert_int_eq(lseek(segment.fd, 0, SEEK_END), 5);
	ck_assert(!submit_segment_is_full(&segment, SUBMIT_SEGMENT_BYTES - 5, 100));
	ck_assert(submit_segment_is_full(&segment, SUBMIT_SEGMENT_BYTES - 4, 100));
	ck_assert(!submit_segment_is_full(&segment, 0, 99 + SUBMIT_SEGMENT_AGE_MS));
	ck_assert(submit_segment_is_full(&segment, 0, 100 + SUBMIT_SEGMENT_AGE_MS));
	segment.messages = SUBMIT_SEGMENT_MESSAGES;
	ck_assert(submit_segment_is_full(&segment, 0, 100));
	submit_segment_close(&segment);
	ck_assert(!submit_segment_is_open(&segment));
	submit_segment_close(&segment);
}
END_TEST

START_TEST(test_segment_short_write)
{
	struct rlimit limit = {.rlim_cur = 6, .rlim_max = RLIM_INFINITY};
	struct submit_segment segment;
	struct iovec iov[2] = {{(char *)"abcd", 4}, {(char *)"efgh", 4}};
	uint64_t written;
	struct iovec more = {(char *)"x", 1};
	struct why why = {0};

	submit_segment_open(&segment, 7, segment_file(O_APPEND));
	signal(SIGXFSZ, SIG_IGN);
	/* No assertion in between: the test framework writes files, too. */
	setrlimit(RLIMIT_FSIZE, &limit);
	written = submit_segment_append(&segment, iov, 2, 0, &why);
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	ck_assert_uint_eq(written, 6);
	ck_assert_uint_eq(segment.end, 6);
	ck_assert_str_ne(why.text, "");
	ck_assert_uint_eq(submit_segment_append(&segment, &more, 1, 0, &why), 1);
	ck_assert_uint_eq(segment.end, 7);
	ck_assert_int_eq(lseek(segment.fd, 0, SEEK_END), 7);
	submit_segment_close(&segment);
}
END_TEST

START_TEST(test_segment_no_space)
{
	struct submit_segment segment;
	struct iovec iov = {(char *)"abcd", 4};
	struct why why = {0};

	submit_segment_open(&segment, 7, open("/dev/full", O_WRONLY));
	ck_assert_uint_eq(submit_segment_append(&segment, &iov, 1, 0, &why), 0);
	ck_assert_uint_eq(segment.end, 0);
	ck_assert_ptr_nonnull(strstr(why.text, "segment 7"));
	/* A device cannot be synced: what a failing disk says looks like this. */
	ck_assert(!submit_segment_sync(&segment, &why));
	ck_assert(segment.broken);
	ck_assert(submit_segment_is_full(&segment, 0, 0));
	submit_segment_close(&segment);
}
END_TEST

static Suite *
segment_suite(void)
{
	Suite *suite = suite_create("submit/segment");
	TCase *tcase = tcase_create("segment");

	tcase_add_test(tcase, test_segment_accounts);
	tcase_add_test(tcase, test_segment_short_write);
	tcase_add_test(tcase, test_segment_no_space);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(segment_suite)
