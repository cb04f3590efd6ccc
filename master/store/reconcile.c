#include "master/store/reconcile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/log.h"
#include "common/map.h"
#include "common/str.h"
#include "common/why.h"
#include "master/store/db.h"
#include "master/store/segment.h"
#include "master/store/store.h"

enum { RECONCILE_STEP = 1000 };

struct reconcile_row {
	int64_t id;
	bool sealed;
	int64_t live_messages;
};

struct reconcile_rows {
	struct reconcile_row *row;
	size_t count;
	size_t room;
	struct map *ids; /* id -> the store, as a set */
};

static bool
reconcile_read(struct store *store, struct reconcile_rows *rows, struct why *why)
{
	sqlite3_stmt *stmt =
	    store_db_prepare(store, "SELECT id, sealed, live_messages FROM segment", why);
	int step = -1;

	rows->ids = map_new();
	while (stmt != NULL && (step = store_db_step(store, stmt, why)) == 1) {
		struct reconcile_row *row;

		if (rows->count == rows->room) {
			rows->room = rows->room == 0 ? 64 : rows->room * 2;
			rows->row = alloc_resize(rows->row, rows->room, sizeof(*rows->row));
		}
		row = &rows->row[rows->count++];
		row->id = sqlite3_column_int64(stmt, 0);
		row->sealed = sqlite3_column_int(stmt, 1) != 0;
		row->live_messages = sqlite3_column_int64(stmt, 2);
		map_put_id(rows->ids, (uint64_t)row->id, store);
	}
	return step == 0;
}

/* Only a name we would have given ourselves: digits, not beginning with 0, ".seg". */
static bool
reconcile_name(const char *name, uint64_t *id)
{
	size_t len = strlen(name);
	unsigned long long number;

	if (len < 5 || strcmp(name + len - 4, ".seg") != 0 || name[0] == '0')
		return false;
	if (!slice_number((struct slice){name, len - 4}, &number))
		return false;
	*id = number;
	return true;
}

static bool
reconcile_files(struct store *store, const struct reconcile_rows *rows, struct why *why)
{
	int fd = openat(store->segments_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	uint64_t id;

	if (dir == NULL) {
		why_errno(why, "%s/segments", store->dir);
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (!reconcile_name(entry->d_name, &id) || map_find_id(rows->ids, id) != NULL)
			continue;
		if (unlinkat(store->segments_fd, entry->d_name, 0) == 0)
			log_info("segments/%s: removed, the queue does not know it", entry->d_name);
		else
			log_warn("segments/%s: %s", entry->d_name, strerror(errno));
	}
	closedir(dir);
	return true;
}

static bool
reconcile_hold_one(struct store *store, int64_t id, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(
	    store, "UPDATE delivery SET state = 2, rev = rev + 1 WHERE id = ?1", why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, id);
	return store_db_run(store, stmt, why);
}

/* Up to RECONCILE_STEP deliveries of a lost segment after *last; returns how many, -1: failed. */
static int
reconcile_hold_step(struct store *store, int64_t segment, int64_t *last, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(
	    store,
	    "SELECT d.id FROM delivery AS d JOIN message AS m ON m.id = d.message_id"
	    " WHERE d.id > ?2 AND d.state = 0 AND m.segment_id = ?1 ORDER BY d.id LIMIT 1000",
	    why);
	int64_t ids[RECONCILE_STEP];
	int count = 0;
	int step;

	if (stmt == NULL)
		return -1;
	store_db_int(stmt, 1, segment);
	store_db_int(stmt, 2, *last);
	while ((step = store_db_step(store, stmt, why)) == 1)
		ids[count++] = sqlite3_column_int64(stmt, 0);
	for (int i = 0; step == 0 && i < count; i++)
		if (!reconcile_hold_one(store, *last = ids[i], why))
			return -1;
	return step < 0 ? -1 : count;
}

static bool
reconcile_hold(struct store *store, int64_t segment, struct why *why)
{
	int64_t last = 0;
	int64_t held = 0;
	int count;

	do {
		if (!store_db_exec(store, "BEGIN IMMEDIATE", why))
			return false;
		count = reconcile_hold_step(store, segment, &last, why);
		if (count < 0 || !store_db_exec(store, "COMMIT", why)) {
			store_db_exec(store, "ROLLBACK", NULL);
			return false;
		}
		held += count;
	} while (count == RECONCILE_STEP);
	log_error("segments/%" PRId64 ".seg is missing: %" PRId64 " deliveries are held", segment,
		  held);
	return true;
}

static bool
reconcile_row(struct store *store, const struct reconcile_row *row, struct why *why)
{
	char name[32];
	struct stat file;

	snprintf(name, sizeof(name), "%" PRId64 ".seg", row->id);
	if (fstatat(store->segments_fd, name, &file, AT_SYMLINK_NOFOLLOW) == 0)
		return row->sealed || store_segment_seal(store, row->id, file.st_size, why);
	if (errno != ENOENT) {
		why_errno(why, "segments/%s", name);
		return false;
	}
	if (row->live_messages <= 0)
		return store_segment_remove_row(store, row->id, why);
	return (row->sealed || store_segment_seal(store, row->id, 0, why)) &&
	       reconcile_hold(store, row->id, why);
}

bool
store_reconcile_run(struct store *store, struct why *why)
{
	struct reconcile_rows rows = {0};
	bool ok = reconcile_read(store, &rows, why) && reconcile_files(store, &rows, why);

	for (size_t i = 0; ok && i < rows.count; i++)
		ok = reconcile_row(store, &rows.row[i], why);
	map_free(&rows.ids, NULL);
	free(rows.row);
	return ok;
}
