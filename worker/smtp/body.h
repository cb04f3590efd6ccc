#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;
struct smtp_message;

/*
 * The body of a message on its way into an evbuffer, in pieces of at most SMTP_BODY_PIECE octets
 * (memory that needs no stuffing goes as one piece, by reference). Borrows the message, which must
 * live until the evbuffer has let go of it. Stored bodies end their lines with CRLF, so a dot is
 * doubled only at the start and behind CRLF (RFC 5321 section 4.5.2).
 */
enum { SMTP_BODY_PIECE = 65536 };

enum smtp_body_status {
	SMTP_BODY_MORE,  /* there is more than the last piece */
	SMTP_BODY_LAST,  /* exactly the last piece is left, perhaps of no octets */
	SMTP_BODY_FAILED /* short read or error: the message must not be finished */
};

struct smtp_body {
	const struct smtp_message *message;
	uint64_t sent;      /* octets of the stored body taken so far */
	unsigned char tail; /* how much of CRLF the octets taken end with; 2 at the start */
	bool stuff;
};

/* stuff: the message goes by DATA and has lines that begin with a dot. */
void smtp_body_init(struct smtp_body *body, const struct smtp_message *message, bool stuff);
/* Adds pieces, all but the last, while out is shorter than room octets. */
enum smtp_body_status smtp_body_fill(struct smtp_body *body, struct evbuffer *out, size_t room);
/* Adds the last piece; false: SMTP_BODY_FAILED. */
bool smtp_body_finish(struct smtp_body *body, struct evbuffer *out);
