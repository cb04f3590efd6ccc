#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/list.h"
#include "common/proto/hello.h"

/*
 * One worker process as the master sees it: its state, its channel, what it last reported. Made and
 * freed by the pool; everybody else may hold the pointer until gone().
 *
 * A worker is gone when the spawner has reaped it and everything it wrote has been read: what it
 * said before it died still counts, and nothing of it can happen afterwards. Every change of state
 * goes through one function, which logs it.
 */
struct channel;
struct event_base;
struct frame;
struct pool_spawn;
struct pool_worker;
struct wire_writer;

enum pool_worker_state {
	POOL_WORKER_STARTING, /* asked for, no process yet */
	POOL_WORKER_BORN,     /* a process without HELLO */
	POOL_WORKER_READY,    /* takes work */
	POOL_WORKER_RETIRING, /* finishes what it has */
	POOL_WORKER_KILLED,   /* SIGKILL is on its way, or it is dead already; takes nothing more */
	POOL_WORKER_GONE
};

/*
 * What the users of a role's workers want to know; from the event loop only. Any but frame may be
 * NULL. A worker may be killed or retired in any of them.
 */
struct pool_handlers {
	/* Any frame but HELLO, STAT and LOG. False: it is bad; the worker is killed. */
	bool (*frame)(struct pool_worker *worker, struct frame *frame, void *arg);
	void (*ready)(struct pool_worker *worker, void *arg);
	/*
	 * No new work for it from now on; not called when it is killed instead. The one call that
	 * may come from inside another, pool_worker_retire().
	 */
	void (*retiring)(struct pool_worker *worker, void *arg);
	/* Once for each worker that was ready; the pointer is dead afterwards. */
	void (*gone)(struct pool_worker *worker, const char *reason, void *arg);
	/* channel_queued() is 0 again; see common/channel.h. */
	void (*drained)(struct pool_worker *worker, void *arg);
	/* When the daemon's time to stop is over: true for a worker past a final dot. */
	bool (*may_stay)(struct pool_worker *worker, void *arg);
	void *arg;
};

/* All in milliseconds. */
struct pool_times {
	int64_t hello;       /* from START to HELLO: 10 s */
	int64_t hung;        /* without STAT: 30 s */
	int64_t retire;      /* from RETIRE to SIGKILL: 15 min */
	int64_t closing;     /* from the end of a retiring worker's channel to SIGKILL: 1 s */
	int64_t stop;        /* from pool_stop() to SIGKILL: 30 s */
	int64_t stay;        /* more for those that may stay: 60 s */
	int64_t young;       /* a worker that ends sooner died young: 10 s */
	int64_t backoff;     /* before the next birth after one that died young: 100 ms, doubling */
	int64_t backoff_max; /* 10 s */
};

/* What the pool gives each worker; must stay. */
struct pool_worker_context {
	struct event_base *base;
	struct pool_spawn *spawn;
	const struct pool_times *times;
	/* State or deadline changed. */
	void (*changed)(struct pool_worker *worker, void *arg);
	/* The last call: gone() was said; frees the worker. */
	void (*ended)(struct pool_worker *worker, void *arg);
	void *arg;
};

struct pool_worker {
	struct list link; /* in the pool's list, which the pool alone changes */
	const struct pool_worker_context *context;
	const struct pool_handlers *handlers;
	enum proto_role role;
	enum pool_worker_state state;
	unsigned number; /* 1 and up, never reused */
	pid_t pid;       /* 0 until born */
	uint64_t generation;
	struct channel *channel; /* NULL before birth and after the peer closed it */
	struct proto_stat stat;  /* the last one, zeroes before the first */
	int64_t started_ms;      /* monotonic */
	int64_t heard_ms;        /* of the last STAT or HELLO */
	int64_t deadline_ms;     /* end of the present state, INT64_MAX: none */
	int64_t stay_ms;         /* how far the deadline may be put off, 0: not at all */
	bool was_ready;          /* gone() is owed */
	bool dead;               /* reaped, or never born */
	bool retired;            /* its end is expected */
	bool closed;             /* the reason is that its channel closed */
	char reason[256];        /* why it ends; the first reason stays */
	char protection[512];    /* what its sandbox has on, printable */
	char name[24];           /* "deliver/3" */
	void *user;              /* the handlers' own, NULL at birth */
};

struct pool_spawn_worker;

const char *pool_worker_state_name(enum pool_worker_state state);
/* Asks the spawner for the process. birth is copied. */
struct pool_worker *pool_worker_new(const struct pool_worker_context *context,
				    const struct pool_handlers *handlers, uint64_t generation,
				    const struct pool_spawn_worker *birth);
/* Says nothing to anybody; for the pool. */
void pool_worker_free(struct pool_worker **worker);
/* False when it takes nothing more. fd, unless -1, stays the caller's. */
bool pool_worker_send(struct pool_worker *worker, const struct wire_writer *writer, int fd);
/* RETIRE; a worker that is not ready yet has nothing to finish and is killed. */
void pool_worker_retire(struct pool_worker *worker, const char *reason);
/* A retiring worker has until deadline_ms, and until stay_ms while may_stay() says so. */
void pool_worker_hurry(struct pool_worker *worker, int64_t deadline_ms, int64_t stay_ms);
/* gone() follows when it is dead, never from inside. */
void pool_worker_kill(struct pool_worker *worker, const char *reason);
/* EXITED: status as from waitpid(). May end and free the worker. */
void pool_worker_reaped(struct pool_worker *worker, int status);
/* For the pool's timer: kills it when its deadline or its last STAT is too long ago. */
void pool_worker_check(struct pool_worker *worker, int64_t now_ms);
/* When pool_worker_check() has to be called next. */
int64_t pool_worker_next_check(const struct pool_worker *worker);
