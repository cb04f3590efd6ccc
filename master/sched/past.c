#include "master/sched/past.h"

#include <stdlib.h>

#include "common/alloc.h"
#include "common/map.h"
#include "master/sched/delivery.h"
#include "master/sched/state.h"

struct sched_past {
	unsigned lost;
	unsigned local_faults;
};

void
sched_past_recall(const struct sched *sched, struct sched_delivery *delivery)
{
	const struct sched_past *past = map_find_id(sched->past, delivery->id);

	if (past == NULL)
		return;
	delivery->lost = past->lost;
	delivery->local_faults = past->local_faults;
}

void
sched_past_note(struct sched *sched, const struct sched_delivery *delivery)
{
	struct sched_past *past = map_find_id(sched->past, delivery->id);

	if (past == NULL) {
		if (map_count(sched->past) >= SCHED_PAST_MOST)
			return;
		past = alloc_new(struct sched_past);
		map_put_id(sched->past, delivery->id, past);
	}
	past->lost = delivery->lost;
	past->local_faults = delivery->local_faults;
}

void
sched_past_forget(struct sched *sched, struct sched_delivery *delivery)
{
	delivery->lost = 0;
	delivery->local_faults = 0;
	if (map_count(sched->past) > 0)
		free(map_take_id(sched->past, delivery->id));
}
