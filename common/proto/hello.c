#include "common/proto/hello.h"

#include "common/log.h"
#include "common/wire.h"

const char *
proto_hello_role_name(enum proto_role role)
{
	return role == PROTO_ROLE_DELIVER ? "deliver" : "submit";
}

void
proto_hello_put(struct wire_writer *writer, const struct proto_hello *hello)
{
	wire_put_u8(writer, (uint8_t)hello->role);
	wire_put_u64(writer, hello->generation);
	wire_put_slice(writer, hello->protection);
}

bool
proto_hello_get(struct wire_reader *reader, struct proto_hello *hello)
{
	hello->role = (enum proto_role)wire_get_enum(reader, PROTO_ROLES);
	hello->generation = wire_get_u64(reader);
	hello->protection = wire_get_text(reader, 512);
	return wire_get_end(reader);
}

void
proto_hello_put_stat(struct wire_writer *writer, const struct proto_stat *stat)
{
	wire_put_u32(writer, stat->sessions);
	wire_put_u32(writer, stat->idle);
	wire_put_u64(writer, stat->memory);
	wire_put_u64(writer, stat->messages);
	wire_put_u64(writer, stat->connections);
	wire_put_u64(writer, stat->cpu_us);
}

bool
proto_hello_get_stat(struct wire_reader *reader, struct proto_stat *stat)
{
	stat->sessions = wire_get_u32(reader);
	stat->idle = wire_get_u32(reader);
	stat->memory = wire_get_u64(reader);
	stat->messages = wire_get_u64(reader);
	stat->connections = wire_get_u64(reader);
	stat->cpu_us = wire_get_u64(reader);
	return wire_get_end(reader);
}

void
proto_hello_put_log(struct wire_writer *writer, const struct proto_log *log)
{
	wire_put_u8(writer, log->level);
	wire_put_slice(writer, log->text);
}

bool
proto_hello_get_log(struct wire_reader *reader, struct proto_log *log)
{
	log->level = wire_get_enum(reader, LOG_LEVEL_DEBUG + 1);
	log->text = wire_get_text(reader, 4096);
	return wire_get_end(reader);
}

bool
proto_hello_get_retire(struct wire_reader *reader)
{
	return wire_get_end(reader);
}
