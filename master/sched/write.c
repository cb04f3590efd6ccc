#include "master/sched/write.h"

#include <assert.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/proto/result.h"
#include "master/sched/delivery.h"
#include "master/sched/lane.h"
#include "master/sched/past.h"
#include "master/sched/report.h"
#include "master/sched/state.h"
#include "master/sched/verdict.h"
#include "master/store/settle.h"

/* An operation on one delivery with all it points to; done() decides what becomes of the delivery.
 */
struct sched_write {
	struct store_settle settle;
	struct store_last last;
	struct store_settle_attempt attempt;
	struct sched *sched;
	struct sched_delivery *delivery;
	int64_t next; /* STAYS: when the lane has something due again */
	struct arena *arena;
};

/* What an attempt leaves behind for its row; made at the first RESULT or DONE of the attempt. */
struct sched_write_trace {
	struct arena *arena;
	struct proto_result_facts facts;
	struct slice hosts;
};

static struct sched_write_trace *
sched_write_trace(struct sched_delivery *delivery)
{
	if (delivery->trace == NULL) {
		struct arena *arena = arena_new();

		delivery->trace = arena_zero(arena, struct sched_write_trace);
		delivery->trace->arena = arena;
	}
	return delivery->trace;
}

static struct slice
sched_write_copy(struct arena *arena, struct slice text)
{
	return (struct slice){arena_copy(arena, text.data, text.len), text.len};
}

void
sched_write_facts(struct sched_delivery *delivery, const struct proto_result_facts *facts)
{
	struct sched_write_trace *trace = sched_write_trace(delivery);
	struct proto_result_facts *copy = &trace->facts;

	*copy = *facts;
	copy->host = sched_write_copy(trace->arena, facts->host);
	copy->remote_ip = sched_write_copy(trace->arena, facts->remote_ip);
	copy->source_ip = sched_write_copy(trace->arena, facts->source_ip);
	copy->ehlo = sched_write_copy(trace->arena, facts->ehlo);
	copy->tls_version = sched_write_copy(trace->arena, facts->tls_version);
	copy->tls_cipher = sched_write_copy(trace->arena, facts->tls_cipher);
	copy->tls_policy = sched_write_copy(trace->arena, facts->tls_policy);
}

const struct proto_result_facts *
sched_write_known(const struct sched_delivery *delivery)
{
	return delivery->trace ? &delivery->trace->facts : NULL;
}

void
sched_write_hosts(struct sched_delivery *delivery, struct slice hosts)
{
	struct sched_write_trace *trace;

	if (hosts.len == 0)
		return;
	trace = sched_write_trace(delivery);
	trace->hosts = sched_write_copy(trace->arena, hosts);
}

void
sched_write_forget(struct sched_delivery *delivery)
{
	struct arena *arena;

	if (delivery->trace == NULL)
		return;
	arena = delivery->trace->arena;
	delivery->trace = NULL;
	arena_free(&arena);
}

static const char *
sched_write_enhanced(struct arena *arena, struct outcome_enhanced enhanced)
{
	char *text;

	if (enhanced.class == 0)
		return NULL;
	text = arena_alloc(arena, OUTCOME_ENHANCED_TEXT);
	return outcome_enhanced_text(text, enhanced);
}

/* Results that are final and in no operation yet become part of this one. */
static void
sched_write_recipients(struct sched_write *write, enum store_recipient_state others)
{
	struct sched_delivery *delivery = write->delivery;
	struct store_settle_recipient *rows =
	    arena_array(write->arena, delivery->recipient_count, sizeof(*rows));
	size_t count = 0;

	for (size_t i = 0; i < delivery->recipient_count; i++) {
		struct sched_recipient *recipient = &delivery->recipients[i];
		const struct outcome *outcome = &recipient->outcome;

		if (recipient->settled || !recipient->reported)
			continue;
		if (outcome->class == OUTCOME_TEMPORARY && others == STORE_RECIPIENT_PENDING)
			continue;
		rows[count].id = (int64_t)recipient->id;
		rows[count].state = outcome->class == OUTCOME_DELIVERED ? STORE_RECIPIENT_DELIVERED
				    : outcome->class == OUTCOME_PERMANENT ? STORE_RECIPIENT_FAILED
									  : others;
		rows[count].code = outcome->code;
		rows[count].enhanced = sched_write_enhanced(write->arena, outcome->enhanced);
		rows[count].reply =
		    arena_copy(write->arena, outcome->reply.data, outcome->reply.len);
		recipient->settled = true;
		count++;
	}
	write->settle.recipients = rows;
	write->settle.recipients_count = count;
}

static void
sched_write_complain(const struct sched_write *write)
{
	log_error("alert: delivery=%llu: its result could not be written; it is left alone until "
		  "the next start",
		  (unsigned long long)write->delivery->id);
}

static void
sched_write_free(struct sched_write *write)
{
	/* It lies in its arena. */
	struct arena *arena = write->arena;

	arena_free(&arena);
}

/* Results that could not be written become part of the delivery's last operation. */
static void
sched_write_unsettle(const struct sched_write *write)
{
	for (size_t i = 0; i < write->settle.recipients_count; i++)
		sched_delivery_recipient(write->delivery, (uint64_t)write->settle.recipients[i].id)
		    ->settled = false;
	log_error("delivery=%llu: results of single recipients could not be written",
		  (unsigned long long)write->delivery->id);
}

/* The recipients' rows are written; the delivery itself is still out, or waits for its next job. */
static void
sched_write_partial_done(struct store_op *op, bool committed, void *arg)
{
	struct sched_write *write = arg;

	(void)op;
	if (!committed)
		sched_write_unsettle(write);
	write->delivery->writing--;
	sched_write_free(write);
}

/* The delivery's fate is written: it leaves memory, and its lane learns when it is due again. */
static void
sched_write_end_done(struct store_op *op, bool committed, void *arg)
{
	struct sched_write *write = arg;
	struct sched *sched = write->sched;
	struct sched_lane *lane = write->delivery->lane;

	(void)op;
	if (!committed) {
		sched_write_complain(write);
		sched_delivery_move(write->delivery, SCHED_STUCK);
		sched_write_free(write);
		return;
	}
	if (write->settle.removed_meanwhile) {
		log_info("delivery=%llu was removed from the queue meanwhile",
			 (unsigned long long)write->delivery->id);
		if (write->settle.end == STORE_SETTLE_STAYS)
			sched_report_removed(sched, write->delivery);
	} else if (write->next != 0) {
		sched_lane_due(sched, lane, write->next);
	}
	sched_lane_forget(sched, &write->delivery);
	sched_lane_settle(sched, lane);
	sched_write_free(write);
}

static struct sched_write *
sched_write_new(struct sched *sched, struct sched_delivery *delivery,
		void (*done)(struct store_op *, bool, void *))
{
	struct arena *arena = arena_new();
	struct sched_write *write = arena_zero(arena, struct sched_write);

	write->arena = arena;
	write->sched = sched;
	write->delivery = delivery;
	store_settle_init(&write->settle, done, write);
	write->settle.delivery_id = (int64_t)delivery->id;
	return write;
}

void
sched_write_partial(struct sched *sched, struct sched_delivery *delivery)
{
	struct sched_write *write = sched_write_new(sched, delivery, sched_write_partial_done);

	delivery->writing++;
	write->settle.end = STORE_SETTLE_GOES_ON;
	sched_write_recipients(write, STORE_RECIPIENT_PENDING);
	store_turn_add(sched->store, &write->settle.op);
}

static void
sched_write_end(struct sched_write *write)
{
	sched_delivery_move(write->delivery, SCHED_SETTLING);
	sched_write_forget(write->delivery);
	store_turn_add(write->sched->store, &write->settle.op);
}

void
sched_write_finish(struct sched *sched, struct sched_delivery *delivery,
		   enum store_recipient_state state)
{
	struct sched_write *write = sched_write_new(sched, delivery, sched_write_end_done);

	sched_past_forget(sched, delivery);
	write->settle.end = STORE_SETTLE_FINISHED;
	sched_write_recipients(write, state);
	sched_write_end(write);
}

static void
sched_write_last(struct sched_write *write)
{
	const struct sched_delivery *delivery = write->delivery;
	const struct outcome *outcome = &sched_verdict_first(delivery)->outcome;
	const struct proto_result_facts *facts = sched_write_known(delivery);
	struct arena *arena = write->arena;

	write->last.class = outcome_error_name(outcome->error);
	write->last.step = outcome_step_name(outcome->step);
	write->last.code = outcome->code;
	write->last.enhanced = sched_write_enhanced(arena, outcome->enhanced);
	write->last.reply = arena_copy(arena, outcome->reply.data, outcome->reply.len);
	if (facts != NULL) {
		write->last.host = arena_copy(arena, facts->host.data, facts->host.len);
		write->last.ip = arena_copy(arena, facts->remote_ip.data, facts->remote_ip.len);
	}
	if (outcome->error == OUTCOME_ERROR_TLS || outcome->error == OUTCOME_ERROR_DANE ||
	    outcome->error == OUTCOME_ERROR_MTA_STS)
		write->last.tls_error = outcome_error_name(outcome->error);
	else if (delivery->last_tls_error.len > 0)
		write->last.tls_error =
		    arena_copy(arena, delivery->last_tls_error.data, delivery->last_tls_error.len);
	write->settle.last = &write->last;
}

/* One row of the history: what was tried, host by host. */
static void
sched_write_attempt(struct sched_write *write, int64_t now)
{
	const struct sched_delivery *delivery = write->delivery;
	const struct outcome *outcome = &sched_verdict_first(delivery)->outcome;
	struct slice text = outcome->reply;

	if (delivery->trace != NULL && delivery->trace->hosts.len > 0)
		text = delivery->trace->hosts;
	write->attempt.retry_num = delivery->retry_num;
	write->attempt.at = delivery->sent_ms != 0 ? delivery->sent_ms / 1000 : now;
	write->attempt.text = arena_copy(write->arena, text.data, text.len);
	write->settle.attempt = &write->attempt;
}

void
sched_write_stay(struct sched *sched, struct sched_delivery *delivery, int64_t next, bool counts)
{
	struct sched_write *write = sched_write_new(sched, delivery, sched_write_end_done);
	int64_t now = clock_wall_ms() / 1000;

	write->settle.end = STORE_SETTLE_STAYS;
	write->settle.retry_num = delivery->retry_num + counts;
	write->settle.next_attempt_at = next;
	write->settle.last_attempt_at = now;
	write->next = next;
	sched_write_last(write);
	sched_write_attempt(write, now);
	sched_write_recipients(write, STORE_RECIPIENT_PENDING);
	sched_write_end(write);
}

/* A hold: another kind of operation with the same end. */
struct sched_write_hold {
	struct store_delivery_change change;
	struct sched *sched;
	struct sched_delivery *delivery;
};

static void
sched_write_hold_done(struct store_op *op, bool committed, void *arg)
{
	struct sched_write_hold *hold = arg;
	struct sched_lane *lane = hold->delivery->lane;

	(void)op;
	if (committed) {
		if (hold->change.removed_meanwhile)
			sched_report_removed(hold->sched, hold->delivery);
		sched_lane_forget(hold->sched, &hold->delivery);
		sched_lane_settle(hold->sched, lane);
	} else {
		log_error("alert: delivery=%llu could not be held; it is left alone until the "
			  "next start",
			  (unsigned long long)hold->delivery->id);
		sched_delivery_move(hold->delivery, SCHED_STUCK);
	}
	free(hold);
}

void
sched_write_hold(struct sched *sched, struct sched_delivery *delivery)
{
	struct sched_write_hold *hold = alloc_new(struct sched_write_hold);

	hold->sched = sched;
	hold->delivery = delivery;
	store_delivery_change_init(&hold->change, sched_write_hold_done, hold);
	hold->change.delivery_id = (int64_t)delivery->id;
	hold->change.fields = STORE_DELIVERY_STATE;
	hold->change.state = STORE_DELIVERY_HELD;
	sched_delivery_move(delivery, SCHED_SETTLING);
	sched_write_forget(delivery);
	store_turn_add(sched->store, &hold->change.op);
}
