#pragma once

#include <stdbool.h>

struct store;
struct why;

/*
 * At the start, brings the folder segments/ and the rows of segment in line, looking at names and
 * lengths only: files without a row are removed, rows without a file go when nothing lives in them
 * and have their deliveries held and logged otherwise, all others are sealed.
 */
bool store_reconcile_run(struct store *store, struct why *why);
