#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * Positional fields in one packet, little-endian, without padding. Both sides have a sticky error:
 * write or read every field, then ask once. A short packet reads as zeroes and empty slices, never
 * past the end. Slices read point into the packet.
 */
enum { WIRE_PACKET_MAX = 65536 };

struct wire_writer {
	uint8_t *data;
	size_t room;
	size_t len;
	bool failed; /* something did not fit; nothing was written since */
};

struct wire_reader {
	const uint8_t *data;
	size_t len; /* bytes not yet read */
	bool failed;
};

void wire_writer_init(struct wire_writer *writer, void *data, size_t room);
void wire_put_u8(struct wire_writer *writer, uint8_t value);
void wire_put_bool(struct wire_writer *writer, bool value);
void wire_put_u16(struct wire_writer *writer, uint16_t value);
void wire_put_u32(struct wire_writer *writer, uint32_t value);
void wire_put_u64(struct wire_writer *writer, uint64_t value);
void wire_put_i64(struct wire_writer *writer, int64_t value);
/* Length as 32 bits, then the bytes. */
void wire_put_slice(struct wire_writer *writer, struct slice slice);
/*
 * Room for len bytes as a slice field, to be filled by the caller (a body is read from its file
 * straight into the packet). NULL when it does not fit.
 */
void *wire_put_space(struct wire_writer *writer, size_t len);

void wire_reader_init(struct wire_reader *reader, const void *data, size_t len);
uint8_t wire_get_u8(struct wire_reader *reader);
/* Anything but 0 and 1 is an error. */
bool wire_get_bool(struct wire_reader *reader);
uint16_t wire_get_u16(struct wire_reader *reader);
uint32_t wire_get_u32(struct wire_reader *reader);
uint64_t wire_get_u64(struct wire_reader *reader);
int64_t wire_get_i64(struct wire_reader *reader);
/* An error when longer than max. */
struct slice wire_get_slice(struct wire_reader *reader, size_t max);
/* As wire_get_slice(), refusing NUL bytes. */
struct slice wire_get_text(struct wire_reader *reader, size_t max);
/* An enumeration: a byte below limit. */
uint8_t wire_get_enum(struct wire_reader *reader, unsigned limit);
/* True when every field was there and nothing is left over. Ask it last. */
bool wire_get_end(const struct wire_reader *reader);
