#pragma once

#include <stdbool.h>

/*
 * One client of the control socket: its rights, and its requests one after the other.
 */
struct channel;
struct core;
struct ctl_peer;
struct ctl_request;
struct list;

/* The client has gone: take it out of the list and free it. */
typedef void (*ctl_peer_gone_fn)(struct ctl_peer *peer, void *arg);

/* Takes over fd. */
struct ctl_peer *ctl_peer_new(struct core *core, int fd, ctl_peer_gone_fn gone, void *arg);
/* A request under way goes on without it. */
void ctl_peer_free(struct ctl_peer **peer);
/* True for root, the daemon's own user and control.admins. */
bool ctl_peer_may_order(const struct ctl_peer *peer);
struct list *ctl_peer_link(struct ctl_peer *peer);
struct ctl_peer *ctl_peer_of(struct list *link);
struct channel *ctl_peer_channel(struct ctl_peer *peer);
/* The request has ended. */
void ctl_peer_done(struct ctl_peer *peer);
