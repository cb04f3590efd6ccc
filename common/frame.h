#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/wire.h"

/*
 * One packet is one frame: a version, a type, then the positional fields of common/proto/. A
 * packet of another version or of an unknown type is not a frame, and the channel it came by is
 * closed: both ends are always of one build.
 */
enum { FRAME_VERSION = 1 };

enum frame_type {
#define FRAME(name, number, description) FRAME_##name = number,
#include "common/tbl/frame.def"
#undef FRAME
};

struct frame {
	enum frame_type type;
	struct wire_reader body; /* points into the channel's buffer, valid during the callback */
	int fd;                  /* descriptor that came with it, or -1; see frame_take_fd() */
};

/* Starts a frame in a packet buffer; the fields follow by wire_put_*(). */
void frame_begin(struct wire_writer *writer, void *data, size_t room, enum frame_type type);
/* False when the packet is no frame. */
bool frame_parse(struct frame *frame, const void *data, size_t len, int fd);
/* The descriptor, now the caller's; -1 when there is none. What is not taken gets closed. */
int frame_take_fd(struct frame *frame);
/* "JOB"; "?" for a number that is no type. */
const char *frame_name(enum frame_type type);
