#include "common/frame.h"

static const struct {
	uint8_t number;
	const char *name;
} frame_table[] = {
#define FRAME(name, number, description) {number, #name},
#include "common/tbl/frame.def"
#undef FRAME
};

static const char *
frame_find(unsigned number)
{
	for (size_t i = 0; i < sizeof(frame_table) / sizeof(frame_table[0]); i++)
		if (frame_table[i].number == number)
			return frame_table[i].name;
	return NULL;
}

void
frame_begin(struct wire_writer *writer, void *data, size_t room, enum frame_type type)
{
	wire_writer_init(writer, data, room);
	wire_put_u8(writer, FRAME_VERSION);
	wire_put_u8(writer, (uint8_t)type);
}

bool
frame_parse(struct frame *frame, const void *data, size_t len, int fd)
{
	uint8_t version;
	uint8_t number;

	wire_reader_init(&frame->body, data, len);
	version = wire_get_u8(&frame->body);
	number = wire_get_u8(&frame->body);
	frame->type = (enum frame_type)number;
	frame->fd = fd;
	return !frame->body.failed && version == FRAME_VERSION && frame_find(number) != NULL;
}

int
frame_take_fd(struct frame *frame)
{
	int fd = frame->fd;

	frame->fd = -1;
	return fd;
}

const char *
frame_name(enum frame_type type)
{
	const char *name = frame_find((unsigned)type);

	return name ? name : "?";
}
