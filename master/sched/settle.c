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
#include "master/sched/delivery.h"
#include "master/sched/job.h"
#include "master/sched/lane.h"
#include "master/sched/past.h"
#include "master/sched/report.h"
#include "master/sched/retry.h"
#include "master/sched/state.h"
#include "master/sched/verdict.h"
#include "master/sched/write.h"
#include "master/store/delivery.h"
#include "master/subject.h"

enum { SCHED_SETTLE_LOST_HELD = 3 };

/* A result that is final is written at once; the delivery goes on with the others. */
static void
sched_settle_final(struct sched *sched, struct sched_delivery *delivery,
		   struct sched_recipient *recipient, const struct proto_result_facts *facts)
{
	bool delivered = recipient->outcome.class == OUTCOME_DELIVERED;
	struct sched_report report = {.event = delivered ? RECORD_DELIVERED : RECORD_BOUNCED,
				      .facts = facts};

	if (delivered)
		sched->figures.delivered++;
	else
		sched->figures.bounced++;
	sched_report(sched, delivery, recipient, &report);
	if (list_is_empty(&delivery->link))
		list_append(&sched->dirty, &delivery->link);
}

/* The recipient of a job by its number; *delivery is whose it is. */
static struct sched_recipient *
sched_settle_find(const struct sched_job *job, uint64_t id, struct sched_delivery **delivery)
{
	struct sched_recipient *recipient = NULL;

	*delivery = NULL;
	while (recipient == NULL && (*delivery = sched_job_next(job, *delivery)) != NULL)
		recipient = sched_delivery_recipient(*delivery, id);
	return recipient;
}

bool
sched_settle_result(struct sched *sched, struct sched_job *job, const struct proto_result *result)
{
	for (size_t i = 0; i < result->recipient_count; i++) {
		const struct proto_result_recipient *from = &result->recipients[i];
		struct sched_delivery *delivery;
		struct sched_recipient *recipient = sched_settle_find(job, from->id, &delivery);

		if (recipient == NULL || !recipient->out || recipient->reported)
			return false;
		sched_delivery_report(recipient, &from->outcome);
		if (from->outcome.class != OUTCOME_TEMPORARY)
			sched_settle_final(sched, delivery, recipient, &result->facts);
		sched_write_facts(delivery, &result->facts);
	}
	return true;
}

/* What is final must not wait for the rest of the delivery, nor be lost with it. */
static void
sched_settle_keep(struct sched *sched, struct sched_delivery *delivery)
{
	if (list_is_empty(&delivery->link))
		return;
	list_remove(&delivery->link);
	sched_write_partial(sched, delivery);
}

/* A text that stands for an answer nobody gave. */
static void
sched_settle_assume(struct sched_delivery *delivery, const struct outcome *outcome)
{
	for (size_t i = 0; i < delivery->recipient_count; i++)
		if (!delivery->recipients[i].reported)
			sched_delivery_report(&delivery->recipients[i], outcome);
}

/* The same for those only who were in the job. */
static void
sched_settle_assume_out(struct sched_delivery *delivery, const struct outcome *outcome)
{
	for (size_t i = 0; i < delivery->recipient_count; i++)
		if (delivery->recipients[i].out && !delivery->recipients[i].reported)
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
	bool lost = local && first->outcome.step == OUTCOME_STEP_WORKER && delivery->lost > 0;
	struct sched_report report = {.facts = sched_write_known(delivery)};
	int64_t now = clock_wall_ms() / 1000;
	bool expired = delivery->expires_at != 0 && delivery->expires_at <= now;
	int64_t next = expired ? 0 : sched_settle_next(sched, delivery, local && !lost);

	report.event = expired ? RECORD_EXPIRED : RECORD_DEFERRED;
	report.next_attempt = next;
	for (size_t i = 0; i < delivery->recipient_count; i++) {
		struct sched_recipient *recipient = &delivery->recipients[i];

		if (recipient->outcome.class != OUTCOME_TEMPORARY)
			continue;
		sched->figures.deferred += !expired;
		sched->figures.bounced += expired;
		sched_report(sched, delivery, recipient, &report);
	}
	if (local)
		sched_past_note(sched, delivery);
	else
		sched_past_forget(sched, delivery);
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

/* Nothing was made of the job: who has no result yet goes out again at once. */
static void
sched_settle_again(struct sched *sched, struct sched_delivery *delivery)
{
	if (!sched_delivery_has_open(delivery)) {
		sched_settle_end(sched, delivery);
		return;
	}
	sched_settle_keep(sched, delivery);
	sched_lane_return(sched, delivery);
}

static void
sched_settle_finished(struct sched *sched, struct sched_delivery *delivery)
{
	if (sched_settle_has_part(delivery)) {
		sched_settle_keep(sched, delivery);
		sched_lane_return(sched, delivery);
		return;
	}
	/* Nobody was reached, which is true of those who were not tried, too. */
	if (sched_delivery_has_open(delivery))
		sched_settle_assume(delivery, &sched_verdict_first(delivery)->outcome);
	sched_settle_end(sched, delivery);
}

/* The worker has said that it is through: those it forgot failed for now. */
static void
sched_settle_complete(struct sched_delivery *delivery)
{
	const struct sched_recipient *first = sched_verdict_first(delivery);
	struct outcome silent = {.class = OUTCOME_TEMPORARY,
				 .step = OUTCOME_STEP_WORKER,
				 .error = OUTCOME_ERROR_IO,
				 .enhanced = {4, 3, 0},
				 .reply = slice_of("the worker ended the attempt without a result"),
				 .local = true};

	sched_settle_assume_out(delivery, first ? &first->outcome : &silent);
}

/* One delivery of a job that is DONE. */
static void
sched_settle_delivery(struct sched *sched, struct sched_delivery *delivery,
		      const struct proto_done *done)
{
	sched_write_hosts(delivery, done->hosts);
	if (done->kind == PROTO_DONE_FINISHED)
		sched_settle_finished(sched, delivery);
	else
		sched_settle_again(sched, delivery);
}

/* No connection came about although the job might have opened one. */
static bool
sched_settle_found_nobody(const struct sched_job *job, const struct proto_done *done)
{
	const struct sched_recipient *first = sched_verdict_first(job->delivery);

	return done->kind == PROTO_DONE_FINISHED && job->permit != SCHED_PERMIT_NONE &&
	       first != NULL && !first->outcome.local && first->outcome.step <= OUTCOME_STEP_EHLO;
}

bool
sched_settle_done(struct sched *sched, struct sched_job *job, const struct proto_done *done)
{
	struct sched_delivery *deliveries[PROTO_JOB_DELIVERIES];
	struct sched_delivery *delivery = NULL;
	bool unfit = done->kind == PROTO_DONE_UNTOUCHED && job->permit == SCHED_PERMIT_NONE;
	size_t count;

	while (done->kind == PROTO_DONE_FINISHED &&
	       (delivery = sched_job_next(job, delivery)) != NULL)
		sched_settle_complete(delivery);
	if (sched_settle_found_nobody(job, done))
		sched_destination_failed(job->via);
	count = sched_job_end(sched, &job, deliveries);
	for (size_t i = 0; i < count; i++) {
		deliveries[i]->unfit = unfit;
		sched_settle_delivery(sched, deliveries[i], done);
	}
	return true;
}

static const struct outcome *
sched_settle_outcome_lost(struct outcome *lost)
{
	*lost = (struct outcome){.class = OUTCOME_TEMPORARY,
				 .step = OUTCOME_STEP_WORKER,
				 .error = OUTCOME_ERROR_IO,
				 .enhanced = {4, 3, 0},
				 .reply = slice_of("the worker was lost"),
				 .local = true};
	return lost;
}

/* The final dot was out: nobody knows whether the peer has the message. */
static void
sched_settle_unknown(struct sched_delivery *delivery)
{
	struct outcome unknown = {
	    .class = OUTCOME_TEMPORARY,
	    .step = OUTCOME_STEP_DOT,
	    .error = OUTCOME_ERROR_CONNECTION,
	    .enhanced = {4, 4, 2},
	    .reply = slice_of("the worker was lost while waiting for the answer to the message; "
			      "it may be sent more than once"),
	    .unknown = true};

	sched_settle_assume_out(delivery, &unknown);
}

static void
sched_settle_hold(struct sched *sched, struct sched_delivery *delivery)
{
	log_error("alert: delivery=%llu msg=%llu was with a worker that died, for the third time: "
		  "held; look at it with: postrider show %llu",
		  (unsigned long long)delivery->id, (unsigned long long)delivery->message,
		  (unsigned long long)delivery->message);
	sched_settle_keep(sched, delivery);
	sched_past_forget(sched, delivery);
	sched_write_hold(sched, delivery);
}

/* One delivery whose worker died; dot: its message may have been delivered. */
static void
sched_settle_lost_delivery(struct sched *sched, struct sched_delivery *delivery, bool dot)
{
	struct outcome lost;

	if (dot) {
		sched_settle_assume(delivery, sched_settle_outcome_lost(&lost));
		sched_settle_end(sched, delivery);
		return;
	}
	delivery->lost++;
	sched_past_note(sched, delivery);
	if (delivery->lost == 1 || !sched_delivery_has_open(delivery)) {
		sched_settle_again(sched, delivery);
	} else if (delivery->lost >= SCHED_SETTLE_LOST_HELD) {
		sched_settle_hold(sched, delivery);
	} else {
		sched_settle_assume(delivery, sched_settle_outcome_lost(&lost));
		sched_settle_end(sched, delivery);
	}
}

void
sched_settle_lost(struct sched *sched, struct sched_job *job)
{
	struct sched_delivery *deliveries[PROTO_JOB_DELIVERIES];
	struct sched_delivery *delivery = NULL;
	bool dot = job->dot;
	size_t count;

	while (dot && (delivery = sched_job_next(job, delivery)) != NULL)
		sched_settle_unknown(delivery);
	count = sched_job_end(sched, &job, deliveries);
	for (size_t i = 0; i < count; i++)
		sched_settle_lost_delivery(sched, deliveries[i], dot);
}

void
sched_settle_unroutable(struct sched *sched, struct sched_delivery *delivery, struct slice relay)
{
	struct str text = {0};
	struct outcome outcome = {.class = OUTCOME_TEMPORARY,
				  .step = OUTCOME_STEP_ROUTE,
				  .error = OUTCOME_ERROR_IO,
				  .enhanced = {4, 3, 5},
				  .local = true};

	str_printf(&text, "queue.outbound.next-hop names the relay %.*s, which does not exist",
		   SLICE_ARG(relay));
	outcome.reply = (struct slice){text.data, text.len};
	sched_settle_assume(delivery, &outcome);
	sched_settle_end(sched, delivery);
	str_free(&text);
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
