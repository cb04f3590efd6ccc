#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * Explanations under way: questions to deliver workers, and who waits for the answers.
 */
struct explain;
struct frame;
struct pool;
struct pool_worker;
struct proto_job;
struct proto_step;

/* step() any number of times, then end() once; complete is false when the worker died. */
struct explain_events {
	void (*step)(const struct proto_step *step, void *arg);
	void (*end)(bool complete, void *arg);
};

struct explain *explain_new(struct pool *pool);
void explain_free(struct explain **explain);
/*
 * Asks a ready worker; false when there is none. job needs no id and no message. Events come later.
 */
bool explain_ask(struct explain *explain, const struct proto_job *job,
		 const struct explain_events *events, void *arg);
/* STEP and EXPLAINED; false: nobody asked that worker. */
bool explain_frame(struct explain *explain, struct pool_worker *worker, struct frame *frame);
void explain_worker_gone(struct explain *explain, struct pool_worker *worker);
