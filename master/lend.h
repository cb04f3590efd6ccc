#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Segments lent to submit workers: one shared segment for each at any time, and one of its own for
 * every large message. What a worker says about a segment is believed only as far as the file
 * shows it.
 */
struct frame;
struct lend;
struct pool_worker;
struct store;

struct lend *lend_new(struct store *store);
void lend_free(struct lend **lend);
void lend_worker_ready(struct lend *lend, struct pool_worker *worker);
/* Everything it had is sealed at the length the files have. */
void lend_worker_gone(struct lend *lend, struct pool_worker *worker);
/* Once a second: who could not get a shared segment is tried again. */
void lend_tick(struct lend *lend);
/* While the spool is short of space, large messages are refused at once. */
void lend_set_full(struct lend *lend, bool full);
/* WANT and SEALED; false: the worker says something impossible. */
bool lend_frame(struct lend *lend, struct pool_worker *worker, struct frame *frame);
/*
 * Takes size bytes at offset of a lent segment for a message. False when the segment is not lent to
 * this worker, the place was taken before, or lies behind the end of the file.
 */
bool lend_take(struct lend *lend, struct pool_worker *worker, uint64_t segment, uint64_t offset,
	       uint64_t size);
