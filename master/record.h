#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"

/*
 * The delivery record: one JSON object per line per recipient per event (log.deliveries), and the
 * line of the log with the same facts. Lines are collected and written before the commit that makes
 * them final, so that a crash may repeat a line but not lose one.
 */
struct proto_result_facts;
struct record;
struct why;

enum record_event {
	RECORD_DELIVERED,
	RECORD_DEFERRED,
	RECORD_BOUNCED,
	RECORD_EXPIRED,
	RECORD_REMOVED,
	RECORD_EVENTS
};

/* What is known about one recipient at one moment. Slices may be empty, numbers 0: not known. */
struct record_line {
	enum record_event event;
	uint64_t message;
	uint64_t delivery;
	struct slice sender;
	struct slice rcpt;
	struct slice domain;
	unsigned retry_num;
	int64_t size;
	const struct outcome *outcome;          /* NULL: no attempt was made */
	const struct proto_result_facts *facts; /* NULL: nothing about a connection is known */
	bool removed_meanwhile;                 /* the row was gone when the answer came */
	double queue_s;                         /* from the arrival until it first was due */
	double schedule_s;                      /* from being due until the job left */
	int64_t next_attempt;                   /* seconds since the epoch; 0: none */
};

/* path NULL: no file, only log lines. must: see record_may_send(). NULL when it cannot be opened.
 */
struct record *record_new(const char *path, bool must, struct why *why);
void record_free(struct record **record);
void record_add(struct record *record, const struct record_line *line);
/* Writes what was collected; what cannot be written is kept, up to a bound. Before each commit. */
void record_flush(struct record *record);
/* Opens the file anew: after a rotation, or under another name. */
bool record_reopen(struct record *record, const char *path, bool must, struct why *why);
/*
 * False when the record cannot be written and its buffer is full, and it must not be lost: no
 * further job leaves then.
 */
bool record_may_send(const struct record *record);
