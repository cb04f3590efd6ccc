#include "worker/smtp/body.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "worker/smtp/message.h"

/* Below this a copy is cheaper than a reference, which costs a chain element of its own. */
enum { SMTP_BODY_REFERENCE_MIN = 1024 };

void
smtp_body_init(struct smtp_body *body, const struct smtp_message *message, bool stuff)
{
	assert(message->memory.data == NULL || message->memory.len == message->size);
	body->message = message;
	body->sent = 0;
	body->tail = 2;
	body->stuff = stuff;
}

static void
smtp_body_add(struct evbuffer *out, const char *data, size_t len, bool stays)
{
	int failed;

	if (len == 0)
		return;
	failed = stays && len >= SMTP_BODY_REFERENCE_MIN
		     ? evbuffer_add_reference(out, data, len, NULL, NULL)
		     : evbuffer_add(out, data, len);
	if (failed)
		log_die("out of memory");
}

/* tail as it is after these octets. */
static unsigned char
smtp_body_tail(unsigned char tail, const char *data, size_t len)
{
	if (len == 0)
		return tail;
	if (data[len - 1] == '\r')
		return 1;
	if (data[len - 1] == '\n' && (len > 1 ? data[len - 2] == '\r' : tail == 1))
		return 2;
	return 0;
}

static void
smtp_body_stuff(struct smtp_body *body, struct evbuffer *out, struct slice piece, bool stays)
{
	const char *at = piece.data;
	const char *end = piece.data + piece.len;
	const char *from = at;
	const char *dot;

	if (piece.len == 0)
		return;
	if (body->tail == 2 && *at == '.')
		smtp_body_add(out, ".", 1, false);
	/* The LF of a CRLF may be the first octet of this piece, its dot the second. */
	if (body->tail == 1 && piece.len > 1 && at[0] == '\n' && at[1] == '.') {
		smtp_body_add(out, "\n.", 2, false);
		from = at + 1;
	}
	while ((dot = memmem(at, (size_t)(end - at), "\r\n.", 3)) != NULL) {
		smtp_body_add(out, from, (size_t)(dot + 2 - from), stays);
		smtp_body_add(out, ".", 1, false);
		from = dot + 2;
		at = dot + 3;
	}
	smtp_body_add(out, from, (size_t)(end - from), stays);
	body->tail = smtp_body_tail(body->tail, piece.data, piece.len);
}

/* Exactly len octets of the file into data. */
static bool
smtp_body_read(const struct smtp_body *body, char *data, size_t len)
{
	off_t offset = body->message->offset + (off_t)body->sent;
	size_t have = 0;

	while (have < len) {
		ssize_t n = pread(body->message->fd, data + have, len - have, offset + (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

static bool
smtp_body_piece_of_file(struct smtp_body *body, struct evbuffer *out, size_t len)
{
	struct evbuffer_iovec room;
	char piece[SMTP_BODY_PIECE];

	if (body->stuff) {
		if (!smtp_body_read(body, piece, len))
			return false;
		smtp_body_stuff(body, out, (struct slice){piece, len}, false);
		return true;
	}
	/* Straight into the buffer: what needs no stuffing is not copied here. */
	if (evbuffer_reserve_space(out, (ev_ssize_t)len, &room, 1) != 1)
		log_die("out of memory");
	if (!smtp_body_read(body, room.iov_base, len))
		return false;
	room.iov_len = len;
	evbuffer_commit_space(out, &room, 1);
	return true;
}

static bool
smtp_body_piece(struct smtp_body *body, struct evbuffer *out, size_t len)
{
	const struct smtp_message *message = body->message;

	if (message->memory.data != NULL) {
		struct slice piece = {message->memory.data + body->sent, len};

		if (body->stuff)
			smtp_body_stuff(body, out, piece, true);
		else
			smtp_body_add(out, piece.data, piece.len, true);
	} else if (len > 0 && !smtp_body_piece_of_file(body, out, len)) {
		return false;
	}
	body->sent += len;
	return true;
}

/* Memory without stuffing costs nothing per octet, so it is never cut. */
static bool
smtp_body_is_last(const struct smtp_body *body)
{
	return (body->message->memory.data != NULL && !body->stuff) ||
	       body->message->size - body->sent <= SMTP_BODY_PIECE;
}

enum smtp_body_status
smtp_body_fill(struct smtp_body *body, struct evbuffer *out, size_t room)
{
	while (!smtp_body_is_last(body)) {
		if (evbuffer_get_length(out) >= room)
			return SMTP_BODY_MORE;
		if (!smtp_body_piece(body, out, SMTP_BODY_PIECE))
			return SMTP_BODY_FAILED;
	}
	return SMTP_BODY_LAST;
}

bool
smtp_body_finish(struct smtp_body *body, struct evbuffer *out)
{
	assert(smtp_body_is_last(body));
	return smtp_body_piece(body, out, (size_t)(body->message->size - body->sent));
}
