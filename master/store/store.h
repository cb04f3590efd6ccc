#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "master/store/id.h"

struct map;
struct store_db_statement;

/*
 * The queue database as one object, shared by the files of this folder: each uses only the part it
 * is named for, and everybody else goes through their functions. There is one in a process, and it
 * is the only writer of the queue.
 */

/* Figures for the metrics; times in microseconds of the monotonic clock. */
struct store_stats {
	uint64_t commits;
	uint64_t operations;        /* committed */
	uint64_t operations_failed; /* given up one by one: done(false) */
	uint64_t turns_busy;        /* tries that met another writer's lock */
	uint64_t turns_failed;      /* tries that ended in a full disk or an I/O error */
	int64_t commit_us;          /* of all COMMITs together: what the disk's sync costs */
	int64_t commit_last_us;
	int64_t commit_max_us;
	int64_t turn_us; /* from BEGIN to the end of COMMIT, all turns together */
	uint64_t checkpoints;
	int64_t checkpoint_us; /* all checkpoints together */
	int64_t checkpoint_max_us;
	int64_t wal_bytes;       /* length of the log's valid part after the last commit */
	bool reserve_held;       /* the reserve file is there */
	uint64_t reserve_uses;   /* times it was released */
	int64_t healthy_since;   /* monotonic us of the first success after a failure; 0: none */
	bool failing;            /* the last turn ended in FULL or FAILED */
	uint64_t segment_opened; /* descriptors opened for reading */
};

struct store_segment_cached {
	int64_t id; /* 0: the place is free */
	int fd;
	uint64_t used; /* stamp of the last use */
};

enum { STORE_SEGMENT_CACHE = 64, STORE_DB_STATEMENTS = 256 };

struct store {
	/* db.c */
	sqlite3 *db;
	char *dir;                             /* the spool */
	int dir_fd;                            /* for syncing entries */
	int last_rc;                           /* extended code of the last statement that failed */
	int64_t data_version;                  /* as of the last poll */
	struct store_db_statement *statements; /* STORE_DB_STATEMENTS places, keyed by address */
	struct store_stats stats;
	/* id.c */
	struct store_id ids[STORE_ID_KINDS];
	/* turn.c */
	struct list pending; /* struct store_op.link, in the order they are applied */
	size_t pending_count;
	bool turn_running; /* inside store_turn_run(): it does not nest */
	/* lane.c: "name" -> number, forgotten whole when a turn fails or somebody else wrote */
	struct map *domains;
	struct map *classes;
	struct map *lanes;
	/* segment.c */
	int segments_fd; /* the folder segments/ */
	struct store_segment_cached cache[STORE_SEGMENT_CACHE];
	uint64_t cache_stamp;
	/* checkpoint.c */
	int64_t checkpoint_next; /* WAL bytes at which the next one is tried */
	bool checkpoint_warned;
};
