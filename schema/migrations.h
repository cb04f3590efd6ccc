#pragma once

#include <stddef.h>

/*
 * The files of this folder, embedded at build time in the order of their numbers. A released file
 * is never edited: what changes later is a new file with the next number.
 */
struct schema_migration {
	unsigned number;  /* user_version of a database this one was applied to */
	const char *name; /* the file's name */
	const char *sql;  /* the file's text */
};

/* Ends at schema_migrations_count; numbers rise by one from 1. */
extern const struct schema_migration schema_migrations[];
extern const size_t schema_migrations_count;
