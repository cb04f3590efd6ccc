#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/frame.h"
#include "common/proto/submit.h"
#include "tests/fake/pool.h"
#include "tests/unit/master/sched/field.h"

/*
 * The queue's door for tests: intake and lend over a real queue, with submit workers that are no
 * processes. Everything fails the test when it fails.
 */
struct intake;
struct lend;

struct door {
	struct field field;
	struct lend *lend;
	struct intake *intake;
};

/* config: TOML, or NULL. No worker yet. */
void door_open(struct door *door, const char *config);
void door_close(struct door *door);
/* A worker that is ready, asked for its shared segment; not committed. */
struct pool_worker *door_worker(struct door *door);
/* As above, with its segment's number. */
struct pool_worker *door_worker_with(struct door *door, uint64_t *segment);
/* The worker dies. */
void door_kill(struct door *door, struct pool_worker *worker);
/* Turns until all is committed. */
void door_commit(struct door *door);

/* The next frame for the worker, which must be of this type; the caller frees it. */
struct fake_pool_frame *door_take(struct door *door, struct pool_worker *worker,
				  enum frame_type type);
/* As above, read. */
struct proto_segment door_take_segment(struct door *door, struct pool_worker *worker);
/* The message's number in the queue. */
uint64_t door_take_accept(struct door *door, struct pool_worker *worker, uint64_t ticket);
/* Must be 452 4.3.1. */
void door_take_refuse(struct door *door, struct pool_worker *worker, uint64_t ticket);
void door_expect_silence(struct door *door);

/* The worker appends so many bytes to the file. */
void door_append(struct door *door, uint64_t segment, size_t bytes);
int64_t door_length(const struct door *door, uint64_t segment);
/* What the worker says; false: it is called a lie. */
bool door_want(struct door *door, struct pool_worker *worker, uint64_t ticket);
bool door_sealed(struct door *door, struct pool_worker *worker, uint64_t segment, uint64_t bytes);
bool door_submit(struct door *door, struct pool_worker *worker, const struct proto_submit *submit);
/* To these addresses, separated by spaces, in one packet; other fields are submit's. */
bool door_submit_to(struct door *door, struct pool_worker *worker,
		    const struct proto_submit *submit, const char *addresses);
