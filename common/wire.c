#include "common/wire.h"

#include <string.h>

void
wire_writer_init(struct wire_writer *writer, void *data, size_t room)
{
	*writer = (struct wire_writer){.data = data, .room = room};
}

static uint8_t *
wire_take_room(struct wire_writer *writer, size_t len)
{
	uint8_t *at = writer->data + writer->len;

	if (writer->failed || len > writer->room - writer->len) {
		writer->failed = true;
		return NULL;
	}
	writer->len += len;
	return at;
}

static void
wire_put_number(struct wire_writer *writer, uint64_t value, size_t size)
{
	uint8_t *at = wire_take_room(writer, size);

	for (size_t i = 0; at != NULL && i < size; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

void
wire_put_u8(struct wire_writer *writer, uint8_t value)
{
	wire_put_number(writer, value, 1);
}

void
wire_put_bool(struct wire_writer *writer, bool value)
{
	wire_put_number(writer, value, 1);
}

void
wire_put_u16(struct wire_writer *writer, uint16_t value)
{
	wire_put_number(writer, value, 2);
}

void
wire_put_u32(struct wire_writer *writer, uint32_t value)
{
	wire_put_number(writer, value, 4);
}

void
wire_put_u64(struct wire_writer *writer, uint64_t value)
{
	wire_put_number(writer, value, 8);
}

void
wire_put_i64(struct wire_writer *writer, int64_t value)
{
	wire_put_number(writer, (uint64_t)value, 8);
}

void *
wire_put_space(struct wire_writer *writer, size_t len)
{
	if (len > UINT32_MAX)
		writer->failed = true;
	wire_put_u32(writer, (uint32_t)len);
	return wire_take_room(writer, len);
}

void
wire_put_slice(struct wire_writer *writer, struct slice slice)
{
	void *at = wire_put_space(writer, slice.len);

	if (at != NULL && slice.len > 0)
		memcpy(at, slice.data, slice.len);
}

void
wire_reader_init(struct wire_reader *reader, const void *data, size_t len)
{
	*reader = (struct wire_reader){.data = data, .len = len};
}

static const uint8_t *
wire_take(struct wire_reader *reader, size_t len)
{
	const uint8_t *at = reader->data;

	if (reader->failed || len > reader->len) {
		reader->failed = true;
		return NULL;
	}
	reader->data += len;
	reader->len -= len;
	return at;
}

static uint64_t
wire_get_number(struct wire_reader *reader, size_t size)
{
	const uint8_t *at = wire_take(reader, size);
	uint64_t value = 0;

	for (size_t i = 0; at != NULL && i < size; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

uint8_t
wire_get_u8(struct wire_reader *reader)
{
	return (uint8_t)wire_get_number(reader, 1);
}

bool
wire_get_bool(struct wire_reader *reader)
{
	return wire_get_enum(reader, 2) == 1;
}

uint16_t
wire_get_u16(struct wire_reader *reader)
{
	return (uint16_t)wire_get_number(reader, 2);
}

uint32_t
wire_get_u32(struct wire_reader *reader)
{
	return (uint32_t)wire_get_number(reader, 4);
}

uint64_t
wire_get_u64(struct wire_reader *reader)
{
	return wire_get_number(reader, 8);
}

int64_t
wire_get_i64(struct wire_reader *reader)
{
	return (int64_t)wire_get_number(reader, 8);
}

struct slice
wire_get_slice(struct wire_reader *reader, size_t max)
{
	size_t len = wire_get_u32(reader);
	const uint8_t *at;

	if (len > max)
		reader->failed = true;
	at = wire_take(reader, len);
	return at ? (struct slice){(const char *)at, len} : (struct slice){"", 0};
}

struct slice
wire_get_text(struct wire_reader *reader, size_t max)
{
	struct slice text = wire_get_slice(reader, max);

	if (text.len == 0 || memchr(text.data, '\0', text.len) == NULL)
		return text;
	reader->failed = true;
	return (struct slice){"", 0};
}

uint8_t
wire_get_enum(struct wire_reader *reader, unsigned limit)
{
	uint8_t value = wire_get_u8(reader);

	if (value < limit)
		return value;
	reader->failed = true;
	return 0;
}

bool
wire_get_end(const struct wire_reader *reader)
{
	return !reader->failed && reader->len == 0;
}
