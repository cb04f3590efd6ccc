#include "master/sched/retry.h"

enum { SCHED_RETRY_SCALE = 1000000, SCHED_RETRY_MINUTE = 60000, SCHED_RETRY_LOCAL_MOST = 900000 };

int64_t
sched_retry_wait(const int64_t *list, size_t count, unsigned retry_num, double jitter,
		 random_fn random, void *arg)
{
	int64_t wait = SCHED_RETRY_MINUTE;
	double spread;

	if (count > 0)
		wait = list[retry_num < count ? retry_num : count - 1];
	if (jitter > 0) {
		/* Uniform in [-1, 1]. */
		spread = (double)random(2 * SCHED_RETRY_SCALE + 1, arg) / SCHED_RETRY_SCALE - 1;
		wait += (int64_t)((double)wait * (jitter < 1 ? jitter : 1) * spread);
	}
	return wait < 1000 ? 1000 : wait;
}

int64_t
sched_retry_local_wait(unsigned faults)
{
	if (faults > 3)
		return SCHED_RETRY_LOCAL_MOST;
	return (int64_t)SCHED_RETRY_MINUTE << faults;
}
