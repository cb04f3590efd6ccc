#include "worker/deliver/body.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/crc32c.h"

enum { DELIVER_BODY_READ = 256 * 1024 };

void
deliver_body_begin(struct deliver_body *body, struct arena *arena, struct slice first,
		   uint64_t size, int fd, uint64_t offset)
{
	*body = (struct deliver_body){.fd = fd, .size = size, .offset = offset};
	if (fd >= 0)
		return;
	body->memory = first;
	body->have = first.len;
	if (first.len >= size)
		return;
	body->room = arena_alloc(arena, size);
	memcpy(body->room, first.data, first.len);
	body->memory = (struct slice){body->room, size};
}

bool
deliver_body_add(struct deliver_body *body, uint64_t offset, struct slice piece)
{
	if (body->room == NULL || offset != body->have || piece.len > body->size - body->have)
		return false;
	memcpy(body->room + body->have, piece.data, piece.len);
	body->have += piece.len;
	return true;
}

bool
deliver_body_is_complete(const struct deliver_body *body)
{
	return body->fd >= 0 || body->have == body->size;
}

static bool
deliver_body_check_file(const struct deliver_body *body, uint32_t wanted)
{
	static char buffer[DELIVER_BODY_READ];
	uint64_t done = 0;
	uint32_t crc = 0;

	while (done < body->size) {
		uint64_t left = body->size - done;
		ssize_t n =
		    pread(body->fd, buffer, left < sizeof(buffer) ? (size_t)left : sizeof(buffer),
			  (off_t)(body->offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		crc = crc32c(crc, buffer, (size_t)n);
		done += (uint64_t)n;
	}
	return crc == wanted;
}

bool
deliver_body_check(const struct deliver_body *body, uint32_t wanted)
{
	if (body->fd >= 0)
		return deliver_body_check_file(body, wanted);
	return body->memory.len == body->size &&
	       crc32c(0, body->memory.data, body->memory.len) == wanted;
}

void
deliver_body_end(struct deliver_body *body)
{
	if (body->fd >= 0)
		close(body->fd);
	body->fd = -1;
}
