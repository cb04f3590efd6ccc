#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqlite3_stmt;
struct store;
struct store_stats;
struct why;

/*
 * Opens and closes the queue database of a spool folder and runs its statements, which are prepared
 * once and kept. The store belongs to the caller; one process has at most one on a spool, which its
 * lock file (not ours) guarantees. After a fork the child must not touch it.
 */

/*
 * Opens <dir>/queue.db, creates what is missing (also <dir>/segments and the reserve), migrates it,
 * and brings segments and rows in line. The folder <dir> must exist. Modes: database 0640 with the
 * folder's group, segments 0700. NULL: why says the reason; nothing is left open.
 */
struct store *store_db_open(const char *dir, struct why *why);
/* Gives up what is pending, writes back unused numbers, closes. Sets *store to NULL; NULL is fine.
 */
void store_db_close(struct store **store);
/* Figures since the start; valid as long as the store. */
const struct store_stats *store_db_stats(const struct store *store);

/*
 * Statements for the files of this folder. sql must be a string constant: its address is the key
 * under which the prepared statement is kept. NULL: why and store->last_rc are set.
 */
struct sqlite3_stmt *store_db_prepare(struct store *store, const char *sql, struct why *why);
/* Binding by place, from 1. A NULL text and store_db_time's 0 are NULL; texts are not copied. */
void store_db_int(struct sqlite3_stmt *stmt, int place, int64_t value);
void store_db_time(struct sqlite3_stmt *stmt, int place, int64_t value);
void store_db_text(struct sqlite3_stmt *stmt, int place, const char *text);
/* A text column copied into an arena; "" for NULL. */
struct arena;
const char *store_db_column(struct sqlite3_stmt *stmt, int column, struct arena *arena);
/*
 * Everything read between these two is of one moment, and the locks of the database are taken once
 * and not for each statement. False: nothing was begun, and nothing is to be ended.
 */
bool store_db_read_begin(struct store *store);
void store_db_read_end(struct store *store, bool begun);
/* One step: 1 a row, 0 done, -1 failed (why, last_rc). After 0 and -1 the statement is reset. */
int store_db_step(struct store *store, struct sqlite3_stmt *stmt, struct why *why);
/* Steps a statement without rows to its end and resets it. */
bool store_db_run(struct store *store, struct sqlite3_stmt *stmt, struct why *why);
/* Text without parameters, not kept: schema, BEGIN, pragmas. */
bool store_db_exec(struct store *store, const char *sql, struct why *why);
/* The first column of the first row of such a text; fallback when there is none. */
int64_t store_db_number(struct store *store, const char *sql, int64_t fallback);
/* Notes the connection's error in last_rc and why. */
void store_db_error(struct store *store, const char *doing, struct why *why);
/* Whether last_rc means that the disk (or the file's allowed size) is used up. */
bool store_db_is_full(const struct store *store);
