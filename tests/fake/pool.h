#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/frame.h"
#include "master/pool/worker.h"

/*
 * A pool of workers that are no processes: it offers the symbols of master/pool/pool.c and
 * worker.c that the scheduler and the intake use, and keeps every frame that is sent. A frame is
 * taken in the order of sending; what nobody takes is freed with the pool.
 */
struct pool;

struct fake_pool_frame {
	struct list link;
	struct pool_worker *worker;
	struct frame frame; /* reads from data */
	size_t len;
	bool has_fd;
	uint8_t data[];
};

struct pool *fake_pool_new(void);
void fake_pool_free(struct pool **pool);
/* Ready at once; the scheduler must be told. */
struct pool_worker *fake_pool_add(struct pool *pool, enum proto_role role);
/* After gone() was said. */
void fake_pool_remove(struct pool *pool, struct pool_worker *worker);
/* The next frame sent to the worker (NULL: to any); the caller frees it. NULL: none is left. */
struct fake_pool_frame *fake_pool_take(struct pool *pool, const struct pool_worker *worker);
/* From now on nothing can be sent to the worker. */
void fake_pool_break(struct pool_worker *worker);
/* Frames sent since the start. */
unsigned fake_pool_sent(const struct pool *pool);
/* What pool_set_count() last said for the role. */
unsigned fake_pool_wanted(const struct pool *pool, enum proto_role role);
