#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/store/selector.h"
#include "master/store/turn.h"

/*
 * One change to all deliveries of a selector, in steps that scan at most STORE_MASS_SCAN rows and
 * change at most STORE_MASS_MOST: a step is an operation; the next one goes on where it ended. The
 * place is a delivery's id, so that a command can be taken up again after a crash. Deliveries that
 * arrive after the first step began are not touched.
 */
enum { STORE_MASS_MOST = 1000, STORE_MASS_SCAN = 10000 };

enum store_mass_action {
	STORE_MASS_RETRY,   /* next_attempt_at = now, unless held */
	STORE_MASS_HOLD,    /* state = held */
	STORE_MASS_RELEASE, /* state = active, next_attempt_at = now */
	STORE_MASS_COUNT    /* changes nothing */
};

struct store_mass {
	struct store_op op;
	struct store_selector selector;
	enum store_mass_action action;
	int64_t now;
	int64_t from;  /* ids after this one; 0 to begin. For the next step: next */
	int64_t until; /* last id to look at; 0 to begin, then kept by the step */
	/* Known once apply() ran. */
	int64_t next;
	bool finished;
	size_t changed;                 /* in this step; COUNT: found */
	int64_t lanes[STORE_MASS_MOST]; /* lanes touched in this step, each once */
	size_t lanes_count;
};

/* The caller fills selector, action, now; done() may set from = next and add it again. */
void store_mass_init(struct store_mass *mass, store_op_done_fn done, void *arg);
/* One step at once: COUNT needs no transaction, so it need not wait for a turn. */
bool store_mass_step(struct store *store, struct store_mass *mass, struct why *why);
