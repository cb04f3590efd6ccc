#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

/*
 * What became of one recipient in one attempt. Data, not an error: made only by worker/smtp/
 * verdict.c, worker/deliver/ and master/sched/settle.c, carried by RESULT, kept in the database
 * and in the delivery record.
 */
enum outcome_class { OUTCOME_DELIVERED, OUTCOME_TEMPORARY, OUTCOME_PERMANENT, OUTCOME_CLASSES };

enum outcome_step {
#define STEP(name, word, doing) OUTCOME_STEP_##name,
#include "common/tbl/step.def"
#undef STEP
	OUTCOME_STEPS
};

/* The kind of the last failure: the values of the variable last_error. */
enum outcome_error {
	OUTCOME_ERROR_NONE,
	OUTCOME_ERROR_DNS,
	OUTCOME_ERROR_REPLY,
	OUTCOME_ERROR_CONNECTION,
	OUTCOME_ERROR_TLS,
	OUTCOME_ERROR_DANE,
	OUTCOME_ERROR_MTA_STS,
	OUTCOME_ERROR_RATE,
	OUTCOME_ERROR_CONCURRENCY,
	OUTCOME_ERROR_IO,
	OUTCOME_ERRORS
};

/* An enhanced status code (RFC 3463); class 0 means there is none. */
struct outcome_enhanced {
	uint16_t class; /* 2, 4 or 5 */
	uint16_t subject;
	uint16_t detail;
};

enum { OUTCOME_REPLY_MAX = 1024 };

struct outcome {
	enum outcome_class class;
	enum outcome_step step;
	enum outcome_error error;
	uint16_t code; /* of the peer's reply; 0 when the peer did not say it */
	struct outcome_enhanced enhanced;
	struct slice reply; /* the peer's text, or ours when code is 0; printable, one line */
	bool local;         /* the fault is ours: bind, file, resolver; not an attempt */
	bool unknown;       /* the message may have been delivered: the dot was out */
};

/* "delivered", "temporary", "permanent" */
const char *outcome_class_name(enum outcome_class class);
/* "rcpt-to" */
const char *outcome_step_name(enum outcome_step step);
/* "while sending RCPT TO" */
const char *outcome_step_doing(enum outcome_step step);
/* "unexpected-reply" */
const char *outcome_error_name(enum outcome_error error);
/* "5.1.1", "" when there is none; returns text. */
enum { OUTCOME_ENHANCED_TEXT = 24 };
char *outcome_enhanced_text(char text[OUTCOME_ENHANCED_TEXT], struct outcome_enhanced enhanced);
/* Reads "5.1.1" and nothing else; the detail has at most 3 digits (RFC 3463 section 2). */
bool outcome_enhanced_parse(struct slice text, struct outcome_enhanced *enhanced);
/*
 * True when a is more hopeful than b: of several hosts tried, the most hopeful result is the
 * attempt's (temporary over permanent, a reply over none, the peer's failure over one of ours,
 * which would not count as an attempt).
 */
bool outcome_is_better(const struct outcome *a, const struct outcome *b);
