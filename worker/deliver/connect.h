#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/netaddr.h"
#include "common/outcome.h"
#include "common/random.h"

/*
 * One TCP connection (or one to a Unix socket), bound to a source address picked at random from a
 * list. Never from an address that was not chosen: a failed bind is a failure of ours, tried next
 * with another address of the list.
 */
struct deliver_connect;
struct event_base;

struct deliver_connect_request {
	struct netaddr remote;
	const char *path;              /* connect to this Unix socket instead; NULL: TCP */
	const struct netaddr *sources; /* of the remote's family; copied */
	size_t source_count;           /* 0: the kernel chooses */
	int64_t timeout_ms;
	random_fn random;
	void *random_arg;
};

struct deliver_connect_result {
	int fd; /* connected, non-blocking, the receiver's; -1: failed */
	struct netaddr source;
	enum outcome_step step; /* where it failed: BIND or CONNECT */
	bool local;             /* the fault is ours */
	const char *text;       /* what happened, valid during the call */
};

typedef void (*deliver_connect_fn)(const struct deliver_connect_result *result, void *arg);

/* One answer, later, unless cancelled. */
struct deliver_connect *deliver_connect_start(struct event_base *base,
					      const struct deliver_connect_request *request,
					      deliver_connect_fn fn, void *arg);
void deliver_connect_cancel(struct deliver_connect **dial);
/*
 * The descriptor, still the connect's own, when it is established although its answer has not been
 * given yet; else -1. NULL is fine.
 */
int deliver_connect_established(const struct deliver_connect *dial);
/* The local address of a connected socket. */
struct netaddr deliver_connect_local(int fd);
