#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/sandbox.h"

/*
 * What a worker is told when it is started, and the first thing it does: the spawner writes it as
 * the argument vector, the worker's main() reads it back and gives up every right before it looks
 * at anything else. Only numbers and one path of the spawner's own travel here; the configuration
 * comes in the bundle, at a fixed descriptor.
 */
struct why;

enum {
	LAUNCH_CHANNEL = 3,  /* SOCK_SEQPACKET to the master, non-blocking */
	LAUNCH_BUNDLE = 4,   /* sealed memfd, to be read from offset 0 with pread() */
	LAUNCH_LISTENER = 5, /* the first of listener_count listening sockets, non-blocking */
	LAUNCH_LISTENERS = 16,
	LAUNCH_ROOT_MAX = 256,
	LAUNCH_ARGS = 10, /* program role number uid gid parent listeners unix-relay ports root */
	LAUNCH_TEXT = 1024
};

struct launch {
	struct sandbox_rules rules; /* rules.role is the worker's role */
	unsigned number;            /* the worker's number, 1 and up, never reused by one master */
	uid_t uid;                  /* PRIVILEGE_KEEP: as the spawner */
	gid_t gid;
	pid_t parent; /* the spawner: the worker dies with it */
	unsigned listener_count;
	char root[LAUNCH_ROOT_MAX]; /* directory for chroot; "": none */
};

/* The vector and the bytes it points into. */
struct launch_vector {
	char *argv[LAUNCH_ARGS + 1];
	char text[LAUNCH_TEXT];
};

/* Writes the vector; false when it does not fit. Allocates nothing: it runs between fork and exec.
 */
bool launch_write(const struct launch *launch, const char *program, struct launch_vector *vector);
/* Reads it back; anything not written by launch_write() is refused. */
bool launch_read(int argc, char *const argv[], struct launch *launch, struct why *why);
/*
 * Every right is gone when this returns true: uid, root directory, capabilities, limits, system
 * calls. *on says which protection is on. With a Unix relay there is no chroot: its socket could
 * not be reached from inside. After false the process has to end.
 */
bool launch_drop(const struct launch *launch, unsigned *on, struct why *why);
