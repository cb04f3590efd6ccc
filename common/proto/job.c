#include "common/proto/job.h"

#include "common/arena.h"
#include "common/wire.h"

enum { PROTO_JOB_NAME = 255 };

static void
proto_job_put_facts(struct wire_writer *writer, const struct proto_job_facts *facts)
{
	wire_put_u32(writer, facts->retry_num);
	wire_put_u32(writer, facts->notify_num);
	wire_put_i64(writer, facts->created_at);
	wire_put_i64(writer, facts->expires_at);
	wire_put_slice(writer, facts->last_status);
	wire_put_slice(writer, facts->last_error);
	wire_put_slice(writer, facts->last_tls_error);
}

static void
proto_job_get_facts(struct wire_reader *reader, struct proto_job_facts *facts)
{
	facts->retry_num = wire_get_u32(reader);
	facts->notify_num = wire_get_u32(reader);
	facts->created_at = wire_get_i64(reader);
	facts->expires_at = wire_get_i64(reader);
	facts->last_status = wire_get_text(reader, PROTO_JOB_REPLY);
	facts->last_error = wire_get_text(reader, PROTO_JOB_NAME);
	facts->last_tls_error = wire_get_text(reader, PROTO_JOB_NAME);
}

static void
proto_job_put_envelope(struct wire_writer *writer, const struct proto_job *job)
{
	wire_put_u16(writer, (uint16_t)job->delivery_count);
	for (size_t i = 0; i < job->delivery_count; i++)
		wire_put_u64(writer, job->deliveries[i]);
	wire_put_u16(writer, (uint16_t)job->recipient_count);
	for (size_t i = 0; i < job->recipient_count; i++) {
		const struct proto_job_recipient *recipient = &job->recipients[i];

		wire_put_u64(writer, recipient->id);
		wire_put_u16(writer, recipient->delivery);
		wire_put_slice(writer, recipient->address);
		wire_put_slice(writer, recipient->orcpt);
		wire_put_u8(writer, recipient->notify);
	}
}

static bool
proto_job_get_deliveries(struct wire_reader *reader, struct arena *arena, struct proto_job *job)
{
	size_t count = wire_get_u16(reader);
	uint64_t *deliveries;

	if (reader->failed || count == 0 || count > PROTO_JOB_DELIVERIES)
		return false;
	deliveries = arena_array(arena, count, sizeof(*deliveries));
	for (size_t i = 0; i < count; i++)
		deliveries[i] = wire_get_u64(reader);
	job->deliveries = deliveries;
	job->delivery_count = count;
	return true;
}

static bool
proto_job_get_recipients(struct wire_reader *reader, struct arena *arena, struct proto_job *job)
{
	size_t count = wire_get_u16(reader);
	struct proto_job_recipient *recipients;

	if (reader->failed || count == 0 || count > PROTO_JOB_RECIPIENTS)
		return false;
	recipients = arena_array(arena, count, sizeof(*recipients));
	for (size_t i = 0; i < count; i++) {
		recipients[i].id = wire_get_u64(reader);
		recipients[i].delivery = wire_get_u16(reader);
		recipients[i].address = wire_get_text(reader, PROTO_SUBMIT_PATH);
		recipients[i].orcpt = wire_get_text(reader, PROTO_SUBMIT_PARAM);
		recipients[i].notify = wire_get_enum(reader, 16);
		if (recipients[i].delivery >= job->delivery_count || recipients[i].address.len == 0)
			return false;
	}
	job->recipients = recipients;
	job->recipient_count = count;
	return true;
}

void
proto_job_put(struct wire_writer *writer, const struct proto_job *job)
{
	wire_put_u64(writer, job->id);
	wire_put_u16(writer, job->part);
	wire_put_u16(writer, job->parts);
	wire_put_u8(writer, (uint8_t)job->permit);
	wire_put_slice(writer, job->domain);
	wire_put_slice(writer, job->relay);
	wire_put_u64(writer, job->message);
	wire_put_slice(writer, job->sender);
	wire_put_slice(writer, job->envid);
	wire_put_u8(writer, (uint8_t)job->ret);
	wire_put_u8(writer, (uint8_t)job->priority);
	wire_put_bool(writer, job->smtputf8);
	wire_put_bool(writer, job->requiretls);
	wire_put_u64(writer, job->size);
	wire_put_u32(writer, job->crc32c);
	wire_put_bool(writer, job->eight_bit);
	wire_put_bool(writer, job->needs_stuffing);
	wire_put_u32(writer, job->longest_line);
	wire_put_u64(writer, job->offset);
	wire_put_u32(writer, job->attempt_ms);
	proto_job_put_facts(writer, &job->facts);
	proto_job_put_envelope(writer, job);
}

bool
proto_job_get(struct wire_reader *reader, struct arena *arena, struct proto_job *job)
{
	job->id = wire_get_u64(reader);
	job->part = wire_get_u16(reader);
	job->parts = wire_get_u16(reader);
	job->permit = (enum proto_job_permit)wire_get_enum(reader, PROTO_PERMITS);
	job->domain = wire_get_text(reader, PROTO_JOB_NAME);
	job->relay = wire_get_text(reader, PROTO_JOB_NAME);
	job->message = wire_get_u64(reader);
	job->sender = wire_get_text(reader, PROTO_SUBMIT_PATH);
	job->envid = wire_get_text(reader, PROTO_SUBMIT_PARAM);
	job->ret = (enum proto_ret)wire_get_enum(reader, PROTO_RETS);
	job->priority = (int8_t)wire_get_u8(reader);
	job->smtputf8 = wire_get_bool(reader);
	job->requiretls = wire_get_bool(reader);
	job->size = wire_get_u64(reader);
	job->crc32c = wire_get_u32(reader);
	job->eight_bit = wire_get_bool(reader);
	job->needs_stuffing = wire_get_bool(reader);
	job->longest_line = wire_get_u32(reader);
	job->offset = wire_get_u64(reader);
	job->attempt_ms = wire_get_u32(reader);
	proto_job_get_facts(reader, &job->facts);
	if (!proto_job_get_deliveries(reader, arena, job) ||
	    !proto_job_get_recipients(reader, arena, job))
		return false;
	job->body = wire_get_slice(reader, WIRE_PACKET_MAX);
	return wire_get_end(reader);
}

void
proto_job_put_body(struct wire_writer *writer, uint64_t job, uint64_t offset)
{
	wire_put_u64(writer, job);
	wire_put_u64(writer, offset);
}

bool
proto_job_get_body(struct wire_reader *reader, struct proto_body *body)
{
	body->job = wire_get_u64(reader);
	body->offset = wire_get_u64(reader);
	body->data = wire_get_slice(reader, WIRE_PACKET_MAX);
	return wire_get_end(reader) && body->data.len > 0;
}
