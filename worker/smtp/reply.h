#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"

/*
 * A reply (RFC 5321 section 4.2) out of bytes that come in any pieces. Strict about codes and
 * limits, because what is misread here is believed everywhere; a bare LF ends a line as CRLF does,
 * because a reply carries nothing that a wrong line end could smuggle.
 */
enum { SMTP_REPLY_LINE_MAX = 4096, SMTP_REPLY_LINES_MAX = 100, SMTP_REPLY_SIZE_MAX = 65536 };

enum smtp_reply_status {
	SMTP_REPLY_MORE,    /* all bytes were used, the reply is not complete */
	SMTP_REPLY_DONE,    /* complete; the bytes behind belong to the next one */
	SMTP_REPLY_GARBAGE, /* not a reply; only smtp_reply_reset() makes it usable again */
	SMTP_REPLY_TOO_LONG /* beyond the limits; likewise */
};

struct smtp_reply {
	uint16_t code;                    /* three digits, of any value */
	unsigned lines;                   /* complete lines read */
	struct outcome_enhanced enhanced; /* of the first line (RFC 2034), only when its class
					     agrees with the code; else class 0 */
	struct str text;                  /* what follows the codes, as sent, lines ended by LF */
	struct str line;                  /* the line not complete yet */
	size_t size;                      /* octets of the whole so far */
};

/* Ready for a new reply; keeps memory. A zeroed struct is ready too. */
void smtp_reply_reset(struct smtp_reply *reply);
void smtp_reply_free(struct smtp_reply *reply);
/* Takes up to len bytes; *used says how many. Reset a complete reply before the next call. */
enum smtp_reply_status smtp_reply_feed(struct smtp_reply *reply, const char *data, size_t len,
				       size_t *used);
/* True when part of a reply has come. */
bool smtp_reply_is_partial(const struct smtp_reply *reply);
/* The first digit: 2, 3, 4 or 5; 0 for codes that are none. */
unsigned smtp_reply_class(const struct smtp_reply *reply);
/*
 * The text as one line fit for people: lines joined by a space, control characters escaped, at most
 * OUTCOME_REPLY_MAX bytes. with_enhanced: the enhanced code stays in front; without, it is left out
 * of each line where it was believed.
 */
void smtp_reply_words(const struct smtp_reply *reply, bool with_enhanced, struct str *out);
