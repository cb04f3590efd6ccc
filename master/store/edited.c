#include "master/store/edited.h"

#include <assert.h>
#include <sqlite3.h>

#include "common/why.h"
#include "master/store/db.h"
#include "master/store/lane.h"
#include "master/store/store.h"

enum { EDITED_STEP = 1000 };

bool
store_edited_others_wrote(struct store *store)
{
	sqlite3_stmt *stmt = store_db_prepare(store, "PRAGMA data_version", NULL);
	int64_t version = store->data_version;

	if (stmt != NULL && store_db_step(store, stmt, NULL) == 1) {
		version = sqlite3_column_int64(stmt, 0);
		sqlite3_reset(stmt);
	}
	if (version == store->data_version)
		return false;
	store->data_version = version;
	store_lane_forget(store);
	return true;
}

int
store_edited_lanes(struct store *store, int64_t *ids, int most, struct why *why)
{
	sqlite3_stmt *stmt =
	    store_db_prepare(store, "SELECT lane_id FROM edited ORDER BY lane_id LIMIT ?1", why);
	int count = 0;
	int step;

	if (stmt == NULL)
		return -1;
	store_db_int(stmt, 1, most);
	while ((step = store_db_step(store, stmt, why)) == 1)
		ids[count++] = sqlite3_column_int64(stmt, 0);
	return step == 0 ? count : -1;
}

static bool
edited_delete(struct store *store, const char *sql, int64_t id, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(store, sql, why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, id);
	return store_db_run(store, stmt, why);
}

static bool
edited_clear_apply(struct store *store, struct store_op *op, struct why *why)
{
	struct store_edited_clear *clear = (struct store_edited_clear *)op;
	static const char sql[] = "DELETE FROM edited WHERE lane_id = ?1";

	assert(clear->count <= EDITED_STEP);
	for (size_t i = 0; i < clear->count; i++)
		if (!edited_delete(store, sql, clear->ids[i], why))
			return false;
	return true;
}

void
store_edited_clear_init(struct store_edited_clear *clear, store_op_done_fn done, void *arg)
{
	store_turn_op_init(&clear->op, edited_clear_apply, done, arg);
}

static bool
edited_suspend_apply(struct store *store, struct store_op *op, struct why *why)
{
	struct store_edited_suspend *suspend = (struct store_edited_suspend *)op;
	sqlite3_stmt *stmt;

	suspend->domain_id = store_lane_domain(store, suspend->domain, why);
	if (suspend->domain_id == 0)
		return false;
	stmt = store_db_prepare(
	    store, "UPDATE domain SET suspended_until = ?2, suspended_why = ?3 WHERE id = ?1", why);
	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, suspend->domain_id);
	store_db_time(stmt, 2, suspend->until);
	store_db_text(stmt, 3, suspend->until != 0 ? suspend->reason : NULL);
	return store_db_run(store, stmt, why);
}

void
store_edited_suspend_init(struct store_edited_suspend *suspend, store_op_done_fn done, void *arg)
{
	store_turn_op_init(&suspend->op, edited_suspend_apply, done, arg);
}

struct edited_empty {
	int64_t lane;
	int64_t domain;
	int64_t class;
};

static bool
edited_remove(struct store *store, const struct edited_empty *empty, struct why *why)
{
	static const char lane[] = "DELETE FROM lane WHERE id = ?1";
	static const char domain[] = "DELETE FROM domain WHERE id = ?1 AND suspended_until IS NULL"
				     " AND NOT EXISTS (SELECT 1 FROM lane WHERE domain_id = ?1)";
	static const char class[] = "DELETE FROM class WHERE id = ?1 AND lanes = 0";

	return edited_delete(store, lane, empty->lane, why) &&
	       edited_delete(store, domain, empty->domain, why) &&
	       edited_delete(store, class, empty->class, why);
}

static bool
edited_clean_apply(struct store *store, struct store_op *op, struct why *why)
{
	struct store_edited_clean *clean = (struct store_edited_clean *)op;
	sqlite3_stmt *stmt =
	    store_db_prepare(store,
			     "SELECT id, domain_id, class_id, queued = 0 AND deferred = 0 AND held"
			     " = 0 FROM lane WHERE id > ?1 ORDER BY id LIMIT 1000",
			     why);
	struct edited_empty empty[EDITED_STEP];
	int looked = 0;
	int step;

	clean->removed = 0;
	clean->next = 0;
	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, clean->from);
	while ((step = store_db_step(store, stmt, why)) == 1) {
		clean->next = sqlite3_column_int64(stmt, 0);
		looked++;
		if (sqlite3_column_int(stmt, 3) != 0)
			empty[clean->removed++] =
			    (struct edited_empty){clean->next, sqlite3_column_int64(stmt, 1),
						  sqlite3_column_int64(stmt, 2)};
	}
	if (looked < EDITED_STEP)
		clean->next = 0;
	for (size_t i = 0; i < clean->removed; i++)
		if (!edited_remove(store, &empty[i], why))
			return false;
	if (clean->removed > 0)
		store_lane_forget(store);
	return step == 0;
}

void
store_edited_clean_init(struct store_edited_clean *clean, store_op_done_fn done, void *arg)
{
	store_turn_op_init(&clean->op, edited_clean_apply, done, arg);
}
