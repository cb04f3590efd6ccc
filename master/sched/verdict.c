#include "master/sched/verdict.h"

#include <stddef.h>

#include "master/sched/delivery.h"

const struct sched_recipient *
sched_verdict_first(const struct sched_delivery *delivery)
{
	const struct sched_recipient *local = NULL;

	for (size_t i = 0; i < delivery->recipient_count; i++) {
		const struct sched_recipient *recipient = &delivery->recipients[i];

		if (!recipient->reported || recipient->outcome.class != OUTCOME_TEMPORARY)
			continue;
		if (!recipient->outcome.local)
			return recipient;
		if (local == NULL)
			local = recipient;
	}
	return local;
}
