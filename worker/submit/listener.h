#pragma once

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct netaddr_prefix;
struct submit_listener;

/*
 * Accepts clients on listening sockets that somebody else has bound, and tells who they are. A
 * client of TCP must come from one of the networks, else it gets 554; one of a Unix socket is known
 * by the uid that the kernel vouches for.
 */
enum { SUBMIT_LISTENER_CLIENT = 80 };

struct submit_listener_config {
	const struct netaddr_prefix *networks; /* must outlive the listener */
	size_t network_count;
	const char *hostname; /* must outlive the listener */
	/* A client that may come; fd is now the callee's. client: "192.0.2.7" or "uid 1000". */
	void (*accepted)(int fd, const char *client, void *arg);
	void *arg;
};

/* Takes over the descriptor. */
struct submit_listener *submit_listener_new(struct event_base *base, int fd,
					    const struct submit_listener_config *config);
void submit_listener_free(struct submit_listener **listener);
