#include "common/proto/result.h"

#include "common/arena.h"
#include "common/wire.h"

enum { PROTO_RESULT_NAME = 255 };

static void
proto_result_put_outcome(struct wire_writer *writer, const struct outcome *outcome)
{
	wire_put_u8(writer, (uint8_t)outcome->class);
	wire_put_u8(writer, (uint8_t)outcome->step);
	wire_put_u8(writer, (uint8_t)outcome->error);
	wire_put_u16(writer, outcome->code);
	wire_put_u16(writer, outcome->enhanced.class);
	wire_put_u16(writer, outcome->enhanced.subject);
	wire_put_u16(writer, outcome->enhanced.detail);
	wire_put_slice(writer, outcome->reply);
	wire_put_bool(writer, outcome->local);
	wire_put_bool(writer, outcome->unknown);
}

static void
proto_result_get_outcome(struct wire_reader *reader, struct outcome *outcome)
{
	outcome->class = (enum outcome_class)wire_get_enum(reader, OUTCOME_CLASSES);
	outcome->step = (enum outcome_step)wire_get_enum(reader, OUTCOME_STEPS);
	outcome->error = (enum outcome_error)wire_get_enum(reader, OUTCOME_ERRORS);
	outcome->code = wire_get_u16(reader);
	outcome->enhanced.class = wire_get_u16(reader);
	outcome->enhanced.subject = wire_get_u16(reader);
	outcome->enhanced.detail = wire_get_u16(reader);
	outcome->reply = wire_get_text(reader, OUTCOME_REPLY_MAX);
	outcome->local = wire_get_bool(reader);
	outcome->unknown = wire_get_bool(reader);
}

static void
proto_result_put_facts(struct wire_writer *writer, const struct proto_result_facts *facts)
{
	wire_put_slice(writer, facts->host);
	wire_put_slice(writer, facts->remote_ip);
	wire_put_u16(writer, facts->port);
	wire_put_slice(writer, facts->source_ip);
	wire_put_slice(writer, facts->ehlo);
	wire_put_slice(writer, facts->tls_version);
	wire_put_slice(writer, facts->tls_cipher);
	wire_put_slice(writer, facts->tls_policy);
	wire_put_bool(writer, facts->tls_verified);
	wire_put_u64(writer, facts->session);
	wire_put_bool(writer, facts->reused);
	wire_put_u32(writer, facts->connect_ms);
	wire_put_u32(writer, facts->transfer_ms);
}

static void
proto_result_get_facts(struct wire_reader *reader, struct proto_result_facts *facts)
{
	facts->host = wire_get_text(reader, PROTO_RESULT_NAME);
	facts->remote_ip = wire_get_text(reader, PROTO_RESULT_NAME);
	facts->port = wire_get_u16(reader);
	facts->source_ip = wire_get_text(reader, PROTO_RESULT_NAME);
	facts->ehlo = wire_get_text(reader, PROTO_RESULT_NAME);
	facts->tls_version = wire_get_text(reader, PROTO_RESULT_NAME);
	facts->tls_cipher = wire_get_text(reader, PROTO_RESULT_NAME);
	facts->tls_policy = wire_get_text(reader, PROTO_RESULT_NAME);
	facts->tls_verified = wire_get_bool(reader);
	facts->session = wire_get_u64(reader);
	facts->reused = wire_get_bool(reader);
	facts->connect_ms = wire_get_u32(reader);
	facts->transfer_ms = wire_get_u32(reader);
}

void
proto_result_put(struct wire_writer *writer, const struct proto_result *result)
{
	wire_put_u64(writer, result->job);
	proto_result_put_facts(writer, &result->facts);
	wire_put_u16(writer, (uint16_t)result->recipient_count);
	for (size_t i = 0; i < result->recipient_count; i++) {
		wire_put_u64(writer, result->recipients[i].id);
		proto_result_put_outcome(writer, &result->recipients[i].outcome);
	}
}

bool
proto_result_get(struct wire_reader *reader, struct arena *arena, struct proto_result *result)
{
	struct proto_result_recipient *recipients;
	size_t count;

	result->job = wire_get_u64(reader);
	proto_result_get_facts(reader, &result->facts);
	count = wire_get_u16(reader);
	if (reader->failed || count == 0 || count > PROTO_RESULT_RECIPIENTS)
		return false;
	recipients = arena_array(arena, count, sizeof(*recipients));
	for (size_t i = 0; i < count; i++) {
		recipients[i].id = wire_get_u64(reader);
		proto_result_get_outcome(reader, &recipients[i].outcome);
	}
	result->recipients = recipients;
	result->recipient_count = count;
	return wire_get_end(reader);
}

bool
proto_result_get_dot(struct wire_reader *reader, uint64_t *job)
{
	*job = wire_get_u64(reader);
	return wire_get_end(reader);
}

void
proto_result_put_done(struct wire_writer *writer, const struct proto_done *done)
{
	wire_put_u64(writer, done->job);
	wire_put_u8(writer, (uint8_t)done->kind);
	wire_put_i64(writer, done->until);
	wire_put_slice(writer, done->limiter);
	wire_put_slice(writer, done->hosts);
}

bool
proto_result_get_done(struct wire_reader *reader, struct proto_done *done)
{
	done->job = wire_get_u64(reader);
	done->kind = (enum proto_done_kind)wire_get_enum(reader, PROTO_DONES);
	done->until = wire_get_i64(reader);
	done->limiter = wire_get_text(reader, PROTO_RESULT_NAME);
	done->hosts = wire_get_text(reader, PROTO_RESULT_HOSTS);
	return wire_get_end(reader);
}
