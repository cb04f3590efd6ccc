#include "master/turn.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/settings/settings.h"
#include "common/why.h"
#include "master/core.h"
#include "master/generation.h"
#include "master/intake.h"
#include "master/lend.h"
#include "master/sched/sched.h"
#include "master/store/checkpoint.h"
#include "master/store/reserve.h"
#include "master/store/segment.h"
#include "master/store/turn.h"

enum {
	TURN_BUSY_MS = 10, /* somebody else holds the lock of the database */
	TURN_BUSY_SAY_MS = 5000,
	TURN_FAILED_MS = 1000,   /* the disk is full or broken */
	TURN_REAP = 16,          /* segments removed per tick */
	TURN_RESERVE_MS = 10000, /* between two looks at the reserve */
};

/* Says once that commits are held up, and once that they are not any more. */
static void
turn_say_busy(struct core *core, bool busy)
{
	int64_t now = clock_mono_ms();

	if (!busy) {
		if (core->busy_said)
			log_warn("the queue can be written again");
		core->busy_since_ms = 0;
		core->busy_said = false;
		return;
	}
	if (core->busy_since_ms == 0)
		core->busy_since_ms = now;
	if (core->busy_said || now - core->busy_since_ms < TURN_BUSY_SAY_MS)
		return;
	core->busy_said = true;
	log_warn("somebody holds the lock of queue.db (an open transaction in sqlite3?): nothing "
		 "can be written; %zu operations wait",
		 store_turn_pending(core->store));
}

static void
turn_say_failed(struct core *core, const char *reason)
{
	if (reason == NULL) {
		if (core->failed_said)
			log_warn("the queue can be written again");
		core->failed_said = false;
	} else if (!core->failed_said) {
		log_error("the queue cannot be written: %s; nothing is accepted or sent until it "
			  "can",
			  reason);
		core->failed_said = true;
	}
}

/* Milliseconds until the next commit should be tried; -1: nothing is left to commit. */
static long
turn_commit(struct core *core)
{
	int64_t left = core->commit_after_ms - clock_mono_ms();
	struct why why = {0};

	/* Events come often while the lock is held or the disk is full: a try has its price. */
	if (left > 0)
		return (long)left;
	sched_before_commit(core->sched);
	switch (store_turn_run(core->store, &why)) {
	case STORE_TURN_IDLE:
		return -1;
	case STORE_TURN_COMMITTED:
		turn_say_busy(core, false);
		turn_say_failed(core, NULL);
		store_checkpoint_tick(core->store);
		return store_turn_pending(core->store) > 0 ? 0 : -1;
	case STORE_TURN_BUSY:
		turn_say_busy(core, true);
		core->commit_after_ms = clock_mono_ms() + TURN_BUSY_MS;
		return TURN_BUSY_MS;
	case STORE_TURN_FULL:
	case STORE_TURN_FAILED:
		turn_say_failed(core, why.text);
		core->commit_after_ms = clock_mono_ms() + TURN_FAILED_MS;
		return TURN_FAILED_MS;
	}
	return -1;
}

static long
turn_sooner(long a, long b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

long
turn_run(struct core *core)
{
	long commit = turn_commit(core);
	size_t pending = store_turn_pending(core->store);
	int64_t next = sched_turn(core->sched);

	/* What cannot be read right now became an operation: it wants a commit, if one can be had.
	 */
	if (commit < 0 && store_turn_pending(core->store) > pending)
		commit = 0;
	if (next > 3600000)
		next = 3600000;
	return turn_sooner(commit, (long)next);
}

/* Under spool.min-free nothing is accepted; what is there is still delivered. */
static void
turn_check_space(struct core *core)
{
	const struct settings *settings = core->generation->settings;
	int64_t bytes;
	int64_t free_bytes;
	struct statvfs fs;
	int percent;
	bool full;

	settings_space(settings, SETTING_SPOOL_MIN_FREE, &bytes, &percent);
	if (statvfs(settings_text(settings, SETTING_SPOOL_PATH), &fs) != 0)
		return;
	free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	full =
	    free_bytes < bytes || (double)fs.f_bavail * 100 < (double)fs.f_blocks * (double)percent;
	if (full != core->space_low)
		log_warn(full ? "the spool is short of space: no message is accepted until there "
				"is more (spool.min-free)"
			      : "the spool has space again: messages are accepted");
	core->space_low = full;
	intake_set_full(core->intake, full);
	lend_set_full(core->lend, full);
}

/* What was given back when the disk was full is taken again once there is room. */
static void
turn_check_reserve(struct core *core)
{
	int64_t now = clock_mono_ms();

	if (now < core->reserve_after_ms)
		return;
	core->reserve_after_ms = now + TURN_RESERVE_MS;
	if (store_turn_is_healthy(core->store))
		store_reserve_make(core->store, NULL);
}

static bool
turn_pinned(void *arg, int64_t segment)
{
	return sched_pins(arg, segment);
}

void
turn_tick(struct core *core)
{
	struct why why = {0};

	turn_check_space(core);
	turn_check_reserve(core);
	sched_tick(core->sched);
	lend_tick(core->lend);
	if (store_segment_reap(core->store, TURN_REAP, turn_pinned, core->sched, &why) < 0)
		log_error("segments cannot be removed: %s", why.text);
}
