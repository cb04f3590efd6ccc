#pragma once

#include <stdint.h>

struct sqlite3_stmt;
struct store;
struct store_selector;
struct why;

/*
 * The walk over the deliveries a command is about, in the order of their numbers: the one query
 * behind what lists and what changes them.
 */
enum { STORE_SCAN_ID, STORE_SCAN_LANE, STORE_SCAN_CHOSEN };

/*
 * Rows of (id, lane, chosen) with from < id <= until. Chosen means selected and for which only, an
 * SQL condition on a row d of delivery, holds too: a result and no filter, so that the rows passed
 * over can be counted. The statement is the caller's to finalize, and needs the selector's texts
 * until then. NULL with why when it cannot be had.
 */
struct sqlite3_stmt *store_scan(struct store *store, const struct store_selector *selector,
				const char *only, int64_t from, int64_t until, struct why *why);
