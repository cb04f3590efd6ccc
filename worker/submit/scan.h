#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

/*
 * The one pass over the bytes of a message: dots un-stuffed, the end of DATA found, line ends made
 * CRLF, and everything measured that a later delivery must know. Pure and incremental: any split
 * of the input gives the same result.
 *
 * CRLF "." CRLF is the only end of DATA (RFC 5321 section 4.1.1.4). A CR or LF by itself becomes a
 * CRLF in the output but never counts as one of the input: a dot behind it is text, neither an end
 * nor stuffing. So no other reading of the stream, here or at the next hop, sees two messages.
 */
enum submit_scan_state {
	SUBMIT_SCAN_START,  /* behind a CRLF of the input, or nothing was read */
	SUBMIT_SCAN_SOFT,   /* behind a line end that was a CR or LF by itself */
	SUBMIT_SCAN_TEXT,   /* inside a line */
	SUBMIT_SCAN_CR,     /* behind a CR that is not in the output yet */
	SUBMIT_SCAN_DOT,    /* behind CRLF "." */
	SUBMIT_SCAN_DOT_CR, /* behind CRLF "." CR */
	SUBMIT_SCAN_END     /* behind CRLF "." CRLF, or submit_scan_finish() was called */
};

enum { SUBMIT_SCAN_NAME = 16 };

struct submit_scan {
	enum submit_scan_state state;
	bool bare_newline;           /* a CR or LF stood by itself */
	bool nul;                    /* a NUL byte was there (refused by RFC 5322 section 4.1) */
	bool eight_bit;              /* a byte above 127 was there */
	bool needs_stuffing;         /* a line of the output begins with a dot */
	bool in_body;                /* the empty line behind the header was seen */
	uint8_t name_len;            /* of name */
	uint32_t crc32c;             /* of the output */
	uint32_t received;           /* Received fields in the header */
	uint32_t line;               /* bytes of the current line of the output */
	uint32_t longest;            /* of all complete lines, without CRLF */
	uint64_t size;               /* bytes of output */
	char name[SUBMIT_SCAN_NAME]; /* the first bytes of the current line of the header */
};

void submit_scan_init(struct submit_scan *scan);
/*
 * Takes bytes of DATA and appends what they mean to out; returns how many were taken: all of them,
 * or those up to and with the end, and then the state is SUBMIT_SCAN_END.
 */
size_t submit_scan_data(struct submit_scan *scan, struct slice in, struct str *out);
/* Takes bytes of BDAT (RFC 3030), where dots mean nothing, or a header field made here. */
void submit_scan_raw(struct submit_scan *scan, struct slice in, struct str *out);
/* The end of the last BDAT: makes sure of the final CRLF. */
void submit_scan_finish(struct submit_scan *scan, struct str *out);
