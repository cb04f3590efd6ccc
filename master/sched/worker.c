#include "master/sched/worker.h"

#include "common/arena.h"
#include "common/frame.h"
#include "common/log.h"
#include "common/map.h"
#include "common/proto/result.h"
#include "common/proto/session.h"
#include "master/pool/pool.h"
#include "master/sched/delivery.h"
#include "master/sched/destination.h"
#include "master/sched/job.h"
#include "master/sched/load.h"
#include "master/sched/settle.h"
#include "master/sched/state.h"

void
sched_worker_ready(struct sched *sched, struct pool_worker *worker)
{
	sched_load_attach(sched, worker);
	sched_destination_poke_all(sched);
}

static bool
sched_worker_result(struct sched *sched, struct pool_worker *worker, struct wire_reader *reader)
{
	struct arena *arena = arena_new();
	struct proto_result result;
	struct sched_job *job;
	bool good = false;

	if (proto_result_get(reader, arena, &result)) {
		job = sched_job_find(sched, worker, result.job);
		good = job != NULL && sched_settle_result(sched, job, &result);
	}
	arena_free(&arena);
	return good;
}

static bool
sched_worker_dot(struct sched *sched, struct pool_worker *worker, struct wire_reader *reader)
{
	struct sched_job *job;
	uint64_t id;

	if (!proto_result_get_dot(reader, &id))
		return false;
	job = sched_job_find(sched, worker, id);
	if (job == NULL)
		return false;
	job->dot = true;
	return true;
}

static bool
sched_worker_done(struct sched *sched, struct pool_worker *worker, struct wire_reader *reader)
{
	struct proto_done done;
	struct sched_job *job;

	if (!proto_result_get_done(reader, &done))
		return false;
	job = sched_job_find(sched, worker, done.job);
	return job != NULL && sched_settle_done(sched, job, &done);
}

static bool
sched_worker_opened(struct sched *sched, struct pool_worker *worker,
		    const struct proto_session *session)
{
	struct sched_job *job = sched_job_find(sched, worker, session->job);
	struct sched_load *load = sched_load_of(worker);

	/* A connection without a permit, or a number used twice. */
	if (job == NULL || (job->permit == SCHED_PERMIT_NONE && !job->opened) ||
	    map_find_id(load->sessions, session->id) != NULL)
		return false;
	job->opened = true;
	map_put_id(load->sessions, session->id, job->via);
	sched_destination_opened(sched, job->via, worker);
	sched_destination_return(sched, job->via, &job->permit);
	return true;
}

static bool
sched_worker_session(struct sched *sched, struct pool_worker *worker, struct wire_reader *reader)
{
	struct proto_session session;
	struct sched_destination *destination;

	if (!proto_session_get(reader, &session))
		return false;
	switch (session.event) {
	case PROTO_SESSION_OPENED:
		return sched_worker_opened(sched, worker, &session);
	case PROTO_SESSION_CLOSED:
		destination = map_take_id(sched_load_of(worker)->sessions, session.id);
		if (destination == NULL)
			return false;
		sched_destination_closed(sched, destination, worker);
		sched_destination_drop(sched, destination);
		return true;
	case PROTO_SESSION_EVENTS:
		break;
	}
	return false;
}

bool
sched_worker_frame(struct sched *sched, struct pool_worker *worker, struct frame *frame)
{
	switch ((int)frame->type) {
	case FRAME_RESULT:
		return sched_worker_result(sched, worker, &frame->body);
	case FRAME_DOT:
		return sched_worker_dot(sched, worker, &frame->body);
	case FRAME_DONE:
		return sched_worker_done(sched, worker, &frame->body);
	case FRAME_SESSION:
		return sched_worker_session(sched, worker, &frame->body);
	default:
		return false;
	}
}

void
sched_worker_gone(struct sched *sched, struct pool_worker *worker)
{
	struct sched_job *job;
	size_t cursor = 0;
	unsigned lost = 0;

	while ((job = map_next(sched->jobs, &cursor)) != NULL)
		if (job->worker == worker) {
			sched_settle_lost(sched, job);
			lost++;
		}
	if (lost > 0)
		log_warn("worker=%s had %u jobs", worker->name, lost);
	sched_destination_worker_gone(sched, worker);
	sched_load_detach(worker);
}

bool
sched_worker_may_stay(struct sched *sched, struct pool_worker *worker)
{
	struct sched_job *job;
	size_t cursor = 0;

	while ((job = map_next(sched->jobs, &cursor)) != NULL)
		if (job->worker == worker && job->dot)
			return true;
	return false;
}
