#include "master/sched/feed.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/map.h"
#include "common/why.h"
#include "master/sched/delivery.h"
#include "master/sched/destination.h"
#include "master/sched/lane.h"
#include "master/sched/state.h"
#include "master/store/db.h"
#include "master/store/delivery.h"
#include "master/store/edited.h"
#include "master/store/lane.h"

enum { SCHED_FEED_LANES = 1000, SCHED_FEED_PAUSE = 60 };

static bool
sched_feed_holds(void *arg, int64_t delivery_id)
{
	struct sched *sched = arg;

	return map_find_id(sched->deliveries, (uint64_t)delivery_id) != NULL;
}

/* Reads the rows of these deliveries into the lane; returns how many it got. */
static int
sched_feed_load(struct sched *sched, struct sched_lane *lane, const int64_t *ids, int count)
{
	struct arena *arena = arena_new();
	struct why why = {0};
	int loaded = 0;

	for (int i = 0; i < count; i++) {
		struct store_delivery *row = store_delivery_load(sched->store, ids[i], arena, &why);
		struct sched_delivery *delivery;

		if (row == NULL && why.text[0] != '\0')
			log_error("delivery=%lld cannot be read: %s", (long long)ids[i], why.text);
		if (row == NULL || row->recipients_count == 0)
			continue;
		delivery = sched_delivery_new(row);
		map_put_id(sched->deliveries, delivery->id, delivery);
		sched_lane_add(sched, lane, delivery);
		arena_reset(arena);
		loaded++;
	}
	arena_free(&arena);
	return loaded;
}

static int
sched_feed_room(const struct sched *sched, const struct sched_lane *lane)
{
	int most =
	    map_count(sched->deliveries) < SCHED_HELD_MOST ? SCHED_LANE_MOST : SCHED_CROWDED_MOST;

	return most - (int)lane->waiting_count;
}

/* Nothing due is left in the queue: when will there be? */
static void
sched_feed_sleep(struct sched *sched, struct sched_lane *lane, int64_t now)
{
	struct why why = {0};
	int64_t at = 0;

	lane->more = false;
	if (!store_lane_next_due(sched->store, (int64_t)lane->id, now, &at, &why)) {
		log_error("lane=%llu cannot be read: %s", (unsigned long long)lane->id, why.text);
		at = now + 1;
	}
	if (at != 0)
		sched_lane_due(sched, lane, at);
	sched_lane_settle(sched, lane);
}

void
sched_feed_lane(struct sched *sched, struct sched_lane *lane)
{
	struct store_lane_cursor cursor = {0};
	int64_t now = clock_wall_ms() / 1000;
	struct store_lane_due due = {.lane_id = (int64_t)lane->id,
				     .now = now,
				     .cursor = &cursor,
				     .held = sched_feed_holds,
				     .arg = sched};
	int64_t ids[SCHED_LANE_MOST];
	int room = sched_feed_room(sched, lane);
	struct why why = {0};
	bool more = true;
	bool reading;
	int loaded = 0;
	int found;

	if (!lane->more || lane->waiting_count >= SCHED_LANE_LOW) {
		sched_lane_settle(sched, lane);
		return;
	}
	if (room <= 0)
		return;
	reading = store_db_read_begin(sched->store);
	found = store_lane_due(sched->store, &due, ids, room, &more, &why);
	if (found > 0)
		loaded = sched_feed_load(sched, lane, ids, found);
	store_db_read_end(sched->store, reading);
	if (found < 0)
		log_error("lane=%llu cannot be read: %s", (unsigned long long)lane->id, why.text);
	if (found < 0 || (loaded == 0 && found > 0)) {
		/* Unreadable rows would be found again at once, for ever. */
		lane->more = false;
		sched_lane_due(sched, lane, now + SCHED_FEED_PAUSE);
		sched_lane_settle(sched, lane);
	} else if (found < room && !more) {
		sched_feed_sleep(sched, lane, now);
	}
}

static void
sched_feed_learn(void *arg, const struct store_lane *lane)
{
	sched_lane_learn(arg, lane);
}

bool
sched_feed_all(struct sched *sched, struct why *why)
{
	int64_t cursor = 0;

	while (cursor >= 0)
		if (!store_lane_each(sched->store, &cursor, SCHED_FEED_LANES, sched_feed_learn,
				     sched, why))
			return false;
	return true;
}

void
sched_feed_reread(struct sched *sched, int64_t lane_id)
{
	struct sched_lane *lane = sched_lane_find(sched, (uint64_t)lane_id);
	struct why why = {0};

	if (!store_lane_read(sched->store, lane_id, sched_feed_learn, sched, &why))
		log_error("lane=%lld cannot be read: %s", (long long)lane_id, why.text);
	lane = sched_lane_find(sched, (uint64_t)lane_id);
	if (lane != NULL)
		sched_lane_reread(sched, lane);
}

struct sched_feed_clear {
	struct store_edited_clear clear;
	int64_t ids[SCHED_FEED_LANES];
};

static void sched_feed_list(struct sched *sched);

static void
sched_feed_cleared(struct store_op *op, bool committed, void *arg)
{
	struct sched_feed_clear *clear = list_entry(op, struct sched_feed_clear, clear.op);
	struct sched *sched = arg;

	/* Read only now: an edit after our reading would have put the lane on the list again. */
	for (size_t i = 0; committed && i < clear->clear.count; i++)
		sched_feed_reread(sched, clear->ids[i]);
	if (committed && clear->clear.count == SCHED_FEED_LANES)
		sched_feed_list(sched);
	free(clear);
}

/* The next lanes of the list are taken from it and read again. */
static void
sched_feed_list(struct sched *sched)
{
	struct sched_feed_clear *clear = alloc_new(struct sched_feed_clear);
	struct why why = {0};
	int count = store_edited_lanes(sched->store, clear->ids, SCHED_FEED_LANES, &why);

	if (count <= 0) {
		if (count < 0)
			log_error("the list of edited lanes cannot be read: %s", why.text);
		free(clear);
		return;
	}
	clear->clear.ids = clear->ids;
	clear->clear.count = (size_t)count;
	store_edited_clear_init(&clear->clear, sched_feed_cleared, sched);
	store_turn_add(sched->store, &clear->clear.op);
}

void
sched_feed_edits(struct sched *sched)
{
	if (store_edited_others_wrote(sched->store))
		sched_feed_list(sched);
}
