#include "common/proto/submit.h"

#include "common/arena.h"
#include "common/wire.h"

void
proto_submit_put_segment(struct wire_writer *writer, const struct proto_segment *segment)
{
	wire_put_u64(writer, segment->id);
	wire_put_bool(writer, segment->large);
	wire_put_u64(writer, segment->ticket);
}

bool
proto_submit_get_segment(struct wire_reader *reader, struct proto_segment *segment)
{
	segment->id = wire_get_u64(reader);
	segment->large = wire_get_bool(reader);
	segment->ticket = wire_get_u64(reader);
	return wire_get_end(reader);
}

void
proto_submit_put_want(struct wire_writer *writer, const struct proto_want *want)
{
	wire_put_u64(writer, want->ticket);
}

bool
proto_submit_get_want(struct wire_reader *reader, struct proto_want *want)
{
	want->ticket = wire_get_u64(reader);
	return wire_get_end(reader);
}

void
proto_submit_put_sealed(struct wire_writer *writer, const struct proto_sealed *sealed)
{
	wire_put_u64(writer, sealed->id);
	wire_put_u64(writer, sealed->bytes);
}

bool
proto_submit_get_sealed(struct wire_reader *reader, struct proto_sealed *sealed)
{
	sealed->id = wire_get_u64(reader);
	sealed->bytes = wire_get_u64(reader);
	return wire_get_end(reader);
}

void
proto_submit_put(struct wire_writer *writer, const struct proto_submit *submit)
{
	wire_put_u64(writer, submit->ticket);
	wire_put_bool(writer, submit->more);
	wire_put_slice(writer, submit->sender);
	wire_put_slice(writer, submit->envid);
	wire_put_u8(writer, (uint8_t)submit->ret);
	wire_put_u8(writer, (uint8_t)submit->priority);
	wire_put_bool(writer, submit->smtputf8);
	wire_put_bool(writer, submit->requiretls);
	wire_put_slice(writer, submit->tag);
	wire_put_slice(writer, submit->client);
	wire_put_slice(writer, submit->client_name);
	wire_put_u64(writer, submit->segment);
	wire_put_u64(writer, submit->offset);
	wire_put_u64(writer, submit->size);
	wire_put_u32(writer, submit->crc32c);
	wire_put_bool(writer, submit->eight_bit);
	wire_put_bool(writer, submit->needs_stuffing);
	wire_put_u32(writer, submit->longest_line);
	wire_put_u16(writer, (uint16_t)submit->recipient_count);
	for (size_t i = 0; i < submit->recipient_count; i++) {
		wire_put_slice(writer, submit->recipients[i].address);
		wire_put_slice(writer, submit->recipients[i].orcpt);
		wire_put_u8(writer, submit->recipients[i].notify);
	}
}

static bool
proto_submit_get_recipients(struct wire_reader *reader, struct arena *arena,
			    struct proto_submit *submit)
{
	size_t count = wire_get_u16(reader);
	struct proto_recipient *recipients;

	if (reader->failed || count == 0 || count > PROTO_SUBMIT_BATCH)
		return false;
	recipients = arena_array(arena, count, sizeof(*recipients));
	for (size_t i = 0; i < count; i++) {
		recipients[i].address = wire_get_text(reader, PROTO_SUBMIT_PATH);
		recipients[i].orcpt = wire_get_text(reader, PROTO_SUBMIT_PARAM);
		recipients[i].notify = wire_get_enum(reader, 16);
		if (recipients[i].address.len == 0)
			return false;
	}
	submit->recipients = recipients;
	submit->recipient_count = count;
	return true;
}

bool
proto_submit_get(struct wire_reader *reader, struct arena *arena, struct proto_submit *submit)
{
	submit->ticket = wire_get_u64(reader);
	submit->more = wire_get_bool(reader);
	submit->sender = wire_get_text(reader, PROTO_SUBMIT_PATH);
	submit->envid = wire_get_text(reader, PROTO_SUBMIT_PARAM);
	submit->ret = (enum proto_ret)wire_get_enum(reader, PROTO_RETS);
	submit->priority = (int8_t)wire_get_u8(reader);
	submit->smtputf8 = wire_get_bool(reader);
	submit->requiretls = wire_get_bool(reader);
	submit->tag = wire_get_text(reader, PROTO_SUBMIT_PARAM);
	submit->client = wire_get_text(reader, PROTO_SUBMIT_PARAM);
	submit->client_name = wire_get_text(reader, PROTO_SUBMIT_PARAM);
	submit->segment = wire_get_u64(reader);
	submit->offset = wire_get_u64(reader);
	submit->size = wire_get_u64(reader);
	submit->crc32c = wire_get_u32(reader);
	submit->eight_bit = wire_get_bool(reader);
	submit->needs_stuffing = wire_get_bool(reader);
	submit->longest_line = wire_get_u32(reader);
	return proto_submit_get_recipients(reader, arena, submit) && wire_get_end(reader);
}

void
proto_submit_put_accept(struct wire_writer *writer, const struct proto_accept *accept)
{
	wire_put_u64(writer, accept->ticket);
	wire_put_u64(writer, accept->message);
}

bool
proto_submit_get_accept(struct wire_reader *reader, struct proto_accept *accept)
{
	accept->ticket = wire_get_u64(reader);
	accept->message = wire_get_u64(reader);
	return wire_get_end(reader);
}

void
proto_submit_put_refuse(struct wire_writer *writer, const struct proto_refuse *refuse)
{
	wire_put_u64(writer, refuse->ticket);
	wire_put_u16(writer, refuse->code);
	wire_put_u16(writer, refuse->enhanced.class);
	wire_put_u16(writer, refuse->enhanced.subject);
	wire_put_u16(writer, refuse->enhanced.detail);
	wire_put_slice(writer, refuse->text);
}

bool
proto_submit_get_refuse(struct wire_reader *reader, struct proto_refuse *refuse)
{
	refuse->ticket = wire_get_u64(reader);
	refuse->code = wire_get_u16(reader);
	refuse->enhanced.class = wire_get_u16(reader);
	refuse->enhanced.subject = wire_get_u16(reader);
	refuse->enhanced.detail = wire_get_u16(reader);
	refuse->text = wire_get_text(reader, 512);
	return wire_get_end(reader) && refuse->code >= 400 && refuse->code <= 599;
}
