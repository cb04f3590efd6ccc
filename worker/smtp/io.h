#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/smtp/trouble.h"

struct evbuffer;
struct event_base;
struct smtp_io;

/*
 * The connection of a session: one socket, an input and an output buffer, one deadline. TLS will
 * sit between the buffers and the socket and change nothing above. Owns the socket.
 *
 * Events come from the event loop only, never out of a call to this module. A write that fails is
 * not reported before everything the peer has sent was received: an early reply is the reply.
 * After trouble() nothing more comes.
 */
struct smtp_io_events {
	/* There are new octets in the input. */
	void (*received)(void *arg);
	/* Some output has left; perhaps there is room, perhaps it is empty. */
	void (*written)(void *arg);
	/* error: errno for LOST, else 0. */
	void (*trouble)(enum smtp_trouble trouble, int error, void *arg);
};

/* The socket must be connected and non-blocking. */
struct smtp_io *smtp_io_new(struct event_base *base, int fd, const struct smtp_io_events *events,
			    void *arg);
/* Closes the socket and drops what was not written. */
void smtp_io_free(struct smtp_io **io);
/* Belongs to the io; what is taken out is consumed. */
struct evbuffer *smtp_io_input(struct smtp_io *io);
/* Belongs to the io; what is put in leaves with the next smtp_io_flush(). */
struct evbuffer *smtp_io_output(struct smtp_io *io);
/* Octets not yet given to the socket. */
size_t smtp_io_pending(const struct smtp_io *io);
/* Octets given to the socket since the beginning. */
uint64_t smtp_io_sent(const struct smtp_io *io);
/* Writes what the socket takes now, the rest when it can. */
void smtp_io_flush(struct smtp_io *io);
/* One absolute deadline, ms from now; a later call replaces it, 0 takes it away. */
void smtp_io_set_deadline(struct smtp_io *io, int64_t ms);
/* trouble(TIMEOUT) in the next turn of the loop. */
void smtp_io_expire(struct smtp_io *io);
/* An event callback of the io runs once in the next turn, as if octets had come. */
void smtp_io_poke(struct smtp_io *io);
