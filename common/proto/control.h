#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * COMMAND, ROW, END: what an operator asks over the control socket and what the master answers.
 * One COMMAND has any number of ROWs and exactly one END.
 */
struct arena;
struct wire_reader;
struct wire_writer;

enum {
	PROTO_CONTROL_WORDS = 64,
	PROTO_CONTROL_WORD = 2048, /* bytes of one word */
	PROTO_CONTROL_COLUMNS = 64,
	PROTO_CONTROL_VALUE = 8192, /* bytes of one value */
};

struct proto_command {
	size_t count; /* >= 1; the first word is the command's name */
	const struct slice *words;
};

enum proto_value_type {
	PROTO_VALUE_NULL,
	PROTO_VALUE_INTEGER,
	PROTO_VALUE_REAL, /* in the text, as printf("%g") */
	PROTO_VALUE_BOOL,
	PROTO_VALUE_TEXT,
	PROTO_VALUE_TIME,     /* seconds since the epoch; for people a time, in JSON ISO 8601 */
	PROTO_VALUE_DURATION, /* milliseconds */
	PROTO_VALUE_SIZE,     /* bytes */
	PROTO_VALUES
};

struct proto_value {
	struct slice name; /* a stable key; <= 255 */
	enum proto_value_type type;
	int64_t integer;
	struct slice text;
};

/* Rows of one answer that belong together have the same table name: "message", "attempt". */
struct proto_row {
	struct slice table; /* <= 255 */
	size_t count;
	const struct proto_value *values;
};

struct proto_end {
	uint8_t status;    /* exit status of the client, sysexits */
	struct slice text; /* one line: the error, or what was done; <= 4096, may be empty */
};

void proto_control_put_command(struct wire_writer *writer, const struct proto_command *command);
bool proto_control_get_command(struct wire_reader *reader, struct arena *arena,
			       struct proto_command *command);
void proto_control_put_row(struct wire_writer *writer, const struct proto_row *row);
bool proto_control_get_row(struct wire_reader *reader, struct arena *arena, struct proto_row *row);
void proto_control_put_end(struct wire_writer *writer, const struct proto_end *end);
bool proto_control_get_end(struct wire_reader *reader, struct proto_end *end);
