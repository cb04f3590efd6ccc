#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/launch.h"

/*
 * The listening sockets of `submit.listen`: bound by the spawner, kept by the master, handed to
 * every submit worker. A reload keeps those it still wants and binds the new ones.
 */
struct listen_set;
struct pool_spawn;
struct settings;

/* error: what could not be bound, NULL when all are there. */
typedef void (*listen_done_fn)(const char *error, void *arg);

struct listen_set *listen_new(struct pool_spawn *spawn);
void listen_free(struct listen_set **set);
/*
 * Binds what is missing, then closes what is not wanted any more; when something cannot be bound,
 * all stays as it was. Answers once, at once when nothing
 * has to be bound. */
void listen_apply(struct listen_set *set, const struct settings *settings, listen_done_fn done,
		  void *arg);
/* The descriptors, LAUNCH_LISTENERS at most; they stay the set's. */
const int *listen_fds(struct listen_set *set, size_t *count);
