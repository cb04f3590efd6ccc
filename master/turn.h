#pragma once

/* One turn of the loop's own work, after its events: see master/core.h. */
struct core;

/*
 * Commits what came, then sends what may leave. Returns milliseconds until the next turn is needed
 * if no event comes; -1: none.
 */
long turn_run(struct core *core);
/* Once a second: space, edits of others, segments that can go. */
void turn_tick(struct core *core);
