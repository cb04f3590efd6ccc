#include "master/sched/load.h"

#include <stdlib.h>

#include "common/alloc.h"
#include "common/map.h"
#include "common/settings/settings.h"
#include "master/pool/pool.h"
#include "master/sched/state.h"

void
sched_load_attach(struct sched *sched, struct pool_worker *worker)
{
	struct sched_load *load = alloc_new(struct sched_load);

	load->most = sched->session_most;
	load->sessions = map_new();
	worker->user = load;
}

void
sched_load_detach(struct pool_worker *worker)
{
	struct sched_load *load = worker->user;

	if (load == NULL)
		return;
	map_free(&load->sessions, NULL);
	free(load);
	worker->user = NULL;
}

struct sched_load *
sched_load_of(struct pool_worker *worker)
{
	return worker->user;
}

bool
sched_load_has_room(struct pool_worker *worker)
{
	struct sched_load *load = worker->user;

	return worker->state == POOL_WORKER_READY && load != NULL && !load->alone &&
	       load->out < load->most;
}

struct pool_worker *
sched_load_least(struct sched *sched)
{
	struct pool_worker *best = NULL;
	struct pool_worker *worker = NULL;

	while ((worker = pool_next(sched->pool, worker)) != NULL) {
		if (worker->role != PROTO_ROLE_DELIVER || !sched_load_has_room(worker))
			continue;
		if (best == NULL || sched_load_of(worker)->out < sched_load_of(best)->out)
			best = worker;
	}
	return best;
}

struct pool_worker *
sched_load_empty(struct sched *sched)
{
	struct pool_worker *worker = sched_load_least(sched);

	return worker != NULL && sched_load_of(worker)->out == 0 ? worker : NULL;
}

bool
sched_load_may_open(struct sched *sched, bool failing)
{
	unsigned all = sched->session_most * pool_count_ready(sched->pool, PROTO_ROLE_DELIVER);
	unsigned half = all >= 2 ? all / 2 : 1;
	unsigned quarter = all >= 4 ? all / 4 : 1;

	return sched->opening < half && (!failing || sched->opening_failing < quarter);
}
