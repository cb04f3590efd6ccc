#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"
#include "common/proto/job.h"
#include "common/proto/result.h"
#include "tests/unit/master/store/spool.h"

/*
 * The real scheduler on a real queue, with workers that are no processes and a clock that is turned
 * by hand. Everything fails the test when it fails.
 */
struct arena;
struct pool;
struct pool_worker;
struct record;
struct sched;
struct settings;

enum { FIELD_SEGMENT = 400000 }; /* bytes in the segment that all messages are read from */

struct field {
	struct spool spool;
	struct pool *pool;
	struct record *record;
	struct settings *settings;
	struct sched *sched;
	int64_t now_ms; /* both clocks; the wall clock is ahead by FIELD_EPOCH */
	char path[256]; /* of the record */
	char *config;
	uint64_t last_session;
};

/* A message to one domain. Zeroed: 1,000 bytes, one recipient, sender a@s.example. */
struct field_message {
	const char *domain;
	const char *sender_domain;
	size_t recipients;
	int64_t size;
	int64_t expires_at; /* seconds; 0: in five days */
	int64_t due_in;     /* seconds */
	size_t domains;     /* further ones, "1.<domain>" and so on, each like the first */
};

/* A JOB that was received. */
struct field_job {
	struct arena *arena;
	struct proto_job job;
	struct pool_worker *worker;
	size_t body; /* bytes of the message that came */
};

/* config: TOML, or NULL. No worker yet. */
void field_open(struct field *field, const char *config);
void field_close(struct field *field);
/* The master is killed and started again: workers gone, nothing of memory left. */
void field_restart(struct field *field);
/* Every recipient is final or waits, every count is right, and memory is empty of what is idle. */
void field_assert_idle(struct field *field);

struct pool_worker *field_worker(struct field *field);
/* The worker dies. */
void field_kill(struct field *field, struct pool_worker *worker);
/* Seconds pass. */
void field_pass(struct field *field, int64_t seconds);
int64_t field_now(const struct field *field);
/* Accepts a message, not yet committed; its delivery id. */
uint64_t field_arrive(struct field *field, const struct field_message *message);
uint64_t field_arrive_at(struct field *field, const char *domain);
/* Turns until nothing moves; how long the scheduler wants to sleep (-1: for ever). */
int64_t field_turn(struct field *field);
/* One commit and one turn of the scheduler; as above. */
int64_t field_step(struct field *field);
void field_tick(struct field *field);

/* The next job sent to the worker, NULL: to any; false: none. The caller drops it. */
bool field_take(struct field *field, struct pool_worker *worker, struct field_job *job);
/* As field_take(), which must succeed. */
struct field_job field_must_take(struct field *field);
void field_drop(struct field_job *job);

/* What the worker says; false: the scheduler calls it a lie. */
bool field_result(struct field *field, const struct field_job *job, size_t recipient,
		  enum outcome_class class);
bool field_result_outcome(struct field *field, const struct field_job *job, uint64_t recipient,
			  const struct outcome *outcome);
bool field_done(struct field *field, const struct field_job *job, enum proto_done_kind kind);
bool field_dot(struct field *field, const struct field_job *job);
/* The number of the session. */
uint64_t field_opened(struct field *field, const struct field_job *job);
bool field_say_opened(struct field *field, struct pool_worker *worker, uint64_t job, uint64_t id);
bool field_closed(struct field *field, struct pool_worker *worker, uint64_t id);
/* All recipients end so, with DONE. Drops the job. */
void field_answer(struct field *field, struct field_job *job, enum outcome_class class);

/* Numbers from the shell's connection. */
int64_t field_number(struct field *field, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void field_sql(struct field *field, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Lines of the record with this event (and this recipient, unless NULL). */
size_t field_recorded(struct field *field, const char *event, const char *rcpt);
