#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/proto/submit.h"
#include "common/str.h"

/*
 * What SMTP clients say, parsed (RFC 5321 section 4.1, and the parameters of RFC 1870, 3030, 3461,
 * 6152, 6531, 6710 and 8689). Pure. What is parsed are slices of the line.
 *
 * The parsers of arguments return NULL when all is well, else the reply that refuses the command:
 * a constant text without CRLF.
 */
enum submit_command_verb {
	SUBMIT_COMMAND_EHLO,
	SUBMIT_COMMAND_HELO,
	SUBMIT_COMMAND_MAIL,
	SUBMIT_COMMAND_RCPT,
	SUBMIT_COMMAND_DATA,
	SUBMIT_COMMAND_BDAT,
	SUBMIT_COMMAND_RSET,
	SUBMIT_COMMAND_NOOP,
	SUBMIT_COMMAND_VRFY,
	SUBMIT_COMMAND_EXPN,
	SUBMIT_COMMAND_HELP,
	SUBMIT_COMMAND_QUIT,
	SUBMIT_COMMAND_UNKNOWN,
	SUBMIT_COMMAND_VERBS
};

/* Extensions that are taken only when they are offered. */
enum {
	SUBMIT_COMMAND_OFFER_DSN = 1,
	SUBMIT_COMMAND_OFFER_REQUIRETLS = 2,
	SUBMIT_COMMAND_OFFER_MT_PRIORITY = 4,
};

enum {
	SUBMIT_COMMAND_LINE = 2048,       /* the longest command line, CRLF included */
	SUBMIT_COMMAND_LINE_SHORT = 1000, /* the same for commands other than MAIL and RCPT */
	SUBMIT_COMMAND_ENVID = 100,       /* RFC 3461 section 4.4 */
};

struct submit_command_mail {
	struct slice path; /* empty: the null reverse-path */
	uint64_t size;     /* of SIZE=, 0 when it was not given */
	bool eight_bit;    /* BODY=8BITMIME */
	bool smtputf8;
	bool requiretls;
	int8_t priority;
	enum proto_ret ret;
	struct slice envid; /* xtext */
};

struct submit_command_rcpt {
	struct slice path;
	bool utf8; /* has a byte above 127 */
	uint8_t notify;
	struct slice orcpt; /* "type;xtext" */
};

struct submit_command_bdat {
	uint64_t size;
	bool last;
};

/*
 * Splits a line (without its line end) into verb and arguments. A line with control characters is
 * SUBMIT_COMMAND_UNKNOWN, as is one too long for its verb.
 */
enum submit_command_verb submit_command_parse(struct slice line, struct slice *args);
/* The name must be a word of printable ASCII; what is in it is not judged. */
const char *submit_command_hello(struct slice args, struct slice *name);
const char *submit_command_mail(struct slice args, unsigned offered,
				struct submit_command_mail *mail);
/* smtputf8: the MAIL of this transaction had the parameter. */
const char *submit_command_rcpt(struct slice args, unsigned offered, bool smtputf8,
				struct submit_command_rcpt *rcpt);
const char *submit_command_bdat(struct slice args, struct submit_command_bdat *bdat);
