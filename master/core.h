#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * The running master: its parts, and its loop. One turn of the loop is: events, results into
 * operations, one commit, answers, then whatever may leave. Everything happens in this order, so
 * nothing is answered before it is durable and nothing is sent before what came is known.
 */
struct ctl;
struct event_base;
struct explain;
struct generation;
struct intake;
struct lend;
struct listen_set;
struct pool;
struct record;
struct sched;
struct store;
struct why;

/* error: why the new configuration does not hold; NULL: it does. */
typedef void (*core_reload_fn)(const char *error, void *arg);

struct core {
	const char *config; /* path of the configuration */
	struct event_base *base;
	struct generation *generation; /* the newest */
	struct store *store;
	struct pool *pool;
	struct sched *sched;
	struct explain *explain;
	struct lend *lend;
	struct intake *intake;
	struct listen_set *listen;
	struct record *record;
	struct ctl *ctl;
	int64_t started_ms; /* wall clock */
	int status;         /* of the process, once stopping */
	bool stopping;
	struct generation *next; /* of a reload, while its sockets are being bound */
	core_reload_fn reload_done;
	void *reload_arg;
	bool ready; /* the first generation's sockets are bound */
	/* What turn.c has said in the log and must take back. */
	int64_t busy_since_ms;
	bool busy_said;
	bool failed_said;
	bool space_low;
	int64_t commit_after_ms;    /* monotonic: no commit is tried before */
	int64_t reserve_after_ms;   /* monotonic: when the reserve is looked at again */
	struct core_events *events; /* timers and signals */
};

struct core_options {
	const char *config;
	struct generation *generation; /* taken over */
	int spawner;                   /* socket, taken over */
	int lock;                      /* of the spool, taken over */
	unsigned worker_uid;           /* PRIVILEGE_KEEP */
	unsigned worker_gid;
};

/* Opens the queue and starts everything; false: why, and *status is the exit status. */
bool core_start(struct core *core, const struct core_options *options, int *status,
		struct why *why);
/* Until stopped; returns the exit status. */
int core_run(struct core *core);
/* Finishes what is going on, at most 30 s, and ends with this status. */
void core_stop(struct core *core, int status);
/*
 * Loads the configuration again. False with why when it is refused: the old one stays. Otherwise
 * done (may be NULL) is called once, perhaps from inside, when the new one holds; or, with the
 * error, when it does not because something could not be bound.
 */
bool core_reload(struct core *core, core_reload_fn done, void *arg, struct why *why);
void core_free(struct core *core);
