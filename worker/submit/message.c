#include "worker/submit/message.h"

#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/domain.h"
#include "common/map.h"

enum {
	SUBMIT_MESSAGE_FEW = 16, /* recipients that are compared one by one */
};

struct submit_message *
submit_message_new(void)
{
	struct submit_message *message = alloc_new(struct submit_message);

	list_init(&message->link);
	message->arena = arena_new();
	message->own.fd = -1;
	return message;
}

void
submit_message_reset(struct submit_message *message)
{
	list_remove(&message->link);
	message->state = SUBMIT_MESSAGE_ENVELOPE;
	message->ticket = 0;
	arena_reset(message->arena);
	memset(&message->envelope, 0, sizeof(message->envelope));
	message->recipients = NULL;
	message->recipient_count = 0;
	message->recipient_room = 0;
	map_free(&message->seen, NULL);
	submit_scan_init(&message->scan);
	str_free(&message->body);
	message->trace = 0;
	submit_segment_close(&message->own);
	message->synced = 0;
	message->failed = false;
}

void
submit_message_free(struct submit_message **message)
{
	if (*message == NULL)
		return;
	submit_message_reset(*message);
	arena_free(&(*message)->arena);
	free(*message);
	*message = NULL;
}

size_t
submit_message_memory(const struct submit_message *message)
{
	return sizeof(*message) + arena_size(message->arena) + message->body.room;
}

struct slice
submit_message_address(struct submit_message *message, struct slice path)
{
	char *copy = arena_copy(message->arena, path.data, path.len);
	struct slice domain = domain_of((struct slice){copy, path.len});

	domain_lower(copy + (path.len - domain.len), domain.len);
	return (struct slice){copy, path.len};
}

static bool
submit_message_has(struct submit_message *message, struct slice address)
{
	if (message->recipient_count >= SUBMIT_MESSAGE_FEW)
		return map_find(message->seen, address.data, address.len) != NULL;
	for (size_t i = 0; i < message->recipient_count; i++)
		if (slice_equal(message->recipients[i].address, address))
			return true;
	return false;
}

bool
submit_message_add(struct submit_message *message, const struct proto_recipient *recipient)
{
	size_t room = message->recipient_room;

	if (submit_message_has(message, recipient->address))
		return false;
	if (message->recipient_count == room) {
		struct proto_recipient *old = message->recipients;

		room = room ? room * 2 : 4;
		message->recipients =
		    arena_alloc(message->arena, room * sizeof(message->recipients[0]));
		if (old != NULL)
			memcpy(message->recipients, old, message->recipient_count * sizeof(old[0]));
		message->recipient_room = room;
	}
	message->recipients[message->recipient_count++] = *recipient;
	if (message->recipient_count < SUBMIT_MESSAGE_FEW)
		return true;
	if (message->seen == NULL) {
		message->seen = map_new();
		for (size_t i = 0; i + 1 < message->recipient_count; i++)
			map_put(message->seen, message->recipients[i].address.data,
				message->recipients[i].address.len, message);
	}
	map_put(message->seen, recipient->address.data, recipient->address.len, message);
	return true;
}
