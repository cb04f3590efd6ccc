#include "master/sched/verdict.h"

#include <stddef.h>

#include "master/sched/delivery.h"

const struct sched_recipient *
sched_verdict_first(const struct sched_delivery *delivery)
{
	for (size_t i = 0; i < delivery->recipient_count; i++) {
		const struct sched_recipient *recipient = &delivery->recipients[i];

		if (recipient->reported && recipient->outcome.class == OUTCOME_TEMPORARY)
			return recipient;
	}
	return NULL;
}
