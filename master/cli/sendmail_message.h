#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/str.h"

/*
 * The message a program hands to sendmail on standard input: read, its line ends made CRLF, its
 * header looked through and completed. All of it is held in memory.
 */
struct cli_sendmail_message {
	struct str text;   /* header and body, every line with CRLF */
	size_t header_len; /* the header's part of text, without the empty line */
	bool eight_bit;
	bool nul;
	char **addresses; /* found by cli_sendmail_message_recipients() */
	size_t address_count;
};

struct cli_sendmail_defaults {
	const char *sender;    /* address for From */
	const char *full_name; /* for From; "" for none */
	const char *hostname;  /* for Message-ID */
	long long wall_ms;
	unsigned nonce;
	int offset_minutes; /* of local time to UTC */
};

/* Reads to the end, or to a line with only a dot unless these are ignored. False: read error. */
bool cli_sendmail_message_read(struct cli_sendmail_message *message, FILE *in, bool ignore_dots);
/* Collects the addresses of To, Cc and Bcc (RFC 5322 section 3.6.3). */
void cli_sendmail_message_recipients(struct cli_sendmail_message *message);
/* Takes Bcc out, and adds From, Date and Message-ID where they are missing. */
void cli_sendmail_message_complete(struct cli_sendmail_message *message,
				   const struct cli_sendmail_defaults *defaults);
void cli_sendmail_message_free(struct cli_sendmail_message *message);
