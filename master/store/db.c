#include "master/store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/log.h"
#include "common/why.h"
#include "master/store/checkpoint.h"
#include "master/store/id.h"
#include "master/store/lane.h"
#include "master/store/migrate.h"
#include "master/store/reconcile.h"
#include "master/store/reserve.h"
#include "master/store/segment.h"
#include "master/store/store.h"
#include "master/store/turn.h"
#include "schema/migrations.h"

struct store_db_statement {
	const char *sql;
	sqlite3_stmt *stmt;
};

enum { DB_OPEN_WAIT_MS = 5000, DB_SLOT = 4096, DB_SLOTS = 256 };

/*
 * secure_delete is on in some distributions' library and doubles the pages a finished message
 * dirties; no mmap, because an I/O error would arrive as a signal.
 */
static const char db_pragmas[] = "PRAGMA synchronous = FULL;"
				 "PRAGMA wal_autocheckpoint = 0;"
				 "PRAGMA journal_size_limit = 67108864;"
				 "PRAGMA cache_size = -32768;"
				 "PRAGMA mmap_size = 0;"
				 "PRAGMA temp_store = MEMORY;"
				 "PRAGMA secure_delete = OFF;"
				 "PRAGMA foreign_keys = OFF;"
				 "PRAGMA recursive_triggers = OFF;"
				 "PRAGMA trusted_schema = OFF;";

void
store_db_error(struct store *store, const char *doing, struct why *why)
{
	store->last_rc = sqlite3_extended_errcode(store->db);
	why_set(why, "queue database: %s: %s (%d)", doing, sqlite3_errmsg(store->db),
		store->last_rc);
}

bool
store_db_is_full(const struct store *store)
{
	int error = sqlite3_system_errno(store->db);

	if ((store->last_rc & 0xff) == SQLITE_FULL)
		return true;
	return (store->last_rc & 0xff) == SQLITE_IOERR &&
	       (error == ENOSPC || error == EDQUOT || error == EFBIG);
}

struct sqlite3_stmt *
store_db_prepare(struct store *store, const char *sql, struct why *why)
{
	size_t place = ((uintptr_t)sql >> 3) % STORE_DB_STATEMENTS;
	struct store_db_statement *kept;

	while ((kept = &store->statements[place])->sql != sql && kept->sql != NULL)
		place = (place + 1) % STORE_DB_STATEMENTS;
	if (kept->stmt != NULL)
		return kept->stmt;
	if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &kept->stmt, NULL) !=
	    SQLITE_OK) {
		store_db_error(store, sql, why);
		return NULL;
	}
	kept->sql = sql;
	return kept->stmt;
}

static bool
db_quick(struct store *store, const char *sql)
{
	sqlite3_stmt *stmt = store_db_prepare(store, sql, NULL);
	bool ok = stmt != NULL && sqlite3_step(stmt) == SQLITE_DONE;

	sqlite3_reset(stmt);
	return ok;
}

bool
store_db_read_begin(struct store *store)
{
	return sqlite3_get_autocommit(store->db) && db_quick(store, "BEGIN");
}

void
store_db_read_end(struct store *store, bool begun)
{
	/* Nothing was written, so nothing can be lost. */
	if (begun && !db_quick(store, "COMMIT"))
		db_quick(store, "ROLLBACK");
}

void
store_db_int(struct sqlite3_stmt *stmt, int place, int64_t value)
{
	sqlite3_bind_int64(stmt, place, value);
}

void
store_db_time(struct sqlite3_stmt *stmt, int place, int64_t value)
{
	if (value == 0)
		sqlite3_bind_null(stmt, place);
	else
		sqlite3_bind_int64(stmt, place, value);
}

void
store_db_text(struct sqlite3_stmt *stmt, int place, const char *text)
{
	if (text == NULL)
		sqlite3_bind_null(stmt, place);
	else
		sqlite3_bind_text(stmt, place, text, -1, SQLITE_STATIC);
}

const char *
store_db_column(struct sqlite3_stmt *stmt, int column, struct arena *arena)
{
	const void *text = sqlite3_column_text(stmt, column);

	if (text == NULL)
		return "";
	return arena_copy(arena, text, (size_t)sqlite3_column_bytes(stmt, column));
}

int
store_db_step(struct store *store, struct sqlite3_stmt *stmt, struct why *why)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		store_db_error(store, sqlite3_sql(stmt), why);
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

bool
store_db_run(struct store *store, struct sqlite3_stmt *stmt, struct why *why)
{
	return stmt != NULL && store_db_step(store, stmt, why) == 0;
}

bool
store_db_exec(struct store *store, const char *sql, struct why *why)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	store_db_error(store, sql, why);
	return false;
}

int64_t
store_db_number(struct store *store, const char *sql, int64_t fallback)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return fallback;
	if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
		fallback = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return fallback;
}

static int
db_on_commit(void *arg, sqlite3 *db, const char *name, int frames)
{
	struct store *store = arg;

	/* A frame is a page of 4,096 bytes with a header of 24. */
	store->stats.wal_bytes = (int64_t)frames * (4096 + 24);
	return SQLITE_OK;
}

static bool
db_create(struct store *store, struct why *why)
{
	int fd = openat(store->dir_fd, "queue.db", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0) {
		why_errno(why, "%s/queue.db", store->dir);
		return false;
	}
	close(fd);
	return true;
}

/*
 * The library gives -wal and -shm the database's mode, but not its group unless we are root. By
 * name and not by descriptor: closing a descriptor of a file drops all locks we have on it.
 */
static void
db_share(struct store *store, const char *name)
{
	struct stat dir;

	if (fstat(store->dir_fd, &dir) != 0 ||
	    fchownat(store->dir_fd, name, (uid_t)-1, dir.st_gid, AT_SYMLINK_NOFOLLOW) != 0 ||
	    fchmodat(store->dir_fd, name, 0640, 0) != 0)
		log_debug("%s/%s: not shared with group readers: %s", store->dir, name,
			  strerror(errno));
}

static bool
db_open_folders(struct store *store, struct why *why)
{
	store->dir_fd = open(store->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->dir_fd < 0) {
		why_errno(why, "%s", store->dir);
		return false;
	}
	if (mkdirat(store->dir_fd, "segments", 0700) != 0 && errno != EEXIST) {
		why_errno(why, "%s/segments", store->dir);
		return false;
	}
	store->segments_fd = openat(store->dir_fd, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->segments_fd < 0) {
		why_errno(why, "%s/segments", store->dir);
		return false;
	}
	return db_create(store, why);
}

/*
 * The process has one thread, and nobody asks the library how much memory it uses: both cost a
 * lock at every allocation. Refused (and harmless) when somebody used the library before.
 */
static void
db_configure(void)
{
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static bool
db_open_file(struct store *store, const char *path, struct why *why)
{
	int on = 1;
	char mode[8] = "";
	sqlite3_stmt *stmt = NULL;

	db_configure();
	if (sqlite3_open_v2(path, &store->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			    NULL) != SQLITE_OK) {
		why_set(why, "%s: %s", path, sqlite3_errmsg(store->db));
		return false;
	}
	sqlite3_busy_timeout(store->db, DB_OPEN_WAIT_MS);
	/* A trigger's frame is larger than the slots the library begins with. */
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, DB_SLOT, DB_SLOTS);
	sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	if (sqlite3_prepare_v2(store->db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL) ==
		SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		strncpy(mode, (const char *)sqlite3_column_text(stmt, 0), sizeof(mode) - 1);
	sqlite3_finalize(stmt);
	if (strcmp(mode, "wal") != 0) {
		store_db_error(store, "journal_mode", why);
		return false;
	}
	return store_db_exec(store, db_pragmas, why);
}

static bool
db_start(struct store *store, struct why *why)
{
	char *path = alloc_printf("%s/queue.db", store->dir);
	bool ok =
	    db_open_folders(store, why) && db_open_file(store, path, why) &&
	    store_migrate_run(store->db, path, schema_migrations, schema_migrations_count, why) &&
	    store_id_load(store, why) && store_reconcile_run(store, why);
	struct why reserve;

	free(path);
	if (!ok)
		return false;
	db_share(store, "queue.db");
	db_share(store, "queue.db-wal");
	db_share(store, "queue.db-shm");
	if (!store_reserve_make(store, &reserve))
		log_warn("no reserve against a full disk: %s", reserve.text);
	sqlite3_wal_hook(store->db, db_on_commit, store);
	/* From here on a lock of somebody else must not stop the loop. */
	sqlite3_busy_timeout(store->db, 0);
	store->data_version = store_db_number(store, "PRAGMA data_version", 0);
	return true;
}

static void
db_stop(struct store *store)
{
	for (size_t i = 0; i < STORE_DB_STATEMENTS; i++)
		sqlite3_finalize(store->statements[i].stmt);
	store_segment_forget(store);
	store_lane_forget(store);
	sqlite3_close(store->db);
	if (store->segments_fd >= 0)
		close(store->segments_fd);
	if (store->dir_fd >= 0)
		close(store->dir_fd);
	free(store->statements);
	free(store->dir);
	free(store);
}

struct store *
store_db_open(const char *dir, struct why *why)
{
	struct store *store = alloc_new(struct store);

	store->dir = alloc_str(dir);
	store->dir_fd = -1;
	store->segments_fd = -1;
	store->statements = alloc_array(STORE_DB_STATEMENTS, sizeof(*store->statements));
	store->checkpoint_next = STORE_CHECKPOINT_STEP;
	list_init(&store->pending);
	if (db_start(store, why))
		return store;
	db_stop(store);
	return NULL;
}

void
store_db_close(struct store **store)
{
	struct why why;

	if (*store == NULL)
		return;
	store_turn_drop(*store);
	if (!store_id_give_back(*store, &why))
		log_debug("numbers not given back: %s", why.text);
	db_stop(*store);
	*store = NULL;
}

const struct store_stats *
store_db_stats(const struct store *store)
{
	return &store->stats;
}
