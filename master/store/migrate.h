#pragma once

#include <stdbool.h>
#include <stddef.h>

struct schema_migration;
struct sqlite3;
struct why;

/*
 * Brings a database file to the newest schema: every missing migration in one transaction, after a
 * copy of a file that had an older one was written beside it (PATH.v<N>, replaced if it is there).
 * A file newer than the program, or one that is no queue of ours, is refused and left alone.
 */
bool store_migrate_run(struct sqlite3 *db, const char *path,
		       const struct schema_migration *migrations, size_t count, struct why *why);

/* PRAGMA application_id of our files: "prid". */
enum { STORE_MIGRATE_APPLICATION = 0x70726964 };
