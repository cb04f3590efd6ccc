#include "common/proto/session.h"

#include "common/wire.h"

enum { PROTO_SESSION_NAME = 255 };

void
proto_session_put(struct wire_writer *writer, const struct proto_session *session)
{
	wire_put_u64(writer, session->id);
	wire_put_u8(writer, (uint8_t)session->event);
	wire_put_u64(writer, session->job);
	wire_put_slice(writer, session->host);
	wire_put_slice(writer, session->remote);
	wire_put_slice(writer, session->source);
}

bool
proto_session_get(struct wire_reader *reader, struct proto_session *session)
{
	session->id = wire_get_u64(reader);
	session->event = (enum proto_session_event)wire_get_enum(reader, PROTO_SESSION_EVENTS);
	session->job = wire_get_u64(reader);
	session->host = wire_get_text(reader, PROTO_SESSION_NAME);
	session->remote = wire_get_text(reader, PROTO_SESSION_NAME);
	session->source = wire_get_text(reader, PROTO_SESSION_NAME);
	return wire_get_end(reader);
}

void
proto_session_put_close(struct wire_writer *writer, const struct proto_close *close)
{
	wire_put_u64(writer, close->id);
}

bool
proto_session_get_close(struct wire_reader *reader, struct proto_close *close)
{
	close->id = wire_get_u64(reader);
	return wire_get_end(reader);
}
