#include "master/sched/company.h"

#include "common/map.h"
#include "master/sched/delivery.h"
#include "master/sched/state.h"

void
sched_company_join(struct sched *sched, struct sched_delivery *delivery)
{
	struct sched_delivery *other = map_find_id(sched->messages, delivery->message);

	list_init(&delivery->company);
	if (other != NULL)
		list_append(&other->company, &delivery->company);
	else
		map_put_id(sched->messages, delivery->message, delivery);
}

struct sched_delivery *
sched_company_next(const struct sched_delivery *delivery)
{
	return list_entry(delivery->company.next, struct sched_delivery, company);
}

void
sched_company_leave(struct sched *sched, struct sched_delivery *delivery)
{
	struct sched_delivery *next = sched_company_next(delivery);

	if (map_find_id(sched->messages, delivery->message) == delivery) {
		if (next == delivery)
			map_take_id(sched->messages, delivery->message);
		else
			map_put_id(sched->messages, delivery->message, next);
	}
	list_remove(&delivery->company);
}
