#include "master/store/lane.h"

#include <sqlite3.h>
#include <string.h>

#include "common/map.h"
#include "common/str.h"
#include "common/why.h"
#include "master/store/db.h"
#include "master/store/store.h"

/* Numbers remembered per kind; past it all are forgotten, which costs one look-up each. */
enum { LANE_REMEMBERED = 65536, LANE_LOOKED_AT = 1000 };

void
store_lane_forget(struct store *store)
{
	map_free(&store->domains, NULL);
	map_free(&store->classes, NULL);
	map_free(&store->lanes, NULL);
}

static int64_t
lane_remembered(const struct map *map, const void *key, size_t len)
{
	return map == NULL ? 0 : (int64_t)(intptr_t)map_find(map, key, len);
}

static int64_t
lane_remember(struct map **map, const void *key, size_t len, int64_t id)
{
	if (*map != NULL && map_count(*map) >= LANE_REMEMBERED)
		map_free(map, NULL);
	if (*map == NULL)
		*map = map_new();
	map_put(*map, key, len, (void *)(intptr_t)id);
	return id;
}

/*
 * Runs a look-up whose parameters are bound, else the insertion, whose first parameter is the new
 * number and whose others are bound. 0: failed.
 */
static int64_t
lane_find_or_create(struct store *store, sqlite3_stmt *find, sqlite3_stmt *create,
		    enum store_id_kind kind, struct why *why)
{
	int step = store_db_step(store, find, why);
	int64_t id = 0;

	if (step == 1) {
		id = sqlite3_column_int64(find, 0);
		sqlite3_reset(find);
	} else if (step == 0) {
		id = store_id_next(store, kind);
		store_db_int(create, 1, id);
		if (!store_db_run(store, create, why))
			id = 0;
	}
	return id;
}

int64_t
store_lane_domain(struct store *store, const char *name, struct why *why)
{
	size_t len = strlen(name);
	int64_t id = lane_remembered(store->domains, name, len);
	sqlite3_stmt *find;
	sqlite3_stmt *create;

	if (id != 0)
		return id;
	find = store_db_prepare(store, "SELECT id FROM domain WHERE name = ?1", why);
	create = store_db_prepare(store, "INSERT INTO domain (id, name) VALUES (?1, ?2)", why);
	if (find == NULL || create == NULL)
		return 0;
	store_db_text(find, 1, name);
	store_db_text(create, 2, name);
	id = lane_find_or_create(store, find, create, STORE_ID_DOMAIN, why);
	return id == 0 ? 0 : lane_remember(&store->domains, name, len, id);
}

static int64_t
lane_class(struct store *store, const char *sender_domain, const char *tag, int band,
	   struct why *why)
{
	sqlite3_stmt *find = store_db_prepare(
	    store, "SELECT id FROM class WHERE sender_domain = ?1 AND tag = ?2 AND band = ?3", why);
	sqlite3_stmt *create = store_db_prepare(
	    store, "INSERT INTO class (id, sender_domain, tag, band) VALUES (?1, ?2, ?3, ?4)", why);

	if (find == NULL || create == NULL)
		return 0;
	store_db_text(find, 1, sender_domain);
	store_db_text(find, 2, tag);
	store_db_int(find, 3, band);
	store_db_text(create, 2, sender_domain);
	store_db_text(create, 3, tag);
	store_db_int(create, 4, band);
	return lane_find_or_create(store, find, create, STORE_ID_CLASS, why);
}

int64_t
store_lane_class(struct store *store, const char *sender_domain, const char *tag, int band,
		 struct why *why)
{
	struct str key = {0};
	int64_t id;

	str_bytes(&key, sender_domain, strlen(sender_domain) + 1);
	str_bytes(&key, tag, strlen(tag) + 1);
	str_bytes(&key, &band, sizeof(band));
	id = lane_remembered(store->classes, key.data, key.len);
	if (id == 0) {
		id = lane_class(store, sender_domain, tag, band, why);
		if (id != 0)
			lane_remember(&store->classes, key.data, key.len, id);
	}
	str_free(&key);
	return id;
}

int64_t
store_lane_find(struct store *store, int64_t domain_id, int64_t class_id, struct why *why)
{
	const int64_t key[2] = {domain_id, class_id};
	int64_t id = lane_remembered(store->lanes, key, sizeof(key));
	sqlite3_stmt *find;
	sqlite3_stmt *create;

	if (id != 0)
		return id;
	find = store_db_prepare(store, "SELECT id FROM lane WHERE domain_id = ?1 AND class_id = ?2",
				why);
	create = store_db_prepare(
	    store, "INSERT INTO lane (id, domain_id, class_id) VALUES (?1, ?2, ?3)", why);
	if (find == NULL || create == NULL)
		return 0;
	store_db_int(find, 1, domain_id);
	store_db_int(find, 2, class_id);
	store_db_int(create, 2, domain_id);
	store_db_int(create, 3, class_id);
	id = lane_find_or_create(store, find, create, STORE_ID_LANE, why);
	return id == 0 ? 0 : lane_remember(&store->lanes, key, sizeof(key), id);
}

/* The counters spare the search for the earliest in lanes that have none of the kind. */
#define LANE_SELECT                                                                     \
	"SELECT l.id, l.domain_id, o.name, l.class_id, c.sender_domain, c.tag, c.band," \
	" o.suspended_until, l.queued, l.deferred, l.held,"                             \
	" CASE WHEN l.queued > 0 THEN (SELECT d.next_attempt_at FROM delivery AS d"     \
	" WHERE d.lane_id = l.id AND (d.retry_num > 0) = 0 AND d.state = 0"             \
	" ORDER BY d.next_attempt_at LIMIT 1) END,"                                     \
	" CASE WHEN l.deferred > 0 THEN (SELECT d.next_attempt_at FROM delivery AS d"   \
	" WHERE d.lane_id = l.id AND (d.retry_num > 0) = 1 AND d.state = 0"             \
	" ORDER BY d.next_attempt_at LIMIT 1) END"                                      \
	" FROM lane AS l LEFT JOIN domain AS o ON o.id = l.domain_id"                   \
	" LEFT JOIN class AS c ON c.id = l.class_id"

static const char *
lane_text(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	return text != NULL ? text : "";
}

static int64_t
lane_give(sqlite3_stmt *stmt, store_lane_fn fn, void *arg)
{
	struct store_lane lane = {
	    .id = sqlite3_column_int64(stmt, 0),
	    .domain_id = sqlite3_column_int64(stmt, 1),
	    .domain = lane_text(stmt, 2),
	    .class_id = sqlite3_column_int64(stmt, 3),
	    .sender_domain = lane_text(stmt, 4),
	    .tag = lane_text(stmt, 5),
	    .band = sqlite3_column_int(stmt, 6),
	    .suspended_until = sqlite3_column_int64(stmt, 7),
	    .queued = (uint64_t)sqlite3_column_int64(stmt, 8),
	    .deferred = (uint64_t)sqlite3_column_int64(stmt, 9),
	    .held = (uint64_t)sqlite3_column_int64(stmt, 10),
	    .earliest_first = sqlite3_column_int64(stmt, 11),
	    .earliest_retry = sqlite3_column_int64(stmt, 12),
	};

	fn(arg, &lane);
	return lane.id;
}

bool
store_lane_each(struct store *store, int64_t *cursor, int most, store_lane_fn fn, void *arg,
		struct why *why)
{
	sqlite3_stmt *stmt =
	    store_db_prepare(store,
			     LANE_SELECT " WHERE l.id > ?1 AND (l.queued > 0 OR l.deferred > 0)"
					 " ORDER BY l.id LIMIT ?2",
			     why);
	int count = 0;
	int step;

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, *cursor);
	store_db_int(stmt, 2, most);
	while ((step = store_db_step(store, stmt, why)) == 1) {
		*cursor = lane_give(stmt, fn, arg);
		count++;
	}
	if (step == 0 && count < most)
		*cursor = -1;
	return step == 0;
}

bool
store_lane_read(struct store *store, int64_t id, store_lane_fn fn, void *arg, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(store, LANE_SELECT " WHERE l.id = ?1", why);
	int step;

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, id);
	step = store_db_step(store, stmt, why);
	if (step == 1) {
		lane_give(stmt, fn, arg);
		sqlite3_reset(stmt);
	}
	return step >= 0;
}

/* One half of the lane's order; looked counts index entries. */
static int
lane_due_half(struct store *store, const struct store_lane_due *due, int64_t *ids, int most,
	      int *looked, struct why *why)
{
	struct store_lane_cursor *cursor = due->cursor;
	sqlite3_stmt *stmt = store_db_prepare(
	    store,
	    "SELECT id, next_attempt_at FROM delivery"
	    " WHERE lane_id = ?1 AND (retry_num > 0) = ?2 AND state = 0 AND next_attempt_at <= ?3"
	    " AND (next_attempt_at, id) > (?4, ?5) ORDER BY next_attempt_at, id",
	    why);
	int count = 0;
	int step = 0;

	if (stmt == NULL)
		return -1;
	store_db_int(stmt, 1, due->lane_id);
	store_db_int(stmt, 2, cursor->retries);
	store_db_int(stmt, 3, due->now);
	store_db_int(stmt, 4, cursor->id == 0 ? INT64_MIN : cursor->at);
	store_db_int(stmt, 5, cursor->id);
	while (count<most && * looked> 0 && (step = store_db_step(store, stmt, why)) == 1) {
		cursor->id = sqlite3_column_int64(stmt, 0);
		cursor->at = sqlite3_column_int64(stmt, 1);
		(*looked)--;
		if (due->held == NULL || !due->held(due->arg, cursor->id))
			ids[count++] = cursor->id;
	}
	sqlite3_reset(stmt);
	return step < 0 ? -1 : count;
}

int
store_lane_due(struct store *store, const struct store_lane_due *due, int64_t *ids, int most,
	       bool *more, struct why *why)
{
	int looked = most + LANE_LOOKED_AT;
	int count = lane_due_half(store, due, ids, most, &looked, why);

	*more = false;
	if (count < 0)
		return -1;
	if (count < most && looked > 0 && !due->cursor->retries) {
		int retries;

		*due->cursor = (struct store_lane_cursor){.retries = true};
		retries = lane_due_half(store, due, ids + count, most - count, &looked, why);
		if (retries < 0)
			return -1;
		count += retries;
	}
	*more = count == most || looked == 0;
	return count;
}

static bool
lane_next(struct store *store, int64_t id, bool retries, int64_t now, int64_t *at, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(
	    store,
	    "SELECT next_attempt_at FROM delivery WHERE lane_id = ?1 AND (retry_num > 0) = ?2"
	    " AND state = 0 AND next_attempt_at > ?3 ORDER BY next_attempt_at LIMIT 1",
	    why);
	int step;

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, id);
	store_db_int(stmt, 2, retries);
	store_db_int(stmt, 3, now);
	step = store_db_step(store, stmt, why);
	if (step == 1) {
		int64_t found = sqlite3_column_int64(stmt, 0);

		if (*at == 0 || found < *at)
			*at = found;
		sqlite3_reset(stmt);
	}
	return step >= 0;
}

bool
store_lane_next_due(struct store *store, int64_t id, int64_t now, int64_t *at, struct why *why)
{
	*at = 0;
	return lane_next(store, id, false, now, at, why) &&
	       lane_next(store, id, true, now, at, why);
}
