#pragma once

/*
 * The control socket: who is connected, whether they may, and which command answers. One request at
 * a time per connection.
 */
struct core;
struct ctl;
struct why;

/* Listens on control.socket, with rights for all: the peer's uid and groups decide. */
struct ctl *ctl_new(struct core *core, struct why *why);
void ctl_free(struct ctl **ctl);
