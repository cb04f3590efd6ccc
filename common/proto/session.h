#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

/*
 * SESSION and CLOSE: which connections of a deliver worker exist. The master counts them: a permit
 * is held from the JOB that may open until its DONE, or, when a connection came about, until that
 * is closed. Connections without a job are idle, which the master derives.
 */
struct wire_reader;
struct wire_writer;

enum proto_session_event {
	PROTO_SESSION_OPENED, /* connected and greeted for `job`, whose permit it now holds */
	PROTO_SESSION_CLOSED,
	PROTO_SESSION_EVENTS
};

struct proto_session {
	uint64_t id; /* within the worker, never used again */
	enum proto_session_event event;
	uint64_t job;        /* OPENED: for which it was opened; else 0 */
	struct slice host;   /* <= 255 */
	struct slice remote; /* address with port; <= 255 */
	struct slice source; /* address; <= 255 */
};

struct proto_close {
	uint64_t id;
};

void proto_session_put(struct wire_writer *writer, const struct proto_session *session);
bool proto_session_get(struct wire_reader *reader, struct proto_session *session);
void proto_session_put_close(struct wire_writer *writer, const struct proto_close *close);
bool proto_session_get_close(struct wire_reader *reader, struct proto_close *close);
