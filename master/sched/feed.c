#include "master/sched/feed.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/map.h"
#include "common/why.h"
#include "master/sched/company.h"
#include "master/sched/delivery.h"
#include "master/sched/destination.h"
#include "master/sched/lane.h"
#include "master/sched/past.h"
#include "master/sched/report.h"
#include "master/sched/state.h"
#include "master/sched/write.h"
#include "master/store/db.h"
#include "master/store/delivery.h"
#include "master/store/edited.h"
#include "master/store/lane.h"

enum {
	SCHED_FEED_LANES = 1000, /* lanes read at once */
	SCHED_FEED_PAUSE = 60,   /* seconds until what could not be read is tried again */
	SCHED_FEED_STEPS = 64    /* readings of about 1,000 entries for one lane in a row */
};

static bool
sched_feed_holds(void *arg, int64_t delivery_id)
{
	struct sched *sched = arg;

	return map_find_id(sched->deliveries, (uint64_t)delivery_id) != NULL;
}

/* All its recipients are final, and only the word that it is over was lost: it ends now. */
static void
sched_feed_finish(struct sched *sched, struct sched_lane *lane, struct sched_delivery *delivery)
{
	delivery->lane = lane;
	lane->away++;
	sched_write_finish(sched, delivery, STORE_RECIPIENT_FAILED);
}

/* Reads the rows of these deliveries into memory; returns how many could not be read. */
static int
sched_feed_load(struct sched *sched, struct sched_lane *lane, const int64_t *ids, int count)
{
	struct arena *arena = arena_new();
	struct why why = {0};
	int unreadable = 0;

	for (int i = 0; i < count; i++) {
		struct store_delivery *row = store_delivery_load(sched->store, ids[i], arena, &why);
		struct sched_delivery *delivery;

		if (row == NULL) {
			unreadable += why.text[0] != '\0';
			if (why.text[0] != '\0')
				log_error("delivery=%lld cannot be read: %s", (long long)ids[i],
					  why.text);
			continue;
		}
		delivery = sched_delivery_new(row);
		delivery->seen = sched->edits;
		map_put_id(sched->deliveries, delivery->id, delivery);
		sched_company_join(sched, delivery);
		sched_past_recall(sched, delivery);
		if (delivery->recipient_count > 0)
			sched_lane_add(sched, lane, delivery);
		else
			sched_feed_finish(sched, lane, delivery);
		arena_reset(arena);
	}
	arena_free(&arena);
	return unreadable;
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
}

/* What was read so far, and how it ended. */
struct sched_feed_reading {
	struct store_lane_due due;
	struct store_lane_cursor cursor;
	bool failed;    /* something could not be read, and would be found again at once */
	bool exhausted; /* nothing due is left in the queue that is not in memory */
};

/* On through the lane's order until there is something to send, in bounded steps. */
static void
sched_feed_read(struct sched *sched, struct sched_lane *lane, struct sched_feed_reading *reading)
{
	int64_t ids[SCHED_LANE_MOST];
	struct why why = {0};

	reading->due.cursor = &reading->cursor;
	for (int step = 0; step < SCHED_FEED_STEPS && !reading->exhausted; step++) {
		int room = sched_feed_room(sched, lane);
		bool more = true;
		int found;

		if (room <= 0 || (step > 0 && lane->waiting_count >= SCHED_LANE_LOW))
			return;
		found = store_lane_due(sched->store, &reading->due, ids, room, &more, &why);
		if (found < 0) {
			log_error("lane=%llu cannot be read: %s", (unsigned long long)lane->id,
				  why.text);
			reading->failed = true;
			return;
		}
		if (sched_feed_load(sched, lane, ids, found) > 0)
			reading->failed = true;
		reading->exhausted = !more;
	}
}

void
sched_feed_lane(struct sched *sched, struct sched_lane *lane)
{
	int64_t now = clock_wall_ms() / 1000;
	struct sched_feed_reading reading = {
	    .due = {
		.lane_id = (int64_t)lane->id, .now = now, .held = sched_feed_holds, .arg = sched}};

	if (lane->more && lane->waiting_count < SCHED_LANE_LOW) {
		bool reads = store_db_read_begin(sched->store);

		sched_feed_read(sched, lane, &reading);
		store_db_read_end(sched->store, reads);
		lane->first_more = !reading.cursor.retries;
		if (reading.exhausted) {
			sched_feed_sleep(sched, lane, now);
		} else if (lane->waiting_count == 0) {
			lane->more = false;
			sched_lane_due(sched, lane, now + 1);
		}
		if (reading.failed && !lane->more)
			sched_lane_due(sched, lane, now + SCHED_FEED_PAUSE);
	}
	sched_lane_settle(sched, lane);
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
sched_feed_know(struct sched *sched, int64_t lane_id)
{
	struct why why = {0};

	if (!store_lane_read(sched->store, lane_id, sched_feed_learn, sched, &why))
		log_error("lane=%lld cannot be read: %s", (long long)lane_id, why.text);
}

bool
sched_feed_confirm(struct sched *sched, struct sched_delivery *delivery)
{
	enum store_delivery_state state = STORE_DELIVERY_ACTIVE;
	int64_t rev;

	if (delivery->seen == sched->edits)
		return true;
	switch (store_delivery_check(sched->store, (int64_t)delivery->id, &state, &rev, NULL)) {
	case STORE_DELIVERY_GONE:
		sched_report_removed(sched, delivery);
		return false;
	case STORE_DELIVERY_THERE:
		delivery->seen = sched->edits;
		return state == STORE_DELIVERY_ACTIVE;
	case STORE_DELIVERY_UNREADABLE:
		break;
	}
	return true;
}

void
sched_feed_reread(struct sched *sched, int64_t lane_id)
{
	struct sched_lane *lane;

	sched_feed_know(sched, lane_id);
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
	if (!store_edited_others_wrote(sched->store))
		return;
	sched->edits++;
	sched_feed_list(sched);
}
