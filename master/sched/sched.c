#include "master/sched/sched.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/map.h"
#include "common/settings/settings.h"
#include "common/why.h"
#include "master/pool/pool.h"
#include "master/record.h"
#include "master/route.h"
#include "master/sched/company.h"
#include "master/sched/delivery.h"
#include "master/sched/destination.h"
#include "master/sched/feed.h"
#include "master/sched/job.h"
#include "master/sched/lane.h"
#include "master/sched/load.h"
#include "master/sched/past.h"
#include "master/sched/settle.h"
#include "master/sched/state.h"
#include "master/sched/write.h"
#include "master/store/delivery.h"
#include "master/store/turn.h"
#include "master/subject.h"

/* Seconds that a delivery waits for a worker to itself. */
enum { SCHED_ALONE_PATIENCE = 60 };

static unsigned
sched_session_most(const struct settings *settings)
{
	return (unsigned)settings_integer(settings, SETTING_WORKER_MAX_SESSIONS);
}

struct sched *
sched_new(const struct sched_options *options, struct why *why)
{
	struct sched *sched = alloc_new(struct sched);

	sched->base = options->base;
	sched->store = options->store;
	sched->pool = options->pool;
	sched->record = options->record;
	sched->settings = options->settings;
	sched->session_most = sched_session_most(options->settings);
	sched->destinations = map_new();
	sched->lanes = map_new();
	sched->deliveries = map_new();
	sched->jobs = map_new();
	sched->messages = map_new();
	sched->past = map_new();
	list_init(&sched->movable);
	for (int i = 0; i < SCHED_BLOCKS; i++)
		list_init(&sched->blocked[i]);
	list_init(&sched->dirty);
	if (!sched_feed_all(sched, why))
		sched_free(&sched);
	return sched;
}

static void
sched_drop_delivery(void *value)
{
	struct sched_delivery *delivery = value;

	sched_write_forget(delivery);
	sched_delivery_free(&delivery);
}

static void
sched_drop_destination(void *value)
{
	struct sched_destination *destination = value;

	free(destination->links);
	free(destination->name);
	free(destination);
}

void
sched_free(struct sched **sched)
{
	struct pool_worker *worker = NULL;

	if (*sched == NULL)
		return;
	while ((worker = pool_next((*sched)->pool, worker)) != NULL)
		if (worker->role == PROTO_ROLE_DELIVER)
			sched_load_detach(worker);
	map_free(&(*sched)->past, free);
	map_free(&(*sched)->jobs, free);
	map_free(&(*sched)->messages, NULL);
	map_free(&(*sched)->deliveries, sched_drop_delivery);
	map_free(&(*sched)->lanes, free);
	map_free(&(*sched)->destinations, sched_drop_destination);
	heap_free(&(*sched)->later);
	heap_free(&(*sched)->suspended);
	free(*sched);
	*sched = NULL;
}

void
sched_set_settings(struct sched *sched, const struct settings *settings)
{
	sched->settings = settings;
	sched->session_most = sched_session_most(settings);
	sched_destination_reload(sched);
}

void
sched_stop(struct sched *sched)
{
	sched->stopping = true;
}

/* May any job leave at all? After a failed commit none does until one succeeds. */
static bool
sched_may_send(const struct sched *sched)
{
	return !sched->stopping && store_turn_is_healthy(sched->store) &&
	       store_turn_pending(sched->store) < SCHED_PENDING_MOST &&
	       record_may_send(sched->record);
}

/* The next delivery of a destination: its lanes take turns. NULL when nothing is due after all. */
static struct sched_delivery *
sched_pick(struct sched *sched, struct sched_destination *destination)
{
	while (!list_is_empty(&destination->lanes)) {
		struct sched_lane *lane = list_first(&destination->lanes, struct sched_lane, link);
		struct sched_delivery *delivery;

		/* Leaves something waiting, or takes the lane out of the list. */
		sched_feed_lane(sched, lane);
		if (list_is_empty(&destination->lanes) ||
		    list_first(&destination->lanes, struct sched_lane, link) != lane)
			continue;
		delivery = sched_lane_take(lane);
		list_remove(&lane->link);
		list_append(&destination->lanes, &lane->link);
		return delivery;
	}
	return NULL;
}

/* Whose connections it uses; NULL: next-hop names a relay that does not exist, which is said. */
static struct sched_destination *
sched_route(struct sched *sched, struct sched_delivery *delivery)
{
	struct sched_destination *via = delivery->lane->destination;
	struct subject *subject;
	struct route route;

	if (route_is_direct(sched->settings))
		return via;
	subject = sched_delivery_subject(delivery);
	route = route_find(sched->settings, subject);
	if (route.unknown)
		via = NULL;
	else if (route.relay.len > 0)
		via = sched_destination_relay(sched, route.relay);
	subject_free(&subject);
	return via;
}

/* Never the mail hosts instead: it waits until the configuration is mended. */
static void
sched_unroutable(struct sched *sched, struct sched_delivery *delivery)
{
	struct subject *subject = sched_delivery_subject(delivery);
	struct route route = route_find(sched->settings, subject);

	log_error("alert: queue.outbound.next-hop names the relay %.*s, which does not exist: "
		  "delivery=%llu waits",
		  SLICE_ARG(route.relay), (unsigned long long)delivery->id);
	sched_delivery_move(delivery, SCHED_OUT);
	sched_settle_unroutable(sched, delivery, route.relay);
	subject_free(&subject);
}

/* The job did not leave: its deliveries are what they were, or cannot be sent at all. */
static void
sched_send_failed(struct sched *sched, struct sched_delivery *delivery, enum sched_job_sent sent,
		  const char *reason)
{
	struct sched_delivery *deliveries[PROTO_JOB_DELIVERIES];
	struct sched_job *job = delivery->job;
	struct pool_worker *worker = job->worker;
	size_t count = sched_job_end(sched, &job, deliveries);

	if (sent == SCHED_JOB_NO_CHANNEL)
		pool_worker_kill(worker, "its channel takes nothing");
	for (size_t i = 0; i < count; i++) {
		struct sched_lane *lane = deliveries[i]->lane;

		if (sent == SCHED_JOB_NO_CHANNEL)
			sched_lane_return(sched, deliveries[i]);
		else
			sched_settle_unsendable(sched, deliveries[i], reason);
		sched_lane_settle(sched, lane);
	}
}

/* The same message through the same relay, and nothing speaks against it. */
static bool
sched_joins(struct sched *sched, const struct sched_delivery *delivery,
	    struct sched_delivery *other)
{
	return other->lost == 0 && !sched_destination_is_suspended(other->lane->destination) &&
	       sched_feed_confirm(sched, other) && sched_route(sched, other) == delivery->via;
}

static void
sched_send(struct sched *sched, struct sched_delivery *delivery, struct pool_worker *worker,
	   bool open)
{
	struct sched_lane *lane = delivery->lane;
	struct sched_job_order order = {.delivery = delivery, .worker = worker, .open = open};
	enum sched_job_sent sent;
	struct why why = {0};

	if (delivery->via->relay != NULL)
		order.joins = sched_joins;
	sent = sched_job_send(sched, &order, &why);
	if (sent == SCHED_JOB_SENT)
		sched_lane_settle(sched, lane);
	else
		sched_send_failed(sched, delivery, sent, why.text);
}

/*
 * Lost twice with its worker: it may be the reason, and gets a worker to itself. When none becomes
 * free in a minute it goes in company: it must not wait for ever.
 */
static struct pool_worker *
sched_choose_alone(struct sched *sched, const struct sched_delivery *delivery,
		   struct pool_worker *company, bool *open)
{
	struct sched_destination *destination = delivery->via;

	if (sched_load_empty(sched) == NULL &&
	    clock_wall_ms() / 1000 >= delivery->due_at + SCHED_ALONE_PATIENCE)
		return company;
	return sched_destination_choose_alone(sched, destination, open);
}

/* The row is gone or held: somebody else decided. */
static void
sched_forget(struct sched *sched, struct sched_delivery *delivery)
{
	struct sched_lane *lane = delivery->lane;

	sched_delivery_move(delivery, SCHED_NOWHERE);
	sched_past_forget(sched, delivery);
	sched_write_forget(delivery);
	sched_lane_forget(sched, &delivery);
	sched_lane_settle(sched, lane);
}

/* The worker for a delivery that was picked; own: the one its domain could have; NULL: none now. */
static struct pool_worker *
sched_choose(struct sched *sched, struct sched_delivery *delivery, struct pool_worker *own,
	     bool *open)
{
	struct pool_worker *worker = own;

	if (own == NULL)
		worker = sched_destination_choose(sched, delivery->via, open);
	if (worker != NULL && delivery->lost >= 2)
		worker = sched_choose_alone(sched, delivery, worker, open);
	if (worker != NULL && delivery->unfit && !*open) {
		worker = sched_destination_choose_new(sched, delivery->via);
		*open = worker != NULL;
	}
	if (worker == NULL && delivery->via != delivery->lane->destination)
		sched_destination_wait(delivery->lane->destination, delivery->via);
	return worker;
}

/* One job for this destination; false when it cannot move now. */
static bool
sched_serve(struct sched *sched, struct sched_destination *destination)
{
	bool direct = route_is_direct(sched->settings);
	struct sched_delivery *delivery;
	struct pool_worker *worker = NULL;
	bool open;

	if (sched_destination_is_suspended(destination))
		return false;
	/* Asked before anything is read, when the connections are its own. */
	if (direct)
		worker = sched_destination_choose(sched, destination, &open);
	if (direct && worker == NULL)
		return false;
	delivery = sched_pick(sched, destination);
	if (delivery == NULL)
		return false;
	if (!sched_feed_confirm(sched, delivery)) {
		sched_forget(sched, delivery);
		return true;
	}
	delivery->via = sched_route(sched, delivery);
	if (delivery->via == NULL) {
		sched_unroutable(sched, delivery);
		return true;
	}
	worker = sched_choose(sched, delivery, worker, &open);
	if (worker == NULL) {
		/* In this order: what comes back would give the destination its turn at once. */
		sched_lane_return(sched, delivery);
		sched_destination_block(sched, destination, SCHED_BLOCK_ROOM);
		return false;
	}
	sched_send(sched, delivery, worker, open);
	return true;
}

/* Until the next lane has something due, or the next suspension ends. */
static int64_t
sched_wait(const struct sched *sched, int64_t now)
{
	const struct heap_link *later = heap_first(&sched->later);
	const struct heap_link *resume = heap_first(&sched->suspended);

	if (later == NULL || (resume != NULL && resume->key < later->key))
		later = resume;
	if (later == NULL)
		return -1;
	return later->key * 1000 > now ? later->key * 1000 - now : 0;
}

int64_t
sched_turn(struct sched *sched)
{
	int64_t now = clock_wall_ms();
	int jobs = 0;

	sched_lane_wake(sched, now / 1000);
	sched_destination_wake(sched, now / 1000);
	sched_destination_unblock_room(sched);
	while (jobs < SCHED_TURN_JOBS && sched_may_send(sched)) {
		if (list_is_empty(&sched->movable)) {
			if (!sched_destination_unblock(sched))
				break;
			continue;
		}
		jobs += sched_destination_serve(
		    sched, list_first(&sched->movable, struct sched_destination, link),
		    sched_serve);
	}
	if (jobs == SCHED_TURN_JOBS)
		return 0;
	return sched_wait(sched, now);
}

void
sched_before_commit(struct sched *sched)
{
	sched_settle_flush(sched);
	record_flush(sched->record);
}

/* A worker that keeps a job long after the attempt's end is stuck: it is killed, then settled. */
static void
sched_check_overdue(struct sched *sched)
{
	int64_t now = clock_mono_ms();
	struct sched_job *job;
	size_t cursor = 0;

	while ((job = map_next(sched->jobs, &cursor)) != NULL)
		if (job->deadline_ms < now)
			pool_worker_kill(job->worker, "an attempt is long overdue");
}

void
sched_tick(struct sched *sched)
{
	sched_check_overdue(sched);
	sched_feed_edits(sched);
}

void
sched_arrived(struct sched *sched, const struct store_delivery *row)
{
	struct sched_lane *lane;
	struct sched_delivery *delivery;

	/* A domain nobody had mail for may be suspended all the same. */
	if (map_find(sched->destinations, row->domain, strlen(row->domain)) == NULL)
		sched_feed_know(sched, row->lane_id);
	lane = sched_lane_get(sched, (uint64_t)row->lane_id, row->domain);
	if (row->next_attempt_at > clock_wall_ms() / 1000) {
		sched_lane_due(sched, lane, row->next_attempt_at);
	} else if (sched_lane_make_room(sched, lane)) {
		delivery = sched_delivery_new(row);
		delivery->ready_ms = clock_wall_ms();
		delivery->seen = sched->edits;
		map_put_id(sched->deliveries, delivery->id, delivery);
		sched_company_join(sched, delivery);
		sched_lane_add(sched, lane, delivery);
	} else {
		sched_lane_more(sched, lane);
	}
}

void
sched_lane_changed(struct sched *sched, int64_t lane_id)
{
	sched_feed_reread(sched, lane_id);
}

const struct sched_figures *
sched_figures(const struct sched *sched)
{
	return &sched->figures;
}

uint64_t
sched_in_flight(const struct sched *sched)
{
	return map_count(sched->jobs);
}

const char *
sched_where(const struct sched *sched, uint64_t delivery_id)
{
	const struct sched_delivery *delivery = map_find_id(sched->deliveries, delivery_id);

	return delivery ? sched_delivery_place_name(delivery->place) : NULL;
}

bool
sched_pins(struct sched *sched, int64_t segment)
{
	return sched_job_pins(sched, segment);
}

bool
sched_destination_counts(const struct sched *sched, const char *domain, unsigned *open,
			 unsigned *out)
{
	const struct sched_destination *destination =
	    map_find(sched->destinations, domain, strlen(domain));

	if (destination == NULL)
		return false;
	*open = destination->open;
	*out = 0;
	for (size_t i = 0; i < destination->link_count; i++)
		*out += destination->links[i].out;
	return true;
}
