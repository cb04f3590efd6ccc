#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "master/pool/spawner.h"

/*
 * The master's side of a real spawner, written plainly and blocking, so that a test can also say
 * what no master would. Failures are failures of the test that runs.
 */
enum { SPAWNER_PEER_UID = 34567, SPAWNER_PEER_GID = 34568 };

struct spawner_peer {
	char root[64];
	char run[64];
	int socket;
	pid_t pid;
	uint64_t serial;
};

extern struct spawner_peer spawner_peer;

/* Fixtures: a spawner with fake_worker, an empty root and a run directory of its own. */
void spawner_peer_setup(void);
void spawner_peer_teardown(void);
void spawner_peer_send(const void *data, size_t len, const int *fds, size_t count);
/* False at the end of the stream. *fd is -1 or a descriptor. */
bool spawner_peer_receive(struct pool_spawner_answer *answer, int *fd);
/* A request with a fresh serial; for START a sound one that lacks only its descriptor. */
struct pool_spawner_request spawner_peer_request(enum pool_spawner_kind kind);
struct pool_spawner_request spawner_peer_start_request(void);
int spawner_peer_bundle(const char *text);
/* Sends and waits for the answer. */
struct pool_spawner_answer spawner_peer_ask(const struct pool_spawner_request *request,
					    const int *fds, int *fd);
/* Starts a worker and waits for its HELLO, which comes when every right is gone. */
pid_t spawner_peer_start(const char *bundle_text, int *channel);
