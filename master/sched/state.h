#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/heap.h"
#include "common/list.h"

/*
 * The scheduler as one object, shared by the files of this folder: each uses the part it is named
 * for, and everybody else goes through their functions.
 */
struct event_base;
struct map;
struct pool;
struct record;
struct settings;
struct store;

enum {
	SCHED_LANE_MOST = 64,       /* deliveries one lane holds in memory */
	SCHED_LANE_LOW = 16,        /* below this it is filled again */
	SCHED_HELD_MOST = 20000,    /* deliveries in memory together */
	SCHED_CROWDED_MOST = 1,     /* what a lane may still hold when that is reached */
	SCHED_TURN_JOBS = 256,      /* jobs sent in one turn of the event loop */
	SCHED_PENDING_MOST = 10000, /* uncommitted operations at which dispatch pauses */
};

/* What a sender's mail to one domain waits in: the unit of fairness, and of reading. */
struct sched_lane {
	uint64_t id; /* row of lane */
	struct sched_destination *destination;
	struct list link;    /* in destination->lanes while it has something to send now */
	struct list waiting; /* sched_delivery, due; first attempts before retries */
	size_t waiting_count;
	size_t away;            /* out, settling or stuck */
	bool more;              /* the store may have due ones that are not in memory */
	bool first_more;        /* with more: first attempts may be among them */
	struct heap_link later; /* in sched->later, key: when something becomes due; else none */
};

/* How a destination is served by one worker. */
struct sched_link {
	struct pool_worker *worker;
	unsigned open; /* connections the worker has there, busy or idle */
	unsigned out;  /* jobs of this destination with it */
};

/* A recipient domain or a relay (later: a site): permits and turns are counted here. */
struct sched_destination {
	char *name;
	struct list link;  /* in sched->movable while it may be able to send, or blocked */
	struct list lanes; /* those with something to send now, in turn */
	size_t lane_count; /* all its lanes in memory */
	struct sched_link *links;
	size_t link_count;
	unsigned open;       /* connections, all workers */
	unsigned opening;    /* jobs out that may open one and have not */
	unsigned limit;      /* queue.outbound.connection.max-sessions */
	bool greeted;        /* a session was opened there once: it is not unknown any more */
	bool failing;        /* its last attempt to open a session failed */
	bool serving;        /* it has its turn now: it must not be freed */
	bool blocked;        /* in one of sched->blocked, or among the waiters of a relay */
	const char *relay;   /* id, for a relay, which has no lanes; else NULL */
	struct list waiters; /* of a relay: destinations whose next delivery goes through it */
	struct sched_destination
	    *waited;             /* the relay it waited for when it got its turn, or NULL */
	int64_t suspended_until; /* seconds; 0: not */
	struct heap_link resume; /* in sched->suspended while that is in the future */
};

/* What a destination waits for that others have. */
enum sched_block {
	SCHED_BLOCK_OPEN,    /* a permit to open among those for all */
	SCHED_BLOCK_FAILING, /* one among those for destinations that fail */
	SCHED_BLOCK_ROOM,    /* room at one worker */
	SCHED_BLOCKS
};

/* Running totals for status and metrics. */
struct sched_figures {
	uint64_t delivered; /* recipients */
	uint64_t deferred;
	uint64_t bounced;
	uint64_t attempts; /* jobs that ended */
	uint64_t sessions_opened;
};

struct sched {
	struct event_base *base;
	struct store *store;
	struct pool *pool;
	struct record *record;
	const struct settings *settings;
	struct map *destinations;          /* name -> sched_destination */
	struct map *lanes;                 /* id -> sched_lane */
	struct map *deliveries;            /* id -> sched_delivery, every one in memory */
	struct map *messages;              /* id -> one of its deliveries in memory */
	struct map *jobs;                  /* id -> sched_job */
	struct map *past;                  /* id -> sched_past */
	struct list movable;               /* destinations in turn */
	struct list blocked[SCHED_BLOCKS]; /* destinations that wait for others, in turn */
	struct list dirty;                 /* deliveries with results not yet in an operation */
	struct heap later;        /* lanes with nothing due now, by when something will be */
	struct heap suspended;    /* destinations, by when they may send again */
	unsigned opening;         /* jobs out that may open a connection and have not */
	unsigned opening_failing; /* those for destinations that were failing when they left */
	unsigned session_most;    /* worker.max-sessions */
	bool stopping;            /* no further job leaves */
	uint64_t edits;           /* times somebody else was seen to have written */
	struct sched_figures figures;
};
