#include "master/store/mass.h"

#include <sqlite3.h>
#include <string.h>

#include "common/map.h"
#include "common/str.h"
#include "common/why.h"
#include "master/store/db.h"
#include "master/store/store.h"

static const struct {
	const char *only;   /* which rows the action is about */
	const char *change; /* NULL: none */
} mass_actions[] = {
    [STORE_MASS_RETRY] = {"d.state = 0", "UPDATE delivery SET rev = rev + 1, next_attempt_at = ?2"
					 " WHERE id = ?1"},
    [STORE_MASS_HOLD] = {"d.state = 0", "UPDATE delivery SET rev = rev + 1, state = 2"
					" WHERE id = ?1"},
    [STORE_MASS_RELEASE] = {"d.state <> 0", "UPDATE delivery SET rev = rev + 1, state = 0,"
					    " next_attempt_at = ?2 WHERE id = ?1"},
    [STORE_MASS_COUNT] = {"1", NULL},
};

/* The condition is a result, not a filter, so that the rows passed over can be counted too. */
static sqlite3_stmt *
mass_scan(struct store *store, const struct store_mass *mass, struct why *why)
{
	struct str sql = {0};
	sqlite3_stmt *stmt = NULL;

	str_text(&sql, "SELECT d.id, d.lane_id, (");
	str_text(&sql, mass_actions[mass->action].only);
	str_text(&sql, ") AND (");
	store_selector_where(&mass->selector, &sql);
	str_text(&sql, ") FROM delivery AS d WHERE d.id > :from AND d.id <= :until");
	if (mass->selector.message_id != 0)
		str_text(&sql, " AND d.message_id = :message");
	str_text(&sql, " ORDER BY d.id");
	if (sqlite3_prepare_v2(store->db, sql.data, -1, &stmt, NULL) != SQLITE_OK)
		store_db_error(store, sql.data, why);
	str_free(&sql);
	if (stmt == NULL)
		return NULL;
	store_selector_bind(&mass->selector, stmt);
	store_db_int(stmt, sqlite3_bind_parameter_index(stmt, ":from"), mass->from);
	store_db_int(stmt, sqlite3_bind_parameter_index(stmt, ":until"), mass->until);
	return stmt;
}

/* Collects first and changes then: a scan must not walk through what it changes. */
static bool
mass_collect(struct store *store, struct store_mass *mass, int64_t *ids, struct why *why)
{
	sqlite3_stmt *stmt = mass_scan(store, mass, why);
	struct map *lanes;
	int scanned = 0;
	int step = -1;

	if (stmt == NULL)
		return false;
	lanes = map_new();
	while (mass->changed < STORE_MASS_MOST && scanned < STORE_MASS_SCAN &&
	       (step = store_db_step(store, stmt, why)) == 1) {
		int64_t lane = sqlite3_column_int64(stmt, 1);

		scanned++;
		mass->next = sqlite3_column_int64(stmt, 0);
		if (sqlite3_column_int(stmt, 2) == 0)
			continue;
		ids[mass->changed++] = mass->next;
		if (map_put_id(lanes, (uint64_t)lane, lanes) == NULL)
			mass->lanes[mass->lanes_count++] = lane;
	}
	mass->finished = step == 0;
	map_free(&lanes, NULL);
	sqlite3_finalize(stmt);
	return step >= 0;
}

static bool
mass_change(struct store *store, const struct store_mass *mass, const int64_t *ids, struct why *why)
{
	sqlite3_stmt *stmt = store_db_prepare(store, mass_actions[mass->action].change, why);

	if (stmt == NULL)
		return false;
	for (size_t i = 0; i < mass->changed; i++) {
		store_db_int(stmt, 1, ids[i]);
		if (mass->action != STORE_MASS_HOLD)
			store_db_int(stmt, 2, mass->now);
		if (!store_db_run(store, stmt, why))
			return false;
	}
	return true;
}

bool
store_mass_step(struct store *store, struct store_mass *mass, struct why *why)
{
	int64_t ids[STORE_MASS_MOST];

	mass->changed = 0;
	mass->lanes_count = 0;
	mass->next = mass->from;
	if (mass->until == 0)
		mass->until = store_db_number(store, "SELECT max(id) FROM delivery", 0);
	if (!store_selector_check(&mass->selector, why) || !mass_collect(store, mass, ids, why))
		return false;
	if (mass->action == STORE_MASS_COUNT)
		return true;
	return mass_change(store, mass, ids, why);
}

static bool
mass_apply(struct store *store, struct store_op *op, struct why *why)
{
	return store_mass_step(store, (struct store_mass *)op, why);
}

void
store_mass_init(struct store_mass *mass,
		void (*done)(struct store_op *op, bool committed, void *arg), void *arg)
{
	memset(&mass->op, 0, sizeof(mass->op));
	mass->op.apply = mass_apply;
	mass->op.done = done;
	mass->op.arg = arg;
}
