#include "tests/fake/pool.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "master/pool/pool.h"

struct pool {
	struct list workers;
	struct list frames;
	unsigned sent;
	unsigned last_number;
	unsigned wanted[PROTO_ROLES];
};

struct fake_worker {
	struct pool_worker worker;
	struct pool *pool;
	bool broken;
};

static struct fake_worker *
fake_pool_of(struct pool_worker *worker)
{
	return (struct fake_worker *)worker;
}

struct pool *
fake_pool_new(void)
{
	struct pool *pool = alloc_new(struct pool);

	list_init(&pool->workers);
	list_init(&pool->frames);
	return pool;
}

void
fake_pool_free(struct pool **pool)
{
	struct fake_pool_frame *frame;

	while ((frame = fake_pool_take(*pool, NULL)) != NULL)
		free(frame);
	while (!list_is_empty(&(*pool)->workers))
		fake_pool_remove(*pool, list_first(&(*pool)->workers, struct pool_worker, link));
	free(*pool);
	*pool = NULL;
}

struct pool_worker *
fake_pool_add(struct pool *pool, enum proto_role role)
{
	struct fake_worker *fake = alloc_new(struct fake_worker);
	struct pool_worker *worker = &fake->worker;

	fake->pool = pool;
	worker->role = role;
	worker->state = POOL_WORKER_READY;
	worker->was_ready = true;
	worker->number = ++pool->last_number;
	snprintf(worker->name, sizeof(worker->name), "%s/%u", proto_hello_role_name(role),
		 worker->number);
	list_append(&pool->workers, &worker->link);
	return worker;
}

void
fake_pool_remove(struct pool *pool, struct pool_worker *worker)
{
	struct fake_pool_frame *frame;

	while ((frame = fake_pool_take(pool, worker)) != NULL)
		free(frame);
	list_remove(&worker->link);
	free(fake_pool_of(worker));
}

struct fake_pool_frame *
fake_pool_take(struct pool *pool, const struct pool_worker *worker)
{
	struct fake_pool_frame *frame;

	list_each (frame, &pool->frames, link) {
		if (worker != NULL && frame->worker != worker)
			continue;
		list_remove(&frame->link);
		return frame;
	}
	return NULL;
}

void
fake_pool_break(struct pool_worker *worker)
{
	fake_pool_of(worker)->broken = true;
}

unsigned
fake_pool_sent(const struct pool *pool)
{
	return pool->sent;
}

unsigned
fake_pool_wanted(const struct pool *pool, enum proto_role role)
{
	return pool->wanted[role];
}

void
pool_set_count(struct pool *pool, enum proto_role role, unsigned count)
{
	pool->wanted[role] = count;
}

const char *
pool_worker_state_name(enum pool_worker_state state)
{
	return state == POOL_WORKER_READY ? "ready" : "not ready";
}

struct pool_worker *
pool_next(const struct pool *pool, const struct pool_worker *after)
{
	const struct list *link = after == NULL ? pool->workers.next : after->link.next;

	return link == &pool->workers ? NULL : list_entry(link, struct pool_worker, link);
}

unsigned
pool_count_ready(const struct pool *pool, enum proto_role role)
{
	const struct pool_worker *worker;
	unsigned count = 0;

	list_each (worker, &pool->workers, link)
		count += worker->role == role && worker->state == POOL_WORKER_READY;
	return count;
}

bool
pool_worker_send(struct pool_worker *worker, const struct wire_writer *writer, int fd)
{
	struct fake_worker *fake = fake_pool_of(worker);
	struct fake_pool_frame *copy;

	ck_assert(!writer->failed);
	if (fake->broken || worker->state >= POOL_WORKER_KILLED)
		return false;
	copy = alloc_array(1, sizeof(*copy) + writer->len);
	memcpy(copy->data, writer->data, writer->len);
	copy->worker = worker;
	copy->len = writer->len;
	copy->has_fd = fd >= 0;
	ck_assert(frame_parse(&copy->frame, copy->data, copy->len, -1));
	list_append(&fake->pool->frames, &copy->link);
	fake->pool->sent++;
	return true;
}

void
pool_worker_kill(struct pool_worker *worker, const char *reason)
{
	if (worker->state >= POOL_WORKER_KILLED)
		return;
	snprintf(worker->reason, sizeof(worker->reason), "%s", reason);
	worker->state = POOL_WORKER_KILLED;
}
