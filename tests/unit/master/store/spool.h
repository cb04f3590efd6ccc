#pragma once

#include <sqlite3.h>
#include <stdint.h>

struct store;

/*
 * A queue in a fresh folder for the tests of master/store, and a second, plain connection to it
 * that behaves as an operator's shell does. Everything fails the test when it fails.
 */
struct spool {
	char dir[128];
	struct store *store;
	sqlite3 *other;  /* the shell's connection */
	int64_t segment; /* an open one for arrivals */
};

struct spool_message {
	int64_t message_id;
	int64_t delivery_id;
	int64_t recipient_ids[8];
	int64_t lane_id;
};

void spool_open(struct spool *spool);
/* Closes and opens again, as a restart does. */
void spool_reopen(struct spool *spool);
/* Closes and removes the folder. */
void spool_close(struct spool *spool);
/* A path in the folder; lives until the next call. */
const char *spool_path(const struct spool *spool, const char *name);

/* Runs turns until nothing is pending. */
void spool_turns(struct spool *spool);
/* One message to rcpts (at most 8) recipients at one domain, committed. */
struct spool_message spool_arrive(struct spool *spool, const char *domain, int rcpts, int64_t at);
/* The delivery leaves the queue, committed. */
void spool_finish(struct spool *spool, int64_t delivery_id);
/* The delivery waits for its retry_num-th retry, committed. */
void spool_defer(struct spool *spool, int64_t delivery_id, unsigned retry_num, int64_t next);

void spool_sql(sqlite3 *db, const char *sql);
int64_t spool_number(sqlite3 *db, const char *sql);
/* Every counter equals what counting gives, and no row is left alone. */
void spool_assert_consistent(const struct spool *spool);
/* EXPLAIN QUERY PLAN of sql, its details joined by newlines; lives until the next call. */
const char *spool_plan(sqlite3 *db, const char *sql);
