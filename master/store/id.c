#include "master/store/id.h"

#include <sqlite3.h>

#include "common/why.h"
#include "master/store/db.h"
#include "master/store/store.h"

/* How far ahead a bound is written; the next one follows when half of it is used. */
enum { ID_BLOCK = 32768 };

static const struct {
	const char *name; /* in table counter */
	const char
	    *most; /* the greatest in use, for a queue restored from a copy; NULL: no table */
} id_kinds[STORE_ID_KINDS] = {
    [STORE_ID_MESSAGE] = {"message", "SELECT max(id) FROM message"},
    [STORE_ID_DELIVERY] = {"delivery", "SELECT max(id) FROM delivery"},
    [STORE_ID_RECIPIENT] = {"recipient", "SELECT max(id) FROM recipient"},
    [STORE_ID_LANE] = {"lane", "SELECT max(id) FROM lane"},
    [STORE_ID_DOMAIN] = {"domain", "SELECT max(id) FROM domain"},
    [STORE_ID_CLASS] = {"class", "SELECT max(id) FROM class"},
    [STORE_ID_SEGMENT] = {"segment", "SELECT max(id) FROM segment"},
    [STORE_ID_JOB] = {"job", NULL},
};

int64_t
store_id_next(struct store *store, enum store_id_kind kind)
{
	return store->ids[kind].next++;
}

static bool
id_is_low(const struct store_id *id)
{
	int64_t bound = id->raising != 0 ? id->raising : id->reserved;

	return id->next > bound - ID_BLOCK / 2;
}

bool
store_id_wants_raise(const struct store *store)
{
	for (int kind = 0; kind < STORE_ID_KINDS; kind++)
		if (id_is_low(&store->ids[kind]))
			return true;
	return false;
}

static bool
id_write(struct store *store, int kind, int64_t next, struct why *why)
{
	sqlite3_stmt *stmt =
	    store_db_prepare(store, "UPDATE counter SET next = ?1 WHERE name = ?2", why);

	if (stmt == NULL)
		return false;
	store_db_int(stmt, 1, next);
	store_db_text(stmt, 2, id_kinds[kind].name);
	return store_db_run(store, stmt, why);
}

bool
store_id_raise(struct store *store, struct why *why)
{
	for (int kind = 0; kind < STORE_ID_KINDS; kind++) {
		struct store_id *id = &store->ids[kind];

		if (!id_is_low(id))
			continue;
		id->raising = id->next + ID_BLOCK;
		if (!id_write(store, kind, id->raising, why))
			return false;
	}
	return true;
}

void
store_id_settled(struct store *store, bool committed)
{
	for (int kind = 0; kind < STORE_ID_KINDS; kind++) {
		struct store_id *id = &store->ids[kind];

		if (committed && id->raising != 0)
			id->reserved = id->raising;
		id->raising = 0;
	}
}

static bool
id_read(struct store *store, int kind, struct why *why)
{
	sqlite3_stmt *stmt =
	    store_db_prepare(store, "SELECT next FROM counter WHERE name = ?1", why);
	struct store_id *id = &store->ids[kind];
	int64_t most = 0;
	int step;

	if (stmt == NULL)
		return false;
	store_db_text(stmt, 1, id_kinds[kind].name);
	step = store_db_step(store, stmt, why);
	if (step < 0)
		return false;
	id->next = step == 1 ? sqlite3_column_int64(stmt, 0) : 0;
	sqlite3_reset(stmt);
	if (id_kinds[kind].most != NULL)
		most = store_db_number(store, id_kinds[kind].most, 0);
	if (id->next <= most)
		id->next = most + 1;
	if (id->next < 1)
		id->next = 1;
	id->reserved = id->next;
	return true;
}

bool
store_id_load(struct store *store, struct why *why)
{
	bool ok;

	if (!store_db_exec(store, "BEGIN IMMEDIATE", why))
		return false;
	ok = true;
	for (int kind = 0; ok && kind < STORE_ID_KINDS; kind++)
		ok = id_read(store, kind, why);
	ok = ok && store_id_raise(store, why) && store_db_exec(store, "COMMIT", why);
	if (!ok)
		store_db_exec(store, "ROLLBACK", NULL);
	store_id_settled(store, ok);
	return ok;
}

bool
store_id_give_back(struct store *store, struct why *why)
{
	bool ok = store_db_exec(store, "BEGIN IMMEDIATE", why);

	if (!ok)
		return false;
	for (int kind = 0; ok && kind < STORE_ID_KINDS; kind++)
		ok = id_write(store, kind, store->ids[kind].next, why);
	ok = ok && store_db_exec(store, "COMMIT", why);
	if (!ok)
		store_db_exec(store, "ROLLBACK", NULL);
	return ok;
}
