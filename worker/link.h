#pragma once

#include <stdbool.h>

#include "common/proto/hello.h"

/*
 * The worker's end of the channel to the master, the same for both roles: HELLO, STAT every second,
 * LOG, RETIRE; other frames go to the role. When the master is gone the process ends at once:
 * nothing is sent after the master's death.
 */
struct channel;
struct event_base;
struct frame;
struct link;

struct link_role {
	/* False: the frame is bad; the process ends. */
	bool (*frame)(struct frame *frame, void *arg);
	/* Finish what there is and call link_leave(). */
	void (*retire)(void *arg);
	/* Fills everything but memory and cpu_us. */
	void (*stat)(struct proto_stat *stat, void *arg);
	void *arg;
};

/* Takes over fd; from now on the log goes to the master. */
struct link *link_new(struct event_base *base, int fd);
void link_free(struct link **link);
struct channel *link_channel(struct link *link);
/* The role is ready: says HELLO and begins to report. role is copied. */
void link_hello(struct link *link, const struct link_role *role, const struct proto_hello *hello);
/* Nothing is left to do: the loop ends. */
void link_leave(struct link *link);
