#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/random.h"

/* When a delivery is tried again. Pure: time and randomness are passed in. */

/*
 * Milliseconds to wait after failed attempt number retry_num (0 for the first): that element of
 * the list, the last for all later ones, spread by plus or minus jitter (0.1 is ten per cent).
 * An empty list counts as one minute. Never less than one second.
 */
int64_t sched_retry_wait(const int64_t *list, size_t count, unsigned retry_num, double jitter,
			 random_fn random, void *arg);
/*
 * The wait after a fault of our own (no address to bind, no resolver, a file that cannot be read)
 * that happened `faults` times in a row before: one minute, doubling up to fifteen.
 */
int64_t sched_retry_local_wait(unsigned faults);
