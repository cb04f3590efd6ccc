#include "master/sched/lane.h"

#include <assert.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/map.h"
#include "master/sched/company.h"
#include "master/sched/delivery.h"
#include "master/sched/destination.h"
#include "master/sched/state.h"
#include "master/sched/write.h"
#include "master/store/lane.h"

struct sched_lane *
sched_lane_find(struct sched *sched, uint64_t id)
{
	return map_find_id(sched->lanes, id);
}

struct sched_lane *
sched_lane_get(struct sched *sched, uint64_t id, const char *domain)
{
	struct sched_lane *lane = sched_lane_find(sched, id);

	if (lane != NULL)
		return lane;
	lane = alloc_new(struct sched_lane);
	lane->id = id;
	lane->destination = sched_destination_get(sched, slice_of(domain));
	lane->destination->lane_count++;
	list_init(&lane->link);
	list_init(&lane->waiting);
	map_put_id(sched->lanes, id, lane);
	return lane;
}

/* Has something to send now, as far as is known: it takes part in its destination's turns. */
static void
sched_lane_activate(struct sched *sched, struct sched_lane *lane)
{
	if (list_is_empty(&lane->link))
		list_append(&lane->destination->lanes, &lane->link);
	sched_destination_poke(sched, lane->destination);
}

void
sched_lane_more(struct sched *sched, struct sched_lane *lane)
{
	/* The reading that follows finds out anew when something is due; an arrival does not. */
	heap_remove(&sched->later, &lane->later);
	lane->more = true;
	lane->first_more = true;
	sched_lane_activate(sched, lane);
}

void
sched_lane_due(struct sched *sched, struct sched_lane *lane, int64_t at)
{
	if (lane->more)
		return;
	if (lane->later.place == 0 || lane->later.key > at)
		heap_set(&sched->later, &lane->later, at);
}

void
sched_lane_learn(struct sched *sched, const struct store_lane *row)
{
	struct sched_lane *lane = sched_lane_get(sched, (uint64_t)row->id, row->domain);
	int64_t first = row->earliest_first;
	int64_t retry = row->earliest_retry;

	sched_destination_suspend(sched, lane->destination, row->suspended_until);
	if (first != 0 && (retry == 0 || first < retry))
		retry = first;
	if (retry != 0)
		sched_lane_due(sched, lane, retry);
	else
		sched_lane_settle(sched, lane);
}

void
sched_lane_wake(struct sched *sched, int64_t now)
{
	struct heap_link *first;

	while ((first = heap_first(&sched->later)) != NULL && first->key <= now)
		sched_lane_more(sched, list_entry(first, struct sched_lane, later));
}

void
sched_lane_add(struct sched *sched, struct sched_lane *lane, struct sched_delivery *delivery)
{
	struct list *place = &lane->waiting;

	sched_delivery_move(delivery, SCHED_WAITING);
	delivery->lane = lane;
	/* First attempts go before retries, each kind in the order it came. */
	while (delivery->retry_num == 0 && place->prev != &lane->waiting &&
	       list_entry(place->prev, struct sched_delivery, link)->retry_num > 0)
		place = place->prev;
	list_insert_before(place, &delivery->link);
	lane->waiting_count++;
	sched_lane_activate(sched, lane);
}

bool
sched_lane_make_room(struct sched *sched, struct sched_lane *lane)
{
	struct sched_delivery *last;

	if (map_count(sched->deliveries) >= SCHED_HELD_MOST || (lane->more && lane->first_more))
		return false;
	if (lane->waiting_count < SCHED_LANE_MOST)
		return true;
	last = list_entry(lane->waiting.prev, struct sched_delivery, link);
	if (last->retry_num == 0 || sched_delivery_is_begun(last))
		return false;
	sched_lane_forget(sched, &last);
	lane->more = true;
	lane->first_more = false;
	return true;
}

void
sched_lane_pull(struct sched_delivery *delivery)
{
	struct sched_lane *lane = delivery->lane;

	assert(delivery->place == SCHED_WAITING && lane->waiting_count > 0);
	list_remove(&delivery->link);
	lane->waiting_count--;
	lane->away++;
}

struct sched_delivery *
sched_lane_take(struct sched_lane *lane)
{
	struct sched_delivery *delivery = list_first(&lane->waiting, struct sched_delivery, link);

	sched_lane_pull(delivery);
	return delivery;
}

void
sched_lane_return(struct sched *sched, struct sched_delivery *delivery)
{
	delivery->lane->away--;
	sched_lane_add(sched, delivery->lane, delivery);
}

void
sched_lane_forget(struct sched *sched, struct sched_delivery **delivery)
{
	struct sched_lane *lane = (*delivery)->lane;

	map_take_id(sched->deliveries, (*delivery)->id);
	sched_company_leave(sched, *delivery);
	if (lane != NULL && (*delivery)->place == SCHED_WAITING)
		lane->waiting_count--;
	else if (lane != NULL)
		lane->away--;
	sched_write_forget(*delivery);
	sched_delivery_free(delivery);
}

void
sched_lane_reread(struct sched *sched, struct sched_lane *lane)
{
	struct sched_delivery *delivery;
	struct sched_delivery *after;

	/* In the middle of an attempt it is in flight: it ends as it would have. */
	list_each_safe (delivery, after, &lane->waiting, link) {
		struct sched_delivery *gone = delivery;

		if (!sched_delivery_is_begun(delivery))
			sched_lane_forget(sched, &gone);
	}
	sched_lane_more(sched, lane);
}

void
sched_lane_settle(struct sched *sched, struct sched_lane *lane)
{
	struct sched_destination *destination = lane->destination;

	if (lane->waiting_count > 0 || lane->more)
		return;
	list_remove(&lane->link);
	if (lane->away > 0 || lane->later.place != 0)
		return;
	map_take_id(sched->lanes, lane->id);
	destination->lane_count--;
	free(lane);
	sched_destination_drop(sched, destination);
}
