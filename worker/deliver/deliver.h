#pragma once

#include <stdbool.h>

/*
 * The deliver role of a worker: jobs in, results out. Each job is one delivery attempt, made by
 * worker/deliver/job.c; here they are kept together with what they share: the resolver, the idle
 * sessions, the channel.
 */
struct channel;
struct deliver;
struct event_base;
struct frame;
struct proto_stat;
struct settings_bundle;
struct why;

/* Everything stays the caller's and must outlive it. NULL: the resolver cannot be opened. */
struct deliver *deliver_new(struct event_base *base, const struct settings_bundle *bundle,
			    struct channel *to_master, struct why *why);
void deliver_free(struct deliver **deliver);
/* JOB, BODY, CLOSE. False: bad, or against the protocol. */
bool deliver_frame(struct deliver *deliver, struct frame *frame);
/*
 * Jobs that have not begun go back, idle sessions close, the others end; then drained is called,
 * once, later.
 */
void deliver_retire(struct deliver *deliver, void (*drained)(void *arg), void *arg);
void deliver_stat(const struct deliver *deliver, struct proto_stat *stat);
