#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

/*
 * HELLO, STAT, RETIRE and LOG: how a worker announces itself, reports, speaks, and is let go.
 * Slices that are read point into the packet.
 */
struct wire_reader;
struct wire_writer;

enum proto_role { PROTO_ROLE_DELIVER, PROTO_ROLE_SUBMIT, PROTO_ROLES };

struct proto_hello {
	enum proto_role role;
	uint64_t generation;     /* of the configuration it was born with */
	struct slice protection; /* what its sandbox has on, for the log; <= 512 */
};

/* Sent every second; the counters run from the worker's start. */
struct proto_stat {
	uint32_t sessions;    /* open connections, either role */
	uint32_t idle;        /* of these without a transaction */
	uint64_t memory;      /* bytes resident */
	uint64_t messages;    /* transactions that ended well */
	uint64_t connections; /* opened since the start */
	uint64_t cpu_us;      /* user and system time used */
};

struct proto_log {
	uint8_t level;     /* enum log_level */
	struct slice text; /* <= 4096 */
};

/* "deliver", "submit" */
const char *proto_hello_role_name(enum proto_role role);

void proto_hello_put(struct wire_writer *writer, const struct proto_hello *hello);
bool proto_hello_get(struct wire_reader *reader, struct proto_hello *hello);
void proto_hello_put_stat(struct wire_writer *writer, const struct proto_stat *stat);
bool proto_hello_get_stat(struct wire_reader *reader, struct proto_stat *stat);
void proto_hello_put_log(struct wire_writer *writer, const struct proto_log *log);
bool proto_hello_get_log(struct wire_reader *reader, struct proto_log *log);
/* RETIRE has no fields: frame_begin() writes it, this reads it. */
bool proto_hello_get_retire(struct wire_reader *reader);
