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
#include "master/sched/delivery.h"
#include "master/sched/destination.h"
#include "master/sched/load.h"
#include "master/sched/state.h"
#include "master/store/id.h"
#include "master/store/segment.h"
#include "master/subject.h"

enum {
	SCHED_JOB_GRACE_MS = 30000,  /* an answer is overdue that long after the attempt's end */
	SCHED_JOB_PIECE = 60 * 1024, /* of a message in one packet */
};

/* The recipients that go now: those without a result, within the limits of one packet. */
static size_t
sched_job_recipients(struct sched_delivery *delivery, struct proto_job_recipient *out, size_t *left)
{
	size_t count = 0;
	size_t bytes = 0;

	*left = 0;
	for (size_t i = 0; i < delivery->recipient_count; i++) {
		struct sched_recipient *from = &delivery->recipients[i];

		if (from->reported)
			continue;
		bytes += from->address.len + from->orcpt.len + 32;
		if (count == PROTO_JOB_RECIPIENTS || (count > 0 && bytes > PROTO_JOB_ENVELOPE)) {
			++*left;
			continue;
		}
		from->out = true;
		out[count++] = (struct proto_job_recipient){.id = from->id,
							    .address = from->address,
							    .orcpt = from->orcpt,
							    .notify = from->notify};
	}
	return count;
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

static struct sched_job *
sched_job_new(struct sched *sched, struct sched_delivery *delivery, struct pool_worker *worker,
	      bool open, uint32_t attempt_ms)
{
	struct sched_job *job = alloc_new(struct sched_job);

	job->id = (uint64_t)store_id_next(sched->store, STORE_ID_JOB);
	job->delivery = delivery;
	job->worker = worker;
	if (open)
		job->permit = sched_destination_permit(sched, delivery->via);
	job->alone = delivery->lost >= 2 && sched_load_of(worker)->out == 0;
	job->sent_ms = clock_mono_ms();
	job->deadline_ms = job->sent_ms + attempt_ms + SCHED_JOB_GRACE_MS;
	map_put_id(sched->jobs, job->id, job);
	if (job->alone)
		sched_load_of(worker)->alone = true;
	delivery->job = job;
	delivery->sent_ms = clock_wall_ms();
	sched_destination_job_out(delivery->via, worker);
	return job;
}

enum sched_job_sent
sched_job_send(struct sched *sched, struct sched_delivery *delivery, struct pool_worker *worker,
	       bool open, struct why *why)
{
	struct proto_job_recipient recipients[PROTO_JOB_RECIPIENTS];
	struct proto_job frame = {.deliveries = &delivery->id, .delivery_count = 1};
	struct wire_writer writer;
	struct sched_job *job;
	enum sched_job_sent sent;
	size_t left;

	frame.attempt_ms = sched_job_attempt_ms(sched, delivery);
	job = sched_job_new(sched, delivery, worker, open, frame.attempt_ms);
	frame.id = job->id;
	frame.parts = 1;
	frame.permit = open ? PROTO_PERMIT_OPEN : PROTO_PERMIT_REUSE;
	frame.domain = slice_of(delivery->lane->destination->name);
	frame.relay = slice_of(delivery->via->relay);
	frame.recipient_count = sched_job_recipients(delivery, recipients, &left);
	frame.recipients = recipients;
	frame.part = (uint16_t)((delivery->recipient_count - frame.recipient_count - left) /
				PROTO_JOB_RECIPIENTS);
	frame.parts =
	    (uint16_t)(frame.part + 1 + (left + PROTO_JOB_RECIPIENTS - 1) / PROTO_JOB_RECIPIENTS);
	assert(frame.recipient_count > 0);
	sched_job_fill(delivery, &frame);
	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_JOB);
	proto_job_put(&writer, &frame);
	sent = sched_job_write(sched, delivery, job, &writer, why);
	if (sent != SCHED_JOB_SENT)
		sched_job_end(sched, &job);
	return sent;
}

struct sched_job *
sched_job_find(struct sched *sched, struct pool_worker *worker, uint64_t id)
{
	struct sched_job *job = map_find_id(sched->jobs, id);

	return job != NULL && job->worker == worker ? job : NULL;
}

void
sched_job_end(struct sched *sched, struct sched_job **job)
{
	struct sched_delivery *delivery = (*job)->delivery;

	map_take_id(sched->jobs, (*job)->id);
	if ((*job)->alone)
		sched_load_of((*job)->worker)->alone = false;
	delivery->job = NULL;
	for (size_t i = 0; i < delivery->recipient_count; i++)
		delivery->recipients[i].out = false;
	sched_destination_return(sched, delivery->via, &(*job)->permit);
	sched_destination_job_back(sched, delivery->via, (*job)->worker);
	free(*job);
	*job = NULL;
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
