#include "master/store/mass.h"

#include <sqlite3.h>

#include "common/map.h"
#include "common/why.h"
#include "master/store/db.h"
#include "master/store/scan.h"
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

/* Collects first and changes then: a scan must not walk through what it changes. */
static bool
mass_collect(struct store *store, struct store_mass *mass, int64_t *ids, struct why *why)
{
	sqlite3_stmt *stmt = store_scan(store, &mass->selector, mass_actions[mass->action].only,
					mass->from, mass->until, why);
	struct map *lanes;
	int scanned = 0;
	int step = -1;

	if (stmt == NULL)
		return false;
	lanes = map_new();
	while (mass->changed < STORE_MASS_MOST && scanned < STORE_MASS_SCAN &&
	       (step = store_db_step(store, stmt, why)) == 1) {
		int64_t lane = sqlite3_column_int64(stmt, STORE_SCAN_LANE);

		scanned++;
		mass->next = sqlite3_column_int64(stmt, STORE_SCAN_ID);
		if (sqlite3_column_int(stmt, STORE_SCAN_CHOSEN) == 0)
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
store_mass_init(struct store_mass *mass, store_op_done_fn done, void *arg)
{
	store_turn_op_init(&mass->op, mass_apply, done, arg);
}
