#include "master/sched/destination.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/expr/expr.h"
#include "common/map.h"
#include "common/settings/settings.h"
#include "master/pool/pool.h"
#include "master/sched/load.h"
#include "master/sched/state.h"

/* Connections to a destination that has not greeted us yet. */
enum { SCHED_UNKNOWN_SESSIONS = 2 };

static unsigned
sched_destination_limit(struct sched *sched, const char *name)
{
	struct expr_value variables[EXPR_VARIABLE_COUNT];
	struct expr_env env = {.variables = variables};
	int64_t limit = 1;

	expr_scope_blank(variables);
	variables[EXPR_VAR_RCPT_DOMAIN] = expr_value_text(slice_of(name));
	env.arena = arena_new();
	settings_eval_count(sched->settings, SETTING_QUEUE_OUTBOUND_CONNECTION_MAX_SESSIONS, &env,
			    &limit);
	arena_free(&env.arena);
	return limit > 100000 ? 100000 : (unsigned)limit;
}

struct sched_destination *
sched_destination_get(struct sched *sched, struct slice name)
{
	struct sched_destination *destination = map_find(sched->destinations, name.data, name.len);

	if (destination != NULL)
		return destination;
	destination = alloc_new(struct sched_destination);
	destination->name = alloc_copy(name.data, name.len);
	list_init(&destination->link);
	list_init(&destination->lanes);
	list_init(&destination->waiters);
	destination->limit = sched_destination_limit(sched, destination->name);
	map_put(sched->destinations, name.data, name.len, destination);
	return destination;
}

void
sched_destination_drop(struct sched *sched, struct sched_destination *destination)
{
	if (destination->lane_count > 0 || destination->open > 0 || destination->opening > 0 ||
	    destination->serving || destination->relay != NULL)
		return;
	for (size_t i = 0; i < destination->link_count; i++)
		if (destination->links[i].out > 0)
			return;
	map_take(sched->destinations, destination->name, strlen(destination->name));
	list_remove(&destination->link);
	heap_remove(&sched->suspended, &destination->resume);
	free(destination->links);
	free(destination->name);
	free(destination);
}

/* Who waits for a relay gets its turn, one at a time: see sched_destination_serving(). */
static void
sched_destination_wake_waiter(struct sched *sched, struct sched_destination *relay)
{
	struct sched_destination *first;

	if (list_is_empty(&relay->waiters))
		return;
	first = list_first(&relay->waiters, struct sched_destination, link);
	list_remove(&first->link);
	first->blocked = false;
	sched_destination_poke(sched, first);
}

void
sched_destination_poke(struct sched *sched, struct sched_destination *destination)
{
	sched_destination_wake_waiter(sched, destination);
	if (list_is_empty(&destination->lanes) ||
	    (!destination->blocked && !list_is_empty(&destination->link)))
		return;
	list_remove(&destination->link);
	list_append(&sched->movable, &destination->link);
	destination->blocked = false;
}

struct sched_destination *
sched_destination_relay(struct sched *sched, struct slice id)
{
	char name[512];
	struct sched_destination *relay;

	/* No domain has a slash in it. */
	snprintf(name, sizeof(name), "relay/%.*s", SLICE_ARG(id));
	relay = sched_destination_get(sched, slice_of(name));
	relay->relay = relay->name + strlen("relay/");
	return relay;
}

void
sched_destination_wait(struct sched_destination *destination, struct sched_destination *relay)
{
	list_remove(&destination->link);
	list_append(&relay->waiters, &destination->link);
	destination->blocked = true;
	destination->waited = relay;
}

bool
sched_destination_serve(struct sched *sched, struct sched_destination *destination,
			sched_destination_serve_fn serve)
{
	struct sched_destination *relay = destination->waited;
	bool moved;

	list_remove(&destination->link);
	destination->waited = NULL;
	destination->serving = true;
	moved = serve(sched, destination);
	destination->serving = false;
	/* The next one may use what this one left. */
	if (relay != NULL && destination->waited == NULL)
		sched_destination_wake_waiter(sched, relay);
	if (moved)
		sched_destination_poke(sched, destination);
	sched_destination_drop(sched, destination);
	return moved;
}

void
sched_destination_block(struct sched *sched, struct sched_destination *destination,
			enum sched_block block)
{
	list_remove(&destination->link);
	list_append(&sched->blocked[block], &destination->link);
	destination->blocked = true;
}

/* The first of a list gets its turn, or leaves the list because it has nothing to send. */
static void
sched_destination_release(struct sched *sched, struct list *blocked)
{
	struct sched_destination *first = list_first(blocked, struct sched_destination, link);

	list_remove(&first->link);
	first->blocked = false;
	sched_destination_poke(sched, first);
}

void
sched_destination_unblock_room(struct sched *sched)
{
	struct list *room = &sched->blocked[SCHED_BLOCK_ROOM];

	if (list_is_empty(room) || sched_load_least(sched) == NULL)
		return;
	while (!list_is_empty(room))
		sched_destination_release(sched, room);
}

bool
sched_destination_unblock(struct sched *sched)
{
	bool any = false;

	for (int block = SCHED_BLOCK_OPEN; block <= SCHED_BLOCK_FAILING; block++) {
		struct list *blocked = &sched->blocked[block];

		if (list_is_empty(blocked) ||
		    !sched_load_may_open(sched, block == SCHED_BLOCK_FAILING) ||
		    sched_load_least(sched) == NULL)
			continue;
		sched_destination_release(sched, blocked);
		any = true;
	}
	return any;
}

void
sched_destination_poke_all(struct sched *sched)
{
	struct sched_destination *destination;
	size_t cursor = 0;

	while ((destination = map_next(sched->destinations, &cursor)) != NULL)
		sched_destination_poke(sched, destination);
}

void
sched_destination_suspend(struct sched *sched, struct sched_destination *destination, int64_t until)
{
	destination->suspended_until = until;
	if (until > clock_wall_ms() / 1000)
		heap_set(&sched->suspended, &destination->resume, until);
	else
		heap_remove(&sched->suspended, &destination->resume);
	sched_destination_poke(sched, destination);
}

void
sched_destination_wake(struct sched *sched, int64_t now)
{
	struct heap_link *first;

	while ((first = heap_first(&sched->suspended)) != NULL && first->key <= now) {
		heap_remove(&sched->suspended, first);
		sched_destination_poke(sched, list_entry(first, struct sched_destination, resume));
	}
}

static struct sched_link *
sched_destination_link(struct sched_destination *destination, struct pool_worker *worker)
{
	struct sched_link *link;

	for (size_t i = 0; i < destination->link_count; i++)
		if (destination->links[i].worker == worker)
			return &destination->links[i];
	destination->links = alloc_resize(destination->links, destination->link_count + 1,
					  sizeof(*destination->links));
	link = &destination->links[destination->link_count++];
	*link = (struct sched_link){.worker = worker};
	return link;
}

/* The destination's own limit admits one more connection. */
static bool
sched_destination_may_open(const struct sched_destination *destination)
{
	unsigned connections = destination->open + destination->opening;

	if (connections >= destination->limit)
		return false;
	return destination->greeted || connections < SCHED_UNKNOWN_SESSIONS;
}

bool
sched_destination_is_suspended(const struct sched_destination *destination)
{
	return destination->suspended_until > clock_wall_ms() / 1000;
}

/* What all share is used up: the destination waits with the others. */
static bool
sched_destination_take_turn(struct sched *sched, struct sched_destination *destination)
{
	if (sched_load_may_open(sched, destination->failing) && sched_load_least(sched) != NULL)
		return true;
	sched_destination_block(sched, destination,
				destination->failing ? SCHED_BLOCK_FAILING : SCHED_BLOCK_OPEN);
	return false;
}

struct pool_worker *
sched_destination_choose(struct sched *sched, struct sched_destination *destination, bool *open)
{
	bool idle = false;

	if (sched_destination_is_suspended(destination))
		return NULL;
	*open = false;
	for (size_t i = 0; i < destination->link_count; i++) {
		const struct sched_link *link = &destination->links[i];

		if (link->open <= link->out)
			continue;
		if (sched_load_has_room(link->worker))
			return link->worker;
		idle = true;
	}
	if (!sched_destination_may_open(destination)) {
		if (idle)
			sched_destination_block(sched, destination, SCHED_BLOCK_ROOM);
		return NULL;
	}
	*open = true;
	return sched_destination_take_turn(sched, destination) ? sched_load_least(sched) : NULL;
}

struct pool_worker *
sched_destination_choose_alone(struct sched *sched, struct sched_destination *destination,
			       bool *open)
{
	struct pool_worker *worker = sched_load_empty(sched);

	if (worker == NULL)
		return NULL;
	*open = false;
	for (size_t i = 0; i < destination->link_count; i++)
		if (destination->links[i].worker == worker && destination->links[i].open > 0)
			return worker;
	if (!sched_destination_may_open(destination) ||
	    !sched_load_may_open(sched, destination->failing))
		return NULL;
	*open = true;
	return worker;
}

struct pool_worker *
sched_destination_choose_new(struct sched *sched, const struct sched_destination *destination)
{
	if (!sched_destination_may_open(destination) ||
	    !sched_load_may_open(sched, destination->failing))
		return NULL;
	return sched_load_least(sched);
}

enum sched_permit
sched_destination_permit(struct sched *sched, struct sched_destination *destination)
{
	destination->opening++;
	sched->opening++;
	sched->opening_failing += destination->failing;
	return destination->failing ? SCHED_PERMIT_FAILING : SCHED_PERMIT_OPEN;
}

void
sched_destination_return(struct sched *sched, struct sched_destination *destination,
			 enum sched_permit *permit)
{
	if (*permit == SCHED_PERMIT_NONE)
		return;
	assert(destination->opening > 0 && sched->opening > 0);
	destination->opening--;
	sched->opening--;
	sched->opening_failing -= *permit == SCHED_PERMIT_FAILING;
	*permit = SCHED_PERMIT_NONE;
	sched_destination_poke(sched, destination);
}

void
sched_destination_job_out(struct sched_destination *destination, struct pool_worker *worker)
{
	sched_destination_link(destination, worker)->out++;
	sched_load_of(worker)->out++;
}

void
sched_destination_job_back(struct sched *sched, struct sched_destination *destination,
			   struct pool_worker *worker)
{
	struct sched_link *link = sched_destination_link(destination, worker);

	assert(link->out > 0);
	link->out--;
	sched_load_of(worker)->out--;
	sched_destination_poke(sched, destination);
}

void
sched_destination_opened(struct sched *sched, struct sched_destination *destination,
			 struct pool_worker *worker)
{
	sched_destination_link(destination, worker)->open++;
	destination->open++;
	destination->greeted = true;
	destination->failing = false;
	sched_destination_poke(sched, destination);
	sched->figures.sessions_opened++;
}

void
sched_destination_failed(struct sched_destination *destination)
{
	destination->failing = true;
}

void
sched_destination_closed(struct sched *sched, struct sched_destination *destination,
			 struct pool_worker *worker)
{
	struct sched_link *link = sched_destination_link(destination, worker);

	assert(link->open > 0 && destination->open > 0);
	link->open--;
	destination->open--;
	sched_destination_poke(sched, destination);
}

void
sched_destination_worker_gone(struct sched *sched, struct pool_worker *worker)
{
	struct sched_destination *destination;
	size_t cursor = 0;

	while ((destination = map_next(sched->destinations, &cursor)) != NULL) {
		for (size_t i = 0; i < destination->link_count; i++) {
			if (destination->links[i].worker != worker)
				continue;
			destination->open -= destination->links[i].open;
			destination->links[i] = destination->links[--destination->link_count];
			break;
		}
		sched_destination_poke(sched, destination);
		sched_destination_drop(sched, destination);
	}
}

void
sched_destination_reload(struct sched *sched)
{
	struct sched_destination *destination;
	size_t cursor = 0;

	while ((destination = map_next(sched->destinations, &cursor)) != NULL)
		destination->limit = sched_destination_limit(sched, destination->name);
	sched_destination_poke_all(sched);
}
