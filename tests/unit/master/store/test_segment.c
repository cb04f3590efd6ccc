#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/why.h"
#include "master/store/db.h"
#include "master/store/segment.h"
#include "master/store/store.h"
#include "tests/unit/master/store/spool.h"
#include "tests/unit/unit.h"

static const char *
segment_path(const struct spool *spool, int64_t id)
{
	char name[64];

	snprintf(name, sizeof(name), "segments/%lld.seg", (long long)id);
	return spool_path(spool, name);
}

static void
segment_touch(const struct spool *spool, const char *name, const char *text)
{
	int fd = open(spool_path(spool, name), O_WRONLY | O_CREAT | O_APPEND, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static bool
segment_exists(const struct spool *spool, const char *name)
{
	return access(spool_path(spool, name), F_OK) == 0;
}

static void
segment_seal(struct spool *spool, int64_t id, int64_t bytes)
{
	struct store_segment_seal seal = {.id = id, .bytes = bytes};

	store_segment_seal_init(&seal, NULL, NULL);
	store_turn_add(spool->store, &seal.op);
	spool_turns(spool);
}

START_TEST(test_read)
{
	struct spool spool;
	struct why why = {0};
	char bytes[16] = "";
	char name[64];
	struct stat file;

	spool_open(&spool);
	ck_assert_int_eq(stat(segment_path(&spool, spool.segment), &file), 0);
	ck_assert_int_eq(file.st_mode & 07777, 0600);
	snprintf(name, sizeof(name), "segments/%lld.seg", (long long)spool.segment);
	segment_touch(&spool, name, "0123456789");
	ck_assert(store_segment_read(spool.store, spool.segment, 3, bytes, 4, &why));
	ck_assert_str_eq(bytes, "3456");
	ck_assert(store_segment_read(spool.store, spool.segment, 0, bytes, 10, &why));
	ck_assert(store_segment_read(spool.store, spool.segment, 10, bytes, 0, &why));
	ck_assert(!store_segment_read(spool.store, spool.segment, 3, bytes, 8, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "1 bytes short"));
	ck_assert(!store_segment_read(spool.store, 4711, 0, bytes, 1, &why));
	ck_assert_int_eq((int64_t)spool.store->stats.segment_opened, 1);
	spool_close(&spool);
}
END_TEST

START_TEST(test_cache_is_bounded)
{
	struct spool spool;
	char bytes[2] = "";

	spool_open(&spool);
	for (int round = 0; round < 2; round++)
		for (int id = 1; id <= STORE_SEGMENT_CACHE + 20; id++) {
			char name[64];

			snprintf(name, sizeof(name), "segments/%d.seg", id + 1000);
			if (round == 0)
				segment_touch(&spool, name, id % 2 == 0 ? "a" : "b");
			ck_assert(store_segment_read(spool.store, id + 1000, 0, bytes, 1, NULL));
			ck_assert_str_eq(bytes, id % 2 == 0 ? "a" : "b");
		}
	ck_assert_int_eq((int64_t)spool.store->stats.segment_opened,
			 2 * (STORE_SEGMENT_CACHE + 20));
	spool_close(&spool);
}
END_TEST

static bool
segment_is(void *arg, int64_t id)
{
	return id == *(int64_t *)arg;
}

START_TEST(test_reap)
{
	struct spool spool;
	struct spool_message message;
	struct store_segment_totals totals;
	int64_t segment;

	spool_open(&spool);
	segment = spool.segment;
	message = spool_arrive(&spool, "a.example", 1, 100);
	ck_assert_int_eq(store_segment_reap(spool.store, 10, NULL, NULL, NULL), 0);
	segment_seal(&spool, segment, 1234);
	ck_assert(store_segment_totals(spool.store, &totals, NULL));
	ck_assert_int_eq(totals.sealed, 1);
	ck_assert_int_eq(totals.sealed_bytes, 1234);
	ck_assert_int_eq(totals.sealed_live_bytes, 1000);
	ck_assert_int_eq(store_segment_reap(spool.store, 10, NULL, NULL, NULL), 0);
	spool_finish(&spool, message.delivery_id);
	ck_assert_int_eq(store_segment_reap(spool.store, 10, segment_is, &segment, NULL), 0);
	ck_assert_int_eq(access(segment_path(&spool, segment), F_OK), 0);
	ck_assert_int_eq(store_segment_reap(spool.store, 10, NULL, NULL, NULL), 1);
	ck_assert_int_eq(access(segment_path(&spool, segment), F_OK), -1);
	spool_turns(&spool);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM segment"), 0);
	spool_close(&spool);
}
END_TEST

START_TEST(test_reconcile)
{
	struct spool spool;
	struct spool_message kept;
	int64_t lost;
	int64_t empty;
	int64_t left;

	spool_open(&spool);
	for (int i = 0; i < 1500; i++)
		spool_arrive(&spool, "lost.example", 1, 100);
	lost = spool.segment;
	spool_reopen(&spool);
	empty = spool.segment;
	spool_reopen(&spool);
	left = spool.segment;
	kept = spool_arrive(&spool, "kept.example", 1, 100);
	ck_assert_int_eq(unlink(segment_path(&spool, lost)), 0);
	ck_assert_int_eq(unlink(segment_path(&spool, empty)), 0);
	segment_touch(&spool, "segments/777.seg", "x");
	segment_touch(&spool, "segments/0777.seg", "x");
	segment_touch(&spool, "segments/7x.seg", "x");
	segment_touch(&spool, "segments/notes", "x");
	ck_assert_int_eq(truncate(segment_path(&spool, left), 55), 0);
	spool_reopen(&spool);
	ck_assert(!segment_exists(&spool, "segments/777.seg"));
	ck_assert(segment_exists(&spool, "segments/0777.seg"));
	ck_assert(segment_exists(&spool, "segments/7x.seg"));
	ck_assert(segment_exists(&spool, "segments/notes"));
	ck_assert_int_eq(spool_number(spool.other, "SELECT held FROM v_domain WHERE domain ="
						   " 'lost.example'"),
			 1500);
	ck_assert_int_eq(spool_number(spool.other, "SELECT queued FROM v_domain WHERE domain ="
						   " 'kept.example'"),
			 1);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM segment"), 3);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM segment WHERE sealed = 1"
						   " AND bytes IN (0, 55)"),
			 2);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM edited"), 0);
	spool_finish(&spool, kept.delivery_id);
	spool_assert_consistent(&spool);
	spool_close(&spool);
}
END_TEST

static Suite *
segment_suite(void)
{
	Suite *suite = suite_create("segment");
	TCase *tcase = tcase_create("segment");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, test_read);
	tcase_add_test(tcase, test_cache_is_bounded);
	tcase_add_test(tcase, test_reap);
	tcase_add_test(tcase, test_reconcile);
	return suite;
}

UNIT_MAIN(segment_suite)
