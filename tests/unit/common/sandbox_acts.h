#pragma once

#include <stdint.h>

/*
 * What a worker may and may not do, one function each, for the tests of the sandbox. Each returns 0
 * or an errno; the worst of them do not return.
 */
enum { SANDBOX_ACTS_FAILED = 99, SANDBOX_ACTS_SETUP = 98 };

/* What the parent prepares and the child finds open. */
struct sandbox_acts_world {
	int listener; /* TCP, on port */
	uint16_t port;
	int file; /* opened for appending */
	int udp;
	uint16_t udp_port;
};

typedef int (*sandbox_acts_fn)(void);

enum { SANDBOX_ACTS_KILLED = -1, SANDBOX_ACTS_SKIP = -2 };

/* What comes of it: 0, an errno, or one of the above. */
struct sandbox_acts_row {
	const char *name;
	sandbox_acts_fn act;
	int deliver;
	int submit;
};

extern struct sandbox_acts_world sandbox_acts_world;
extern const struct sandbox_acts_row sandbox_acts_rows[];
extern const int sandbox_acts_count;

int sandbox_acts_connect(uint16_t port);
int sandbox_acts_connect_other(void);
int sandbox_acts_bind_port(void);
int sandbox_acts_socket_unix(void);
int sandbox_acts_abort(void);
