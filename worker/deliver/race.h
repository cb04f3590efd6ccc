#pragma once

#include <stdint.h>

#include "worker/deliver/connect.h"

/*
 * Happy eyeballs: a connection to the first family, and, when it has not been answered for a while,
 * one to the second beside it; the first to be established wins, and the other is given up, with a
 * QUIT if it got through after all.
 */
struct deliver_race;
struct event_base;

struct deliver_race_request {
	struct deliver_connect_request first;
	struct deliver_connect_request second;
	int64_t head_start_ms; /* 0: the second never starts, and need not be filled */
};

enum deliver_race_lane { DELIVER_RACE_FIRST, DELIVER_RACE_SECOND };

struct deliver_race_events {
	/* One has failed; the other may still be under way. */
	void (*failed)(enum deliver_race_lane lane, const struct deliver_connect_result *result,
		       void *arg);
	/* One is established; nothing follows. */
	void (*won)(enum deliver_race_lane lane, const struct deliver_connect_result *result,
		    void *arg);
	/* All that were started have failed; second: it was started. Nothing follows. */
	void (*lost)(bool second, void *arg);
};

/* Requests are copied, their lists of sources too. Events come later, never from inside. */
struct deliver_race *deliver_race_start(struct event_base *base,
					const struct deliver_race_request *request,
					const struct deliver_race_events *events, void *arg);
void deliver_race_cancel(struct deliver_race **race);
