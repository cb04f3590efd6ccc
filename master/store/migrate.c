#include "master/store/migrate.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/log.h"
#include "common/why.h"
#include "schema/migrations.h"

static bool
migrate_exec(sqlite3 *db, const char *sql, const char *name, struct why *why)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	why_set(why, "queue database: %s: %s", name, sqlite3_errmsg(db));
	return false;
}

static bool
migrate_pragma(sqlite3 *db, const char *sql, int64_t *value, struct why *why)
{
	sqlite3_stmt *stmt = NULL;
	bool ok = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
		  sqlite3_step(stmt) == SQLITE_ROW;

	if (ok)
		*value = sqlite3_column_int64(stmt, 0);
	else
		why_set(why, "queue database: %s: %s", sql, sqlite3_errmsg(db));
	sqlite3_finalize(stmt);
	return ok;
}

static bool
migrate_copy(sqlite3 *db, const char *copy, struct why *why)
{
	sqlite3 *to = NULL;
	sqlite3_backup *backup = NULL;
	bool ok = false;

	if (unlink(copy) != 0 && errno != ENOENT) {
		why_errno(why, "%s", copy);
		return false;
	}
	if (sqlite3_open(copy, &to) == SQLITE_OK && chmod(copy, 0600) == 0 &&
	    (backup = sqlite3_backup_init(to, "main", db, "main")) != NULL) {
		ok = sqlite3_backup_step(backup, -1) == SQLITE_DONE;
		ok = sqlite3_backup_finish(backup) == SQLITE_OK && ok;
	}
	if (!ok)
		why_set(why, "copy before the migration: %s: %s", copy, sqlite3_errmsg(to));
	sqlite3_close(to);
	return ok;
}

static bool
migrate_apply(sqlite3 *db, const struct schema_migration *migrations, size_t count, int64_t from,
	      struct why *why)
{
	char pragmas[96];

	if (!migrate_exec(db, "BEGIN IMMEDIATE", "migration", why))
		return false;
	snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id = %d; PRAGMA user_version = %u",
		 STORE_MIGRATE_APPLICATION, migrations[count - 1].number);
	for (size_t i = 0; i < count; i++) {
		if (migrations[i].number <= from)
			continue;
		if (!migrate_exec(db, migrations[i].sql, migrations[i].name, why))
			goto failed;
	}
	if (migrate_exec(db, pragmas, "migration", why) &&
	    migrate_exec(db, "COMMIT", "migration", why))
		return true;
failed:
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

bool
store_migrate_run(struct sqlite3 *db, const char *path, const struct schema_migration *migrations,
		  size_t count, struct why *why)
{
	int64_t version;
	int64_t application;
	int64_t tables;
	int64_t newest = migrations[count - 1].number;

	if (!migrate_pragma(db, "PRAGMA user_version", &version, why) ||
	    !migrate_pragma(db, "PRAGMA application_id", &application, why) ||
	    !migrate_pragma(db, "SELECT count(*) FROM sqlite_schema", &tables, why))
		return false;
	if (application != STORE_MIGRATE_APPLICATION && tables > 0) {
		why_set(why, "%s is a database, but no queue of postrider", path);
		return false;
	}
	if (version > newest) {
		why_set(why,
			"%s has schema %" PRId64 ", this program knows up to %" PRId64
			": it was written by a newer postrider",
			path, version, newest);
		return false;
	}
	if (version == newest)
		return true;
	if (version > 0) {
		char *copy = alloc_printf("%s.v%" PRId64, path, version);
		bool ok = migrate_copy(db, copy, why);

		if (ok)
			log_info("queue database: schema %" PRId64 " becomes %" PRId64
				 ", a copy of the old file is %s",
				 version, newest, copy);
		free(copy);
		if (!ok)
			return false;
	}
	return migrate_apply(db, migrations, count, version, why);
}
