#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "master/store/turn.h"

/*
 * Segments: the append-only files segments/<id>.seg that hold bodies, and their rows. The writer of
 * a segment is a worker or the master's own intake; here they are created, sealed, read and
 * removed. Counters of live bytes and messages are kept by triggers.
 */
enum store_segment_kind { STORE_SEGMENT_SHARED, STORE_SEGMENT_OWN /* one large body */ };

/*
 * A new segment: store_segment_create() makes the file (0600) at once and syncs the folder; then
 * the operation is to be added, and after done(true) the descriptor may be lent. After done(false)
 * the caller closes it; the next start removes the file.
 */
struct store_segment_create {
	struct store_op op;
	enum store_segment_kind kind;
	int64_t id;
	int fd; /* write-only, appending; the caller's to close */
};
bool store_segment_create(struct store *store, struct store_segment_create *create,
			  enum store_segment_kind kind,
			  void (*done)(struct store_op *op, bool committed, void *arg), void *arg,
			  struct why *why);

/* Nothing is appended any more; bytes is the file's length as the master knows it. */
struct store_segment_seal {
	struct store_op op;
	int64_t id;
	int64_t bytes;
};
void store_segment_seal_init(struct store_segment_seal *seal,
			     void (*done)(struct store_op *op, bool committed, void *arg),
			     void *arg);

/* True while a job that is out needs the segment's bytes. */
typedef bool (*store_segment_pinned_fn)(void *arg, int64_t id);

/*
 * Removes files of sealed segments in which nothing lives, at most `most`, unless pinned (may be
 * NULL), and adds an operation that removes their rows. Returns how many, or -1.
 */
int store_segment_reap(struct store *store, int most, store_segment_pinned_fn pinned, void *arg,
		       struct why *why);

struct store_segment_totals {
	int64_t segments;
	int64_t sealed;
	int64_t sealed_bytes;      /* length of the sealed ones together */
	int64_t sealed_live_bytes; /* the part of it that is still needed */
	int64_t live_bytes;        /* of all */
};
/* For metrics, and for the decision to copy live bodies forward. */
bool store_segment_totals(struct store *store, struct store_segment_totals *totals,
			  struct why *why);

/*
 * Exactly len bytes at offset into data, through a bounded cache of open descriptors. A short read
 * is a failure.
 */
bool store_segment_read(struct store *store, int64_t id, int64_t offset, void *data, size_t len,
			struct why *why);
/* A read-only descriptor for a worker, the caller's to close; -1: why. */
int store_segment_open(struct store *store, int64_t id, struct why *why);

/* The same changes inside a transaction of the caller: for the start. */
bool store_segment_seal(struct store *store, int64_t id, int64_t bytes, struct why *why);
bool store_segment_remove_row(struct store *store, int64_t id, struct why *why);

/* Closes the cache; before closing the store. */
void store_segment_forget(struct store *store);
