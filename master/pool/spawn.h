#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "common/sandbox.h"

/*
 * The master's side of the spawner: requests that are answered later, on the event loop.
 *
 * Every request is answered exactly once, in the order asked, never before the function that asked
 * has returned; unless the spawner is gone: then gone() is called once, no request is answered any
 * more, and the master has to stop (status 71). Descriptors given with a request stay the caller's.
 * Descriptors in an answer are close-on-exec and belong to the receiver. pool_spawn_free() may be
 * called from a callback; nothing is called after it.
 */
struct event_base;
struct pool_spawn;

/* error is an errno; 0: pid lives and channel is the master's end of its SOCK_SEQPACKET pair. */
typedef void (*pool_spawn_started_fn)(int error, pid_t pid, int channel, void *arg);
/* error is an errno; 0: fd listens. */
typedef void (*pool_spawn_bound_fn)(int error, int fd, void *arg);

struct pool_spawn_events {
	/* A worker has ended; status as from waitpid(). Never before its started answer. */
	void (*exited)(pid_t pid, int status, void *arg);
	void (*gone)(void *arg);
	void *arg;
};

/* What to start; the arrays are copied. */
struct pool_spawn_worker {
	struct sandbox_rules rules;
	unsigned number; /* never used twice */
	uid_t uid;       /* PRIVILEGE_KEEP when uids cannot be changed */
	gid_t gid;
	unsigned files; /* RLIMIT_NOFILE */
	int bundle;
	const int *listeners; /* LAUNCH_LISTENERS at most */
	size_t listener_count;
};

/* Takes the master's end from pool_spawner_fork(). events is copied. */
struct pool_spawn *pool_spawn_new(struct event_base *base, int socket,
				  const struct pool_spawn_events *events);
/* Closes the socket: the spawner kills all workers and ends. */
void pool_spawn_free(struct pool_spawn **spawn);

void pool_spawn_start(struct pool_spawn *spawn, const struct pool_spawn_worker *worker,
		      pool_spawn_started_fn fn, void *arg);
/* SIGKILL for a worker; exited() tells when it is dead. A pid that has already ended is ignored. */
void pool_spawn_kill(struct pool_spawn *spawn, pid_t pid);
void pool_spawn_bind(struct pool_spawn *spawn, const struct sockaddr *address, socklen_t len,
		     mode_t mode, pool_spawn_bound_fn fn, void *arg);
/* The spawner keeps a copy of fd until it ends: for the spool lock. Four at most. */
void pool_spawn_hold(struct pool_spawn *spawn, int fd);
