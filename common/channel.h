#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct event_base;
struct frame;
struct wire_writer;

/*
 * One end of a SOCK_SEQPACKET connection between two of our processes: frames out through a queue
 * that never blocks, frames in by callback. The only socket code of the master.
 *
 * Callbacks come from the event loop only, never from inside a channel_*() call. After gone() the
 * channel delivers nothing more; the owner frees it, at once or later. Freeing inside a callback
 * is allowed.
 */
struct channel;

enum { CHANNEL_HIGH_WATER = 256 }; /* frames in the queue at which drained() is owed */

struct channel_handlers {
	/* One frame. False: the frame is bad, and the channel is closed (gone() follows). */
	bool (*frame)(struct channel *channel, struct frame *frame, void *arg);
	/*
	 * The peer closed, or the channel was closed for what reason says. Called once at most,
	 * behind the last frame the peer had sent.
	 */
	void (*gone)(struct channel *channel, const char *reason, void *arg);
	/* The queue, which had passed the high-water mark, is empty again. May be NULL. */
	void (*drained)(struct channel *channel, void *arg);
};

/* Takes over fd, which must be a non-blocking SOCK_SEQPACKET socket. handlers must stay. */
struct channel *channel_new(struct event_base *base, int fd,
			    const struct channel_handlers *handlers, void *arg);
/* Unsent frames are lost. NULL is fine. */
void channel_free(struct channel **channel);

/* A packet buffer of WIRE_PACKET_MAX bytes shared by all senders: build, send, forget. */
void *channel_packet(void);

/*
 * Sends the frame in writer (built by frame_begin() in any buffer), copying it if it must wait.
 * fd, unless -1, goes along and stays the caller's. False when the writer failed (the frame is too
 * large), the peer takes nothing any more, or fd must wait and no descriptor is left to keep it in;
 * nothing is sent then.
 */
bool channel_send(struct channel *channel, const struct wire_writer *writer, int fd);

/* Frames that wait in the queue. */
size_t channel_queued(const struct channel *channel);
/* Stops and resumes reading: back-pressure on the peer. */
void channel_pause(struct channel *channel, bool pause);
/* Sends what is queued, waiting at most timeout_ms. For the last words of a process. */
void channel_flush(struct channel *channel, int timeout_ms);
int channel_fd(const struct channel *channel);
/* Who is at the other end (SO_PEERCRED at connect time); false if unknown. */
bool channel_peer(const struct channel *channel, pid_t *pid, uid_t *uid, gid_t *gid);

/* A connected pair, non-blocking, close-on-exec, with room for many frames. */
bool channel_pair(int fds[2]);
/* Sets the socket buffers that channels need. */
void channel_tune(int fd);
