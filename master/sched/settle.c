#include "master/sched/settle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/map.h"
#include "common/proto/result.h"
#include "common/random.h"
#include "common/settings/settings.h"
#include "master/record.h"
#include "master/sched/delivery.h"
#include "master/sched/job.h"
#include "master/sched/lane.h"
#include "master/sched/retry.h"
#include "master/sched/state.h"
#include "master/sched/verdict.h"
#include "master/sched/write.h"
#include "master/store/delivery.h"
#include "master/subject.h"

enum { SCHED_SETTLE_LOST_HELD = 3 };

static void
sched_settle_record(struct sched *sched, const struct sched_delivery *delivery,
		    const struct sched_recipient *recipient, enum record_event event,
		    const struct proto_result_facts *facts, int64_t next_attempt)
{
	int64_t ready = delivery->ready_ms ? delivery->ready_ms : delivery->due_at * 1000;
	struct record_line line = {.event = event,
				   .message = delivery->message,
				   .delivery = delivery->id,
				   .sender = delivery->sender,
				   .rcpt = recipient->address,
				   .domain = slice_of(delivery->lane->destination->name),
				   .retry_num = delivery->retry_num,
				   .size = delivery->size,
				   .outcome = recipient->reported ? &recipient->outcome : NULL,
				   .facts = facts,
				   .queue_s = (double)(delivery->due_at - delivery->created_at),
				   .schedule_s = (double)(delivery->sent_ms - ready) / 1000.0,
				   .next_attempt = next_attempt};

	if (line.queue_s < 0)
		line.queue_s = 0;
	if (line.schedule_s < 0)
		line.schedule_s = 0;
	record_add(sched->record, &line);
}

/* A result that is final is written at once; the delivery goes on with the others. */
static void
sched_settle_final(struct sched *sched, struct sched_delivery *delivery,
		   struct sched_recipient *recipient, const struct proto_result_facts *facts)
{
	bool delivered = recipient->outcome.class == OUTCOME_DELIVERED;

	if (delivered)
		sched->figures.delivered++;
	else
		sched->figures.bounced++;
	sched_settle_record(sched, delivery, recipient,
			    delivered ? RECORD_DELIVERED : RECORD_BOUNCED, facts, 0);
	if (list_is_empty(&delivery->link))
		list_append(&sched->dirty, &delivery->link);
}

bool
sched_settle_result(struct sched *sched, struct sched_job *job, const struct proto_result *result)
{
	struct sched_delivery *delivery = job->delivery;

	for (size_t i = 0; i < result->recipient_count; i++) {
		const struct proto_result_recipient *from = &result->recipients[i];
		struct sched_recipient *recipient = sched_delivery_recipient(delivery, from->id);

		if (recipient == NULL || recipient->reported)
			return false;
		sched_delivery_report(recipient, &from->outcome);
		if (from->outcome.class != OUTCOME_TEMPORARY)
			sched_settle_final(sched, delivery, recipient, &result->facts);
	}
	sched_write_facts(delivery, &result->facts);
	return true;
}

/* The delivery waits again as if it had not been tried. */
static void
sched_settle_again(struct sched *sched, struct sched_delivery *delivery)
{
	sched_delivery_rewind(delivery);
	sched_lane_return(sched, delivery);
}

/* A text that stands for an answer nobody gave. */
static void
sched_settle_assume(struct sched_delivery *delivery, const struct outcome *outcome)
{
	for (size_t i = 0; i < delivery->recipient_count; i++)
		if (!delivery->recipients[i].reported)
			sched_delivery_report(&delivery->recipients[i], outcome);
}

/* When the attempt is repeated, in seconds since the epoch. */
static int64_t
sched_settle_next(struct sched *sched, struct sched_delivery *delivery, bool local)
{
	struct settings_answer waits = {0};
	struct settings_answer jitter = {0};
	struct subject *subject;
	int64_t wait;

	if (local) {
		wait = sched_retry_local_wait(delivery->local_faults++);
	} else {
		subject = sched_delivery_subject(delivery);
		settings_eval(sched->settings, SETTING_QUEUE_SCHEDULE_RETRY, subject_env(subject),
			      &waits);
		settings_eval(sched->settings, SETTING_QUEUE_SCHEDULE_JITTER, subject_env(subject),
			      &jitter);
		wait = sched_retry_wait(waits.integers, waits.count, delivery->retry_num,
					jitter.real, random_default, NULL);
		subject_free(&subject);
	}
	return (clock_wall_ms() + wait + 999) / 1000;
}

/* Everybody who is left failed for now: expired, or again later. */
static void
sched_settle_later(struct sched *sched, struct sched_delivery *delivery)
{
	const struct sched_recipient *first = sched_verdict_first(delivery);
	bool local = first->outcome.local;
	int64_t now = clock_wall_ms() / 1000;
	bool expired = delivery->expires_at != 0 && delivery->expires_at <= now;
	int64_t next = expired ? 0 : sched_settle_next(sched, delivery, local);

	for (size_t i = 0; i < delivery->recipient_count; i++) {
		struct sched_recipient *recipient = &delivery->recipients[i];

		if (recipient->outcome.class != OUTCOME_TEMPORARY)
			continue;
		sched->figures.deferred += !expired;
		sched->figures.bounced += expired;
		sched_settle_record(sched, delivery, recipient,
				    expired ? RECORD_EXPIRED : RECORD_DEFERRED,
				    sched_write_known(delivery), next);
	}
	if (expired)
		sched_write_finish(sched, delivery, STORE_RECIPIENT_EXPIRED);
	else
		sched_write_stay(sched, delivery, next, !local);
}

/* Every recipient has a result for this attempt. */
static void
sched_settle_end(struct sched *sched, struct sched_delivery *delivery)
{
	sched->figures.attempts++;
	if (sched_verdict_first(delivery) == NULL)
		sched_write_finish(sched, delivery, STORE_RECIPIENT_FAILED);
	else
		sched_settle_later(sched, delivery);
}

/* Recipients that were not in this part: the next part goes at once, unless it would be in vain. */
static bool
sched_settle_has_part(const struct sched_delivery *delivery)
{
	bool reached = false;
	bool left = false;

	for (size_t i = 0; i < delivery->recipient_count; i++) {
		const struct sched_recipient *recipient = &delivery->recipients[i];

		left = left || !recipient->reported;
		reached = reached ||
			  (recipient->reported && (recipient->outcome.class != OUTCOME_TEMPORARY ||
						   recipient->outcome.step == OUTCOME_STEP_RCPT));
	}
	return left && reached;
}

static void
sched_settle_finished(struct sched *sched, struct sched_delivery *delivery)
{
	const struct sched_recipient *first;
	struct outcome silent = {.class = OUTCOME_TEMPORARY,
				 .step = OUTCOME_STEP_WORKER,
				 .error = OUTCOME_ERROR_IO,
				 .enhanced = {4, 3, 0},
				 .reply = slice_of("the worker ended the attempt without a result"),
				 .local = true};

	if (sched_settle_has_part(delivery)) {
		sched_lane_return(sched, delivery);
		return;
	}
	first = sched_verdict_first(delivery);
	sched_settle_assume(delivery, first ? &first->outcome : &silent);
	sched_settle_end(sched, delivery);
}

bool
sched_settle_done(struct sched *sched, struct sched_job *job, const struct proto_done *done)
{
	struct sched_delivery *delivery = job->delivery;
	bool opening = job->permit != SCHED_PERMIT_NONE;

	sched_job_end(sched, &job);
	sched_write_hosts(delivery, done->hosts);
	if (done->kind == PROTO_DONE_FINISHED) {
		const struct sched_recipient *first = sched_verdict_first(delivery);

		if (opening && first != NULL && first->outcome.step <= OUTCOME_STEP_EHLO)
			sched_destination_failed(delivery->lane->destination);
		sched_settle_finished(sched, delivery);
	} else {
		sched_settle_again(sched, delivery);
	}
	return true;
}

/* The final dot was out: nobody knows whether the peer has the message. */
static void
sched_settle_unknown(struct sched *sched, struct sched_delivery *delivery)
{
	struct outcome unknown = {
	    .class = OUTCOME_TEMPORARY,
	    .step = OUTCOME_STEP_DOT,
	    .error = OUTCOME_ERROR_CONNECTION,
	    .enhanced = {4, 4, 2},
	    .reply = slice_of("the worker was lost while waiting for the answer to the message; "
			      "it may be sent more than once"),
	    .unknown = true};

	sched_settle_assume(delivery, &unknown);
	sched_settle_end(sched, delivery);
}

void
sched_settle_lost(struct sched *sched, struct sched_job *job)
{
	struct sched_delivery *delivery = job->delivery;
	struct outcome lost = {.class = OUTCOME_TEMPORARY,
			       .step = OUTCOME_STEP_WORKER,
			       .error = OUTCOME_ERROR_IO,
			       .enhanced = {4, 3, 0},
			       .reply = slice_of("the worker was lost"),
			       .local = true};
	bool dot = job->dot;

	sched_job_end(sched, &job);
	if (dot) {
		sched_settle_unknown(sched, delivery);
		return;
	}
	delivery->lost++;
	if (delivery->lost == 1) {
		sched_settle_again(sched, delivery);
		return;
	}
	if (delivery->lost >= SCHED_SETTLE_LOST_HELD) {
		log_error("alert: delivery=%llu msg=%llu was with a worker that died, for the "
			  "third time: held; look at it with: postrider show %llu",
			  (unsigned long long)delivery->id, (unsigned long long)delivery->message,
			  (unsigned long long)delivery->message);
		sched_write_hold(sched, delivery);
		return;
	}
	sched_settle_assume(delivery, &lost);
	sched_settle_end(sched, delivery);
}

void
sched_settle_unsendable(struct sched *sched, struct sched_delivery *delivery, const char *reason)
{
	struct outcome outcome = {.class = OUTCOME_TEMPORARY,
				  .step = OUTCOME_STEP_BODY_READ,
				  .error = OUTCOME_ERROR_IO,
				  .enhanced = {4, 3, 0},
				  .reply = slice_of(reason),
				  .local = true};

	sched_settle_assume(delivery, &outcome);
	sched_settle_end(sched, delivery);
}

void
sched_settle_flush(struct sched *sched)
{
	while (!list_is_empty(&sched->dirty)) {
		struct sched_delivery *delivery =
		    list_first(&sched->dirty, struct sched_delivery, link);

		list_remove(&delivery->link);
		sched_write_partial(sched, delivery);
	}
}
