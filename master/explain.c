#include "master/explain.h"

#include <stdlib.h>

#include "common/alloc.h"
#include "common/channel.h"
#include "common/frame.h"
#include "common/map.h"
#include "common/proto/explain.h"
#include "master/pool/pool.h"

struct explain_question {
	uint64_t id;
	struct pool_worker *worker;
	const struct explain_events *events;
	void *arg;
};

struct explain {
	struct pool *pool;
	struct map *questions; /* by id */
	uint64_t last_id;
};

struct explain *
explain_new(struct pool *pool)
{
	struct explain *explain = alloc_new(struct explain);

	explain->pool = pool;
	explain->questions = map_new();
	return explain;
}

static void
explain_end(struct explain *explain, struct explain_question *question, bool complete)
{
	map_take_id(explain->questions, question->id);
	question->events->end(complete, question->arg);
	free(question);
}

void
explain_free(struct explain **explain)
{
	struct explain_question *question;
	size_t cursor = 0;

	if (*explain == NULL)
		return;
	while ((question = map_next((*explain)->questions, &cursor)) != NULL)
		explain_end(*explain, question, false);
	map_free(&(*explain)->questions, free);
	free(*explain);
	*explain = NULL;
}

static struct pool_worker *
explain_worker(struct explain *explain)
{
	struct pool_worker *worker = NULL;

	while ((worker = pool_next(explain->pool, worker)) != NULL)
		if (worker->role == PROTO_ROLE_DELIVER && worker->state == POOL_WORKER_READY)
			return worker;
	return NULL;
}

bool
explain_ask(struct explain *explain, const struct proto_job *job,
	    const struct explain_events *events, void *arg)
{
	struct pool_worker *worker = explain_worker(explain);
	struct explain_question *question;
	struct wire_writer writer;

	if (worker == NULL)
		return false;
	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_EXPLAIN);
	proto_explain_put(&writer, explain->last_id + 1, job);
	if (!pool_worker_send(worker, &writer, -1))
		return false;
	question = alloc_new(struct explain_question);
	question->id = ++explain->last_id;
	question->worker = worker;
	question->events = events;
	question->arg = arg;
	map_put_id(explain->questions, question->id, question);
	return true;
}

static struct explain_question *
explain_find(struct explain *explain, const struct pool_worker *worker, uint64_t id)
{
	struct explain_question *question = map_find_id(explain->questions, id);

	return question != NULL && question->worker == worker ? question : NULL;
}

bool
explain_frame(struct explain *explain, struct pool_worker *worker, struct frame *frame)
{
	struct explain_question *question;
	struct proto_step step;
	uint64_t id;

	if (frame->type == FRAME_STEP) {
		if (!proto_explain_get_step(&frame->body, &step))
			return false;
		question = explain_find(explain, worker, step.request);
		if (question != NULL)
			question->events->step(&step, question->arg);
		return question != NULL;
	}
	if (frame->type != FRAME_EXPLAINED || !proto_explain_get_end(&frame->body, &id))
		return false;
	question = explain_find(explain, worker, id);
	if (question == NULL)
		return false;
	explain_end(explain, question, true);
	return true;
}

void
explain_worker_gone(struct explain *explain, struct pool_worker *worker)
{
	struct explain_question *question;
	size_t cursor = 0;

	while ((question = map_next(explain->questions, &cursor)) != NULL)
		if (question->worker == worker)
			explain_end(explain, question, false);
}
