#include "common/proto/control.h"

#include "common/arena.h"
#include "common/wire.h"

void
proto_control_put_command(struct wire_writer *writer, const struct proto_command *command)
{
	wire_put_u16(writer, (uint16_t)command->count);
	for (size_t i = 0; i < command->count; i++)
		wire_put_slice(writer, command->words[i]);
}

bool
proto_control_get_command(struct wire_reader *reader, struct arena *arena,
			  struct proto_command *command)
{
	size_t count = wire_get_u16(reader);
	struct slice *words;

	if (reader->failed || count == 0 || count > PROTO_CONTROL_WORDS)
		return false;
	words = arena_array(arena, count, sizeof(*words));
	for (size_t i = 0; i < count; i++)
		words[i] = wire_get_text(reader, PROTO_CONTROL_WORD);
	command->words = words;
	command->count = count;
	return wire_get_end(reader);
}

void
proto_control_put_row(struct wire_writer *writer, const struct proto_row *row)
{
	wire_put_slice(writer, row->table);
	wire_put_u16(writer, (uint16_t)row->count);
	for (size_t i = 0; i < row->count; i++) {
		wire_put_slice(writer, row->values[i].name);
		wire_put_u8(writer, (uint8_t)row->values[i].type);
		wire_put_i64(writer, row->values[i].integer);
		wire_put_slice(writer, row->values[i].text);
	}
}

bool
proto_control_get_row(struct wire_reader *reader, struct arena *arena, struct proto_row *row)
{
	struct proto_value *values;
	size_t count;

	row->table = wire_get_text(reader, 255);
	count = wire_get_u16(reader);
	if (reader->failed || count > PROTO_CONTROL_COLUMNS)
		return false;
	values = arena_array(arena, count, sizeof(*values));
	for (size_t i = 0; i < count; i++) {
		values[i].name = wire_get_text(reader, 255);
		values[i].type = (enum proto_value_type)wire_get_enum(reader, PROTO_VALUES);
		values[i].integer = wire_get_i64(reader);
		values[i].text = wire_get_slice(reader, PROTO_CONTROL_VALUE);
	}
	row->values = values;
	row->count = count;
	return wire_get_end(reader);
}

void
proto_control_put_end(struct wire_writer *writer, const struct proto_end *end)
{
	wire_put_u8(writer, end->status);
	wire_put_slice(writer, end->text);
}

bool
proto_control_get_end(struct wire_reader *reader, struct proto_end *end)
{
	end->status = wire_get_u8(reader);
	end->text = wire_get_text(reader, 4096);
	return wire_get_end(reader);
}
