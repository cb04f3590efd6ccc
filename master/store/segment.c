#include "master/store/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/log.h"
#include "common/why.h"
#include "master/store/db.h"
#include "master/store/store.h"

enum { SEGMENT_NAME = 32 };

static const char *
segment_name(char name[SEGMENT_NAME], int64_t id)
{
	snprintf(name, SEGMENT_NAME, "%" PRId64 ".seg", id);
	return name;
}

static bool
segment_create_apply(struct store *store, struct store_op *op, struct why *why)
{
	struct store_segment_create *create = (struct store_segment_create *)op;
	sqlite3_stmt *stmt =
	    store_db_prepare(store, "INSERT INTO segment (id, kind) VALUES (?1, ?2)", why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, create->id);
	store_db_int(stmt, 2, create->kind);
	return store_db_run(store, stmt, why);
}

bool
store_segment_create(struct store *store, struct store_segment_create *create,
		     enum store_segment_kind kind,
		     void (*done)(struct store_op *op, bool committed, void *arg), void *arg,
		     struct why *why)
{
	char name[SEGMENT_NAME];

	store_turn_op_init(&create->op, segment_create_apply, done, arg);
	create->kind = kind;
	create->id = store_id_next(store, STORE_ID_SEGMENT);
	create->fd = openat(store->segments_fd, segment_name(name, create->id),
			    O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (create->fd < 0) {
		why_errno(why, "segments/%s", name);
		return false;
	}
	if (fsync(store->segments_fd) == 0)
		return true;
	why_errno(why, "%s/segments", store->dir);
	unlinkat(store->segments_fd, name, 0);
	close(create->fd);
	create->fd = -1;
	return false;
}

bool
store_segment_seal(struct store *store, int64_t id, int64_t bytes, struct why *why)
{
	sqlite3_stmt *stmt =
	    store_db_prepare(store, "UPDATE segment SET sealed = 1, bytes = ?2 WHERE id = ?1", why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, id);
	store_db_int(stmt, 2, bytes);
	return store_db_run(store, stmt, why);
}

static bool
segment_seal_apply(struct store *store, struct store_op *op, struct why *why)
{
	struct store_segment_seal *seal = (struct store_segment_seal *)op;

	return store_segment_seal(store, seal->id, seal->bytes, why);
}

void
store_segment_seal_init(struct store_segment_seal *seal, store_op_done_fn done, void *arg)
{
	store_turn_op_init(&seal->op, segment_seal_apply, done, arg);
}

struct segment_removal {
	struct store_op op;
	int64_t id;
};

bool
store_segment_remove_row(struct store *store, int64_t id, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(
	    store, "DELETE FROM segment WHERE id = ?1 AND live_messages <= 0", why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, id);
	return store_db_run(store, stmt, why);
}

static bool
segment_removal_apply(struct store *store, struct store_op *op, struct why *why)
{
	return store_segment_remove_row(store, ((struct segment_removal *)op)->id, why);
}

static void
segment_removal_done(struct store_op *op, bool committed, void *arg)
{
	free(op);
}

static void
segment_uncache(struct store *store, int64_t id)
{
	for (size_t i = 0; i < STORE_SEGMENT_CACHE; i++)
		if (store->cache[i].id == id) {
			close(store->cache[i].fd);
			store->cache[i].id = 0;
		}
}

/* The file first: a row without a file and without live bodies is removed at the next start. */
static bool
segment_remove(struct store *store, int64_t id, struct why *why)
{
	char name[SEGMENT_NAME];
	struct segment_removal *removal;

	segment_uncache(store, id);
	if (unlinkat(store->segments_fd, segment_name(name, id), 0) != 0 && errno != ENOENT) {
		why_errno(why, "segments/%s", name);
		return false;
	}
	removal = alloc_new(struct segment_removal);
	store_turn_op_init(&removal->op, segment_removal_apply, segment_removal_done, NULL);
	removal->id = id;
	store_turn_add(store, &removal->op);
	return true;
}

int
store_segment_reap(struct store *store, int most, store_segment_pinned_fn pinned, void *arg,
		   struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(
	    store, "SELECT id FROM segment WHERE sealed = 1 AND live_messages <= 0 ORDER BY id",
	    why);
	int64_t *ids;
	int count = 0;
	int step = 0;

	if (stmt == NULL)
		return -1;
	ids = alloc_array((size_t)most, sizeof(*ids));
	while (count < most && (step = store_db_step(store, stmt, why)) == 1) {
		ids[count] = sqlite3_column_int64(stmt, 0);
		if (pinned == NULL || !pinned(arg, ids[count]))
			count++;
	}
	sqlite3_reset(stmt);
	for (int i = 0; step >= 0 && i < count; i++)
		if (!segment_remove(store, ids[i], why))
			step = -1;
	free(ids);
	return step < 0 ? -1 : count;
}

bool
store_segment_totals(struct store *store, struct store_segment_totals *totals, struct why *why)
{
	sqlite3_stmt *stmt =
	    store_db_prepare(store,
			     "SELECT count(*), total(sealed), total(bytes * sealed),"
			     " total(live_bytes * sealed), total(live_bytes) FROM segment",
			     why);

	memset(totals, 0, sizeof(*totals));
	if (stmt == NULL || store_db_step(store, stmt, why) != 1)
		return false;
	totals->segments = sqlite3_column_int64(stmt, 0);
	totals->sealed = sqlite3_column_int64(stmt, 1);
	totals->sealed_bytes = sqlite3_column_int64(stmt, 2);
	totals->sealed_live_bytes = sqlite3_column_int64(stmt, 3);
	totals->live_bytes = sqlite3_column_int64(stmt, 4);
	sqlite3_reset(stmt);
	return true;
}

int
store_segment_open(struct store *store, int64_t id, struct why *why)
{
	char name[SEGMENT_NAME];
	int fd = openat(store->segments_fd, segment_name(name, id),
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = openat(store->segments_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		why_errno(why, "segments/%s", name);
	else
		store->stats.segment_opened++;
	return fd;
}

static int
segment_cached(struct store *store, int64_t id, struct why *why)
{
	struct store_segment_cached *oldest = &store->cache[0];
	int fd;

	for (size_t i = 0; i < STORE_SEGMENT_CACHE; i++) {
		struct store_segment_cached *place = &store->cache[i];

		if (place->id == id) {
			place->used = ++store->cache_stamp;
			return place->fd;
		}
		if (oldest->id != 0 && (place->id == 0 || place->used < oldest->used))
			oldest = place;
	}
	fd = store_segment_open(store, id, why);
	if (fd < 0)
		return -1;
	if (oldest->id != 0)
		close(oldest->fd);
	*oldest = (struct store_segment_cached){.id = id, .fd = fd, .used = ++store->cache_stamp};
	return fd;
}

bool
store_segment_read(struct store *store, int64_t id, int64_t offset, void *data, size_t len,
		   struct why *why)
{
	int fd = segment_cached(store, id, why);
	size_t got = 0;

	if (fd < 0)
		return false;
	while (got < len) {
		ssize_t n =
		    pread(fd, (char *)data + got, len - got, (off_t)(offset + (int64_t)got));

		if (n > 0) {
			got += (size_t)n;
		} else if (n == 0) {
			why_set(why,
				"segments/%" PRId64 ".seg: ends %zu bytes short of %" PRId64 "+%zu",
				id, len - got, offset, len);
			return false;
		} else if (errno != EINTR) {
			why_errno(why, "segments/%" PRId64 ".seg", id);
			return false;
		}
	}
	return true;
}

void
store_segment_forget(struct store *store)
{
	for (size_t i = 0; i < STORE_SEGMENT_CACHE; i++)
		if (store->cache[i].id != 0) {
			close(store->cache[i].fd);
			store->cache[i].id = 0;
		}
}
