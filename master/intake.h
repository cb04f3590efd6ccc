#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * The one door into the queue: a message offered by a submit worker becomes rows in one
 * transaction, is answered when that is committed, and is made known to the scheduler.
 */
struct frame;
struct intake;
struct lend;
struct pool_worker;
struct sched;
struct settings;
struct store;

struct intake *intake_new(struct store *store, struct lend *lend, struct sched *sched,
			  const struct settings *settings);
void intake_free(struct intake **intake);
void intake_set_settings(struct intake *intake, const struct settings *settings);
/* SUBMIT. False: the worker says something impossible. */
bool intake_submit(struct intake *intake, struct pool_worker *worker, struct frame *frame);
/* Messages of it that are not complete are forgotten; those with the store get no answer. */
void intake_worker_gone(struct intake *intake, struct pool_worker *worker);
/* While the spool is short of space, everything is refused with 452. */
void intake_set_full(struct intake *intake, bool full);
/* Messages accepted since the start. */
uint64_t intake_accepted(const struct intake *intake);
