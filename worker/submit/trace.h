#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * The trace header field an MTA puts before every message it takes (RFC 5321 section 4.4). The
 * date is UTC and made once a second; the rest is one snprintf.
 */
enum { SUBMIT_TRACE_MAX = 1024 };

struct submit_trace {
	const char *hostname; /* must outlive this */
	uint32_t nonce;       /* makes the ids of this process differ from those of others */
	int64_t second;       /* that date is of */
	char date[40];
};

struct submit_trace_facts {
	const char *name;     /* of EHLO; what has no place in a header is left out */
	const char *client;   /* "192.0.2.7" or "uid 1000" */
	const char *protocol; /* "ESMTP", "SMTP", "UTF8SMTP" (RFC 3848, RFC 6531 section 4.3) */
	uint64_t ticket;
};

void submit_trace_init(struct submit_trace *trace, const char *hostname, uint32_t nonce);
/* The field with its CRLF into text; returns its length. */
size_t submit_trace_field(struct submit_trace *trace, const struct submit_trace_facts *facts,
			  int64_t wall_ms, char text[SUBMIT_TRACE_MAX]);
