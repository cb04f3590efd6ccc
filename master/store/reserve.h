#pragma once

#include <stdbool.h>

struct store;
struct why;

/*
 * 64 MiB of disk set aside in the spool, given back to the file system when it is full, so that
 * results and deletions still commit, and taken again when there is room.
 */
enum { STORE_RESERVE_BYTES = 64 * 1024 * 1024 };

/* Takes the reserve when it is missing and twice as much is free; false: there is none. */
bool store_reserve_make(struct store *store, struct why *why);
/* Removes the file; false when there was none to give back. */
bool store_reserve_release(struct store *store);
