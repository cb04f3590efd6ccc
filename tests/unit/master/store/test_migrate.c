#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/why.h"
#include "master/store/db.h"
#include "master/store/migrate.h"
#include "master/store/store.h"
#include "schema/migrations.h"
#include "tests/unit/master/store/spool.h"
#include "tests/unit/unit.h"

START_TEST(test_fresh)
{
	struct spool spool;
	struct stat file;

	spool_open(&spool);
	ck_assert_int_eq(spool_number(spool.other, "PRAGMA user_version"),
			 (int64_t)schema_migrations_count);
	ck_assert_int_eq(spool_number(spool.other, "PRAGMA application_id"),
			 STORE_MIGRATE_APPLICATION);
	ck_assert_int_eq(stat(spool_path(&spool, "queue.db"), &file), 0);
	ck_assert_int_eq(file.st_mode & 07777, 0640);
	ck_assert_int_eq(stat(spool_path(&spool, "queue.db-wal"), &file), 0);
	ck_assert_int_eq(file.st_mode & 07777, 0640);
	ck_assert_int_eq(stat(spool_path(&spool, "segments"), &file), 0);
	ck_assert_int_eq(file.st_mode & 07777, 0700);
	ck_assert_int_eq(stat(spool_path(&spool, "reserve"), &file), 0);
	ck_assert_int_eq(access(spool_path(&spool, "queue.db.v0"), F_OK), -1);
	spool_close(&spool);
}
END_TEST

/* The log and its index stay after a clean stop, else readers without write access fail. */
START_TEST(test_readable_when_stopped)
{
	struct spool spool;
	sqlite3 *reader;

	spool_open(&spool);
	spool_arrive(&spool, "a.example", 1, 1000);
	sqlite3_close(spool.other);
	store_db_close(&spool.store);
	ck_assert_int_eq(access(spool_path(&spool, "queue.db-wal"), F_OK), 0);
	ck_assert_int_eq(
	    sqlite3_open_v2(spool_path(&spool, "queue.db"), &reader, SQLITE_OPEN_READONLY, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(spool_number(reader, "SELECT count(*) FROM v_queue"), 1);
	spool.other = reader;
	spool_close(&spool);
}
END_TEST

START_TEST(test_newer_and_foreign_are_refused)
{
	struct spool spool;
	struct why why = {0};

	spool_open(&spool);
	spool_sql(spool.other, "PRAGMA user_version = 1000");
	store_db_close(&spool.store);
	ck_assert_ptr_null(store_db_open(spool.dir, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "newer"));
	ck_assert_int_eq(spool_number(spool.other, "PRAGMA user_version"), 1000);
	spool_sql(spool.other, "PRAGMA user_version = 0; PRAGMA application_id = 0");
	ck_assert_ptr_null(store_db_open(spool.dir, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "no queue"));
	spool_close(&spool);
}
END_TEST

START_TEST(test_forward_with_copy)
{
	struct schema_migration more[3];
	struct spool spool;
	struct why why = {0};
	sqlite3 *copy;

	spool_open(&spool);
	spool_arrive(&spool, "a.example", 1, 1000);
	memcpy(more, schema_migrations, 2 * sizeof(more[0]));
	more[2] = (struct schema_migration){3, "003-broken.sql", "CREATE TABLE t (a); nonsense;"};
	ck_assert(
	    !store_migrate_run(spool.store->db, spool_path(&spool, "queue.db"), more, 3, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "003-broken.sql"));
	ck_assert_int_eq(spool_number(spool.other, "PRAGMA user_version"), 2);
	ck_assert_int_eq(
	    spool_number(spool.other, "SELECT count(*) FROM sqlite_schema WHERE name = 't'"), 0);
	more[2].sql = "CREATE TABLE t (a);";
	ck_assert_msg(
	    store_migrate_run(spool.store->db, spool_path(&spool, "queue.db"), more, 3, &why), "%s",
	    why.text);
	ck_assert_int_eq(spool_number(spool.other, "PRAGMA user_version"), 3);
	ck_assert_int_eq(sqlite3_open(spool_path(&spool, "queue.db.v2"), &copy), SQLITE_OK);
	ck_assert_int_eq(spool_number(copy, "PRAGMA user_version"), 2);
	ck_assert_int_eq(spool_number(copy, "SELECT count(*) FROM delivery"), 1);
	sqlite3_close(copy);
	spool_close(&spool);
}
END_TEST

START_TEST(test_missing_folder)
{
	struct why why = {0};

	ck_assert_ptr_null(store_db_open("/nonexistent/spool", &why));
	ck_assert_ptr_nonnull(strstr(why.text, "/nonexistent/spool"));
}
END_TEST

static Suite *
migrate_suite(void)
{
	Suite *suite = suite_create("migrate");
	TCase *tcase = tcase_create("migrate");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_fresh);
	tcase_add_test(tcase, test_readable_when_stopped);
	tcase_add_test(tcase, test_newer_and_foreign_are_refused);
	tcase_add_test(tcase, test_forward_with_copy);
	tcase_add_test(tcase, test_missing_folder);
	return suite;
}

UNIT_MAIN(migrate_suite)
