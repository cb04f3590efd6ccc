#include "master/sched/job.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/channel.h"
#include "common/clock.h"
#include "common/domain.h"
#include "common/frame.h"
#include "common/log.h"
#include "common/map.h"
#include "common/proto/job.h"
#include "common/settings/settings.h"
#include "common/why.h"
#include "master/pool/worker.h"
#include "master/sched/company.h"
#include "master/sched/delivery.h"
#include "master/sched/destination.h"
#include "master/sched/lane.h"
#include "master/sched/load.h"
#include "master/sched/state.h"
#include "master/store/id.h"
#include "master/store/segment.h"
#include "master/subject.h"

enum {
	SCHED_JOB_GRACE_MS = 30000,  /* an answer is overdue that long after the attempt's end */
	SCHED_JOB_PIECE = 60 * 1024, /* of a message in one packet */
};

/* The recipients of a packet as it is filled. */
struct sched_job_envelope {
	struct proto_job_recipient recipients[PROTO_JOB_RECIPIENTS];
	size_t count;
	size_t bytes;
	uint64_t deliveries[PROTO_JOB_DELIVERIES];
	size_t delivery_count;
};

/* Those who have no result yet, as many as fit; returns how many are left for another part. */
static size_t
sched_job_add(struct sched_job_envelope *envelope, struct sched_delivery *delivery)
{
	uint16_t index = (uint16_t)envelope->delivery_count;
	size_t left = 0;

	envelope->deliveries[envelope->delivery_count++] = delivery->id;
	for (size_t i = 0; i < delivery->recipient_count; i++) {
		struct sched_recipient *from = &delivery->recipients[i];
		size_t bytes = from->address.len + from->orcpt.len + 32;

		if (from->reported)
			continue;
		if (envelope->count == PROTO_JOB_RECIPIENTS ||
		    (envelope->count > 0 && envelope->bytes + bytes > PROTO_JOB_ENVELOPE)) {
			left++;
			continue;
		}
		from->out = true;
		envelope->bytes += bytes;
		envelope->recipients[envelope->count++] =
		    (struct proto_job_recipient){.id = from->id,
						 .delivery = index,
						 .address = from->address,
						 .orcpt = from->orcpt,
						 .notify = from->notify};
	}
	return left;
}

/* All of it would fit, too: it travels in company or by itself, never half. */
static bool
sched_job_fits(const struct sched_job_envelope *envelope, const struct sched_delivery *delivery)
{
	size_t bytes = envelope->bytes;

	for (size_t i = 0; i < delivery->recipient_count; i++)
		bytes +=
		    delivery->recipients[i].address.len + delivery->recipients[i].orcpt.len + 32;
	return envelope->count + delivery->recipient_count <= PROTO_JOB_RECIPIENTS &&
	       bytes <= PROTO_JOB_ENVELOPE && envelope->delivery_count < PROTO_JOB_DELIVERIES;
}

/* The attempt may last as long as the settings say, and not far beyond the message's expiry. */
static uint32_t
sched_job_attempt_ms(struct sched *sched, const struct sched_delivery *delivery)
{
	struct subject *subject = sched_delivery_subject(delivery);
	int64_t cap = 1;

	settings_eval_duration_ms(sched->settings, SETTING_QUEUE_OUTBOUND_TIMEOUTS_ATTEMPT,
				  subject_env(subject), &cap);
	subject_free(&subject);
	if (delivery->expires_at != 0) {
		int64_t rest = delivery->expires_at * 1000 + 60000 - clock_wall_ms();

		if (rest < 60000)
			rest = 60000;
		if (rest < cap)
			cap = rest;
	}
	return cap > INT32_MAX ? INT32_MAX : (uint32_t)cap;
}

static void
sched_job_fill(const struct sched_delivery *delivery, struct proto_job *job)
{
	job->message = delivery->message;
	job->sender = delivery->sender;
	job->envid = delivery->envid;
	job->ret = (enum proto_ret)delivery->ret;
	job->priority = delivery->priority;
	job->smtputf8 = delivery->smtputf8;
	job->requiretls = delivery->requiretls;
	job->size = (uint64_t)delivery->size;
	job->crc32c = delivery->crc32c;
	job->eight_bit = delivery->eight_bit;
	job->needs_stuffing = delivery->needs_stuffing;
	job->longest_line = delivery->longest_line;
	job->offset = (uint64_t)delivery->offset;
	job->facts.retry_num = delivery->retry_num;
	job->facts.notify_num = delivery->notify_num;
	job->facts.created_at = delivery->created_at;
	job->facts.expires_at = delivery->expires_at;
	job->facts.last_status = delivery->last_status;
	job->facts.last_error = delivery->last_error;
	job->facts.last_tls_error = delivery->last_tls_error;
	if (job->facts.last_status.len > PROTO_JOB_REPLY)
		job->facts.last_status.len = PROTO_JOB_REPLY;
}

/* Room in the packet for a piece of the message, read from its segment straight into it. */
static bool
sched_job_put_piece(struct sched *sched, const struct sched_delivery *delivery,
		    struct wire_writer *writer, size_t offset, size_t len, struct why *why)
{
	void *at = wire_put_space(writer, len);

	assert(at != NULL);
	if (store_segment_read(sched->store, delivery->segment, delivery->offset + (int64_t)offset,
			       at, len, why))
		return true;
	memset(at, 0, len);
	return false;
}

static enum sched_job_sent
sched_job_put(const struct sched_job *job, const struct wire_writer *writer, int fd)
{
	assert(!writer->failed);
	return pool_worker_send(job->worker, writer, fd) ? SCHED_JOB_SENT : SCHED_JOB_NO_CHANNEL;
}

/*
 * The rest in BODY packets. What cannot be read any more goes as zeroes: half a job would stay with
 * the worker for ever, and this one fails by its checksum.
 */
static enum sched_job_sent
sched_job_put_rest(struct sched *sched, const struct sched_delivery *delivery,
		   const struct sched_job *job, size_t done)
{
	enum sched_job_sent sent = SCHED_JOB_SENT;
	size_t size = (size_t)delivery->size;
	struct wire_writer writer;
	struct why why = {0};

	while (done < size && sent == SCHED_JOB_SENT) {
		size_t piece = size - done < SCHED_JOB_PIECE ? size - done : SCHED_JOB_PIECE;

		frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_BODY);
		proto_job_put_body(&writer, job->id, done);
		if (!sched_job_put_piece(sched, delivery, &writer, done, piece, &why))
			log_error("delivery=%llu: %s", (unsigned long long)delivery->id, why.text);
		sent = sched_job_put(job, &writer, -1);
		done += piece;
	}
	return sent;
}

/* What the JOB packet has room for, then the rest. */
static enum sched_job_sent
sched_job_put_body(struct sched *sched, const struct sched_delivery *delivery,
		   const struct sched_job *job, struct wire_writer *writer, struct why *why)
{
	size_t size = (size_t)delivery->size;
	size_t room = writer->room - writer->len - 16;
	size_t done = size < room ? size : room;
	enum sched_job_sent sent;

	if (!sched_job_put_piece(sched, delivery, writer, 0, done, why))
		return SCHED_JOB_UNREADABLE;
	sent = sched_job_put(job, writer, -1);
	return sent == SCHED_JOB_SENT ? sched_job_put_rest(sched, delivery, job, done) : sent;
}

/* A large message travels as a descriptor of its segment. */
static enum sched_job_sent
sched_job_put_descriptor(struct sched *sched, const struct sched_delivery *delivery,
			 const struct sched_job *job, struct wire_writer *writer, struct why *why)
{
	int fd = store_segment_open(sched->store, delivery->segment, why);
	enum sched_job_sent sent;

	if (fd < 0)
		return SCHED_JOB_UNREADABLE;
	wire_put_space(writer, 0);
	sent = sched_job_put(job, writer, fd);
	close(fd);
	return sent;
}

static enum sched_job_sent
sched_job_write(struct sched *sched, const struct sched_delivery *delivery,
		const struct sched_job *job, struct wire_writer *writer, struct why *why)
{
	if (delivery->size > PROTO_JOB_BODY_MAX)
		return sched_job_put_descriptor(sched, delivery, job, writer, why);
	return sched_job_put_body(sched, delivery, job, writer, why);
}

static void
sched_job_take(struct sched_job *job, struct sched_delivery *delivery)
{
	sched_delivery_move(delivery, SCHED_OUT);
	delivery->job = job;
	delivery->sent_ms = clock_wall_ms();
}

static struct sched_job *
sched_job_new(struct sched *sched, struct sched_delivery *delivery, struct pool_worker *worker,
	      bool open, uint32_t attempt_ms)
{
	struct sched_job *job = alloc_new(struct sched_job);

	job->id = (uint64_t)store_id_next(sched->store, STORE_ID_JOB);
	job->delivery = delivery;
	job->worker = worker;
	job->via = delivery->via;
	if (open)
		job->permit = sched_destination_permit(sched, job->via);
	job->alone = delivery->lost >= 2 && sched_load_of(worker)->out == 0;
	job->sent_ms = clock_mono_ms();
	job->deadline_ms = job->sent_ms + attempt_ms + SCHED_JOB_GRACE_MS;
	map_put_id(sched->jobs, job->id, job);
	if (job->alone)
		sched_load_of(worker)->alone = true;
	sched_job_take(job, delivery);
	sched_destination_job_out(job->via, worker);
	return job;
}

/* Deliveries of the same message that go the same way go along, whole (RFC 5321 section 4.5.4.1). */
static void
sched_job_gather(struct sched *sched, struct sched_job *job, struct sched_job_envelope *envelope,
		 sched_job_joins_fn joins)
{
	struct sched_delivery *other = sched_company_next(job->delivery);

	while (other != job->delivery) {
		struct sched_delivery *next = sched_company_next(other);

		if (other->place == SCHED_WAITING && sched_job_fits(envelope, other) &&
		    joins(sched, job->delivery, other)) {
			sched_lane_pull(other);
			other->via = job->via;
			sched_job_take(job, other);
			sched_job_add(envelope, other);
		}
		other = next;
	}
}

enum sched_job_sent
sched_job_send(struct sched *sched, const struct sched_job_order *order, struct why *why)
{
	struct sched_delivery *delivery = order->delivery;
	struct sched_job_envelope envelope = {.count = 0};
	struct proto_job frame = {.parts = 1};
	struct wire_writer writer;
	struct sched_job *job;
	enum sched_job_sent sent;
	size_t left;

	frame.attempt_ms = sched_job_attempt_ms(sched, delivery);
	job = sched_job_new(sched, delivery, order->worker, order->open, frame.attempt_ms);
	frame.id = job->id;
	frame.permit = order->open ? PROTO_PERMIT_OPEN : PROTO_PERMIT_REUSE;
	frame.domain = slice_of(delivery->lane->destination->name);
	frame.relay = slice_of(job->via->relay);
	left = sched_job_add(&envelope, delivery);
	assert(envelope.count > 0);
	frame.part =
	    (uint16_t)((delivery->recipient_count - envelope.count - left) / PROTO_JOB_RECIPIENTS);
	frame.parts =
	    (uint16_t)(frame.part + 1 + (left + PROTO_JOB_RECIPIENTS - 1) / PROTO_JOB_RECIPIENTS);
	if (order->joins != NULL && left == 0 && !job->alone)
		sched_job_gather(sched, job, &envelope, order->joins);
	frame.recipients = envelope.recipients;
	frame.recipient_count = envelope.count;
	frame.deliveries = envelope.deliveries;
	frame.delivery_count = envelope.delivery_count;
	sched_job_fill(delivery, &frame);
	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_JOB);
	proto_job_put(&writer, &frame);
	sent = sched_job_write(sched, delivery, job, &writer, why);
	return sent;
}

struct sched_job *
sched_job_find(struct sched *sched, struct pool_worker *worker, uint64_t id)
{
	struct sched_job *job = map_find_id(sched->jobs, id);

	return job != NULL && job->worker == worker ? job : NULL;
}

struct sched_delivery *
sched_job_next(const struct sched_job *job, const struct sched_delivery *after)
{
	struct sched_delivery *delivery = after ? sched_company_next(after) : job->delivery;

	if (after == NULL)
		return delivery;
	while (delivery != job->delivery && delivery->job != job)
		delivery = sched_company_next(delivery);
	return delivery != job->delivery ? delivery : NULL;
}

size_t
sched_job_end(struct sched *sched, struct sched_job **job,
	      struct sched_delivery *deliveries[PROTO_JOB_DELIVERIES])
{
	struct sched_delivery *delivery = NULL;
	size_t count = 0;

	while ((delivery = sched_job_next(*job, delivery)) != NULL)
		deliveries[count++] = delivery;
	for (size_t i = 0; i < count; i++) {
		deliveries[i]->job = NULL;
		for (size_t j = 0; j < deliveries[i]->recipient_count; j++)
			deliveries[i]->recipients[j].out = false;
	}
	map_take_id(sched->jobs, (*job)->id);
	if ((*job)->alone)
		sched_load_of((*job)->worker)->alone = false;
	sched_destination_return(sched, (*job)->via, &(*job)->permit);
	sched_destination_job_back(sched, (*job)->via, (*job)->worker);
	free(*job);
	*job = NULL;
	return count;
}

bool
sched_job_pins(struct sched *sched, int64_t segment)
{
	struct sched_job *job;
	size_t cursor = 0;

	while ((job = map_next(sched->jobs, &cursor)) != NULL)
		if (job->delivery->segment == segment)
			return true;
	return false;
}
