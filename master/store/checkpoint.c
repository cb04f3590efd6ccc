#include "master/store/checkpoint.h"

#include <inttypes.h>
#include <sqlite3.h>

#include "common/clock.h"
#include "common/log.h"
#include "master/store/store.h"

static void
checkpoint_warn(struct store *store)
{
	int64_t mib = store->stats.wal_bytes / (1024 * 1024);

	if (!store->checkpoint_warned && store->stats.wal_bytes > STORE_CHECKPOINT_WARN) {
		log_warn("the log of the queue database is %" PRId64
			 " MiB: a reader keeps a transaction open",
			 mib);
		store->checkpoint_warned = true;
	} else if (store->checkpoint_warned && store->stats.wal_bytes < STORE_CHECKPOINT_WARN) {
		log_info("the log of the queue database is %" PRId64 " MiB again", mib);
		store->checkpoint_warned = false;
	}
}

bool
store_checkpoint_tick(struct store *store)
{
	int64_t start;
	int64_t took;
	int frames = 0;
	int moved = 0;

	checkpoint_warn(store);
	/* The log began anew after everything in it had been moved. */
	if (store->stats.wal_bytes < store->checkpoint_next - STORE_CHECKPOINT_STEP)
		store->checkpoint_next = STORE_CHECKPOINT_STEP;
	if (store->stats.wal_bytes < store->checkpoint_next)
		return false;
	start = clock_mono_us();
	sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &moved);
	took = clock_mono_us() - start;
	store->stats.checkpoints++;
	store->stats.checkpoint_us += took;
	if (took > store->stats.checkpoint_max_us)
		store->stats.checkpoint_max_us = took;
	store->checkpoint_next = store->stats.wal_bytes + STORE_CHECKPOINT_STEP;
	return true;
}
