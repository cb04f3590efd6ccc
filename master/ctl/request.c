#include "master/ctl/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/channel.h"
#include "common/frame.h"
#include "master/ctl/peer.h"
#include "master/store/view.h"

static void
ctl_request_send(struct ctl_request *request, const struct wire_writer *writer)
{
	if (request->peer != NULL)
		channel_send(ctl_peer_channel(request->peer), writer, -1);
}

void
ctl_request_row(struct ctl_request *request, const struct proto_row *row)
{
	struct wire_writer writer;

	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_ROW);
	proto_control_put_row(&writer, row);
	ctl_request_send(request, &writer);
}

/* Columns of the views that hold a moment: "created_at", "at", "suspended_until". */
static bool
ctl_request_is_time(const char *name)
{
	static const char *const ends[] = {"_at", "_until"};
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i]);

		if (len > end && strcmp(name + len - end, ends[i]) == 0)
			return true;
	}
	return strcmp(name, "at") == 0;
}

void
ctl_request_view(struct ctl_request *request, const char *table,
		 const struct store_view_column *columns, size_t count)
{
	struct proto_value values[PROTO_CONTROL_COLUMNS];
	struct proto_row row = {.table = slice_of(table), .count = count, .values = values};

	if (count > PROTO_CONTROL_COLUMNS)
		row.count = PROTO_CONTROL_COLUMNS;
	for (size_t i = 0; i < row.count; i++) {
		values[i] = (struct proto_value){.name = slice_of(columns[i].name)};
		if (columns[i].type == STORE_VIEW_TEXT) {
			values[i].type = PROTO_VALUE_TEXT;
			values[i].text = (struct slice){columns[i].text, columns[i].len};
			if (values[i].text.len > PROTO_CONTROL_VALUE)
				values[i].text.len = PROTO_CONTROL_VALUE;
		} else if (columns[i].type == STORE_VIEW_INTEGER) {
			values[i].type = ctl_request_is_time(columns[i].name) ? PROTO_VALUE_TIME
									      : PROTO_VALUE_INTEGER;
			values[i].integer = columns[i].integer;
		}
	}
	ctl_request_row(request, &row);
}

bool
ctl_request_is_full(const struct ctl_request *request)
{
	return request->peer != NULL &&
	       channel_queued(ctl_peer_channel(request->peer)) >= CHANNEL_HIGH_WATER;
}

bool
ctl_request_is_gone(const struct ctl_request *request)
{
	return request->peer == NULL;
}

void
ctl_request_end(struct ctl_request *request, int status, const char *format, ...)
{
	struct proto_end end = {.status = (uint8_t)status};
	struct arena *arena = request->arena;
	struct wire_writer writer;
	char text[2048];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	end.text = slice_of(text);
	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_END);
	proto_control_put_end(&writer, &end);
	ctl_request_send(request, &writer);
	if (request->peer != NULL)
		ctl_peer_done(request->peer);
	arena_free(&arena);
}

struct proto_value
ctl_request_typed(const char *name, enum proto_value_type type, int64_t value)
{
	return (struct proto_value){.name = slice_of(name), .type = type, .integer = value};
}

struct proto_value
ctl_request_integer(const char *name, int64_t value)
{
	return ctl_request_typed(name, PROTO_VALUE_INTEGER, value);
}

struct proto_value
ctl_request_text(const char *name, const char *text)
{
	struct proto_value value = ctl_request_typed(name, PROTO_VALUE_TEXT, 0);

	value.text = slice_of(text);
	return value;
}

struct proto_value
ctl_request_time(const char *name, int64_t seconds)
{
	if (seconds == 0)
		return ctl_request_typed(name, PROTO_VALUE_NULL, 0);
	return ctl_request_typed(name, PROTO_VALUE_TIME, seconds);
}
