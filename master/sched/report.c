#include "master/sched/report.h"

#include "common/proto/result.h"
#include "master/sched/delivery.h"
#include "master/sched/state.h"
#include "master/store/delivery.h"

/* Looked up only when somebody else has written since the row was read. */
static bool
sched_report_is_removed(const struct sched *sched, const struct sched_delivery *delivery)
{
	enum store_delivery_state state;
	int64_t rev;

	return delivery->seen != sched->edits &&
	       store_delivery_check(sched->store, (int64_t)delivery->id, &state, &rev, NULL) ==
		   STORE_DELIVERY_GONE;
}

void
sched_report(struct sched *sched, const struct sched_delivery *delivery,
	     const struct sched_recipient *recipient, const struct sched_report *report)
{
	int64_t ready = delivery->ready_ms ? delivery->ready_ms : delivery->due_at * 1000;
	struct record_line line = {.event = report->event,
				   .message = delivery->message,
				   .delivery = delivery->id,
				   .sender = delivery->sender,
				   .rcpt = recipient->address,
				   .domain = slice_of(delivery->lane->destination->name),
				   .retry_num = delivery->retry_num,
				   .size = delivery->size,
				   .outcome = recipient->reported ? &recipient->outcome : NULL,
				   .facts = report->facts,
				   .removed_meanwhile = report->removed_meanwhile ||
							sched_report_is_removed(sched, delivery),
				   .queue_s = (double)(delivery->due_at - delivery->created_at),
				   .schedule_s = (double)(delivery->sent_ms - ready) / 1000.0,
				   .next_attempt = report->next_attempt};

	if (line.queue_s < 0)
		line.queue_s = 0;
	if (line.schedule_s < 0)
		line.schedule_s = 0;
	record_add(sched->record, &line);
}

void
sched_report_removed(struct sched *sched, const struct sched_delivery *delivery)
{
	struct sched_report report = {.event = RECORD_REMOVED, .removed_meanwhile = true};

	for (size_t i = 0; i < delivery->recipient_count; i++) {
		const struct sched_recipient *recipient = &delivery->recipients[i];

		if (!recipient->reported || recipient->outcome.class == OUTCOME_TEMPORARY)
			sched_report(sched, delivery, recipient, &report);
	}
}
