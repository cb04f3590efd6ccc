#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

/*
 * EXPLAIN, STEP, EXPLAINED: a delivery attempt that stops short of connecting, and what it found on
 * the way. EXPLAIN is a number for the answer, followed by the fields of a JOB without a message.
 */
struct arena;
struct proto_job;
struct wire_reader;
struct wire_writer;

/* One thing found, in the order in which an attempt goes. */
struct proto_step {
	uint64_t request;
	uint8_t depth;       /* 0: the attempt, 1: a host, 2: an address */
	struct slice name;   /* "mx", "address", or the key of a setting; <= 255 */
	struct slice value;  /* <= 1024 */
	struct slice note;   /* why it is kept, dropped, or so; <= 1024 */
	struct slice origin; /* "FILE:LINE", "default", or empty; <= 1024 */
};

void proto_explain_put(struct wire_writer *writer, uint64_t request, const struct proto_job *job);
bool proto_explain_get(struct wire_reader *reader, struct arena *arena, uint64_t *request,
		       struct proto_job *job);
void proto_explain_put_step(struct wire_writer *writer, const struct proto_step *step);
bool proto_explain_get_step(struct wire_reader *reader, struct proto_step *step);
void proto_explain_put_end(struct wire_writer *writer, uint64_t request);
bool proto_explain_get_end(struct wire_reader *reader, uint64_t *request);
