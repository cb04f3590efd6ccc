#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct why;

/*
 * One lent file to append message bodies to, and the account of what is in it. The descriptor is
 * append-only, so the position is the sum of what write calls returned: known even after a failed
 * one, whose bytes are lost space.
 */
enum {
	SUBMIT_SEGMENT_BYTES = 64 * 1024 * 1024,
	SUBMIT_SEGMENT_MESSAGES = 10000,
	SUBMIT_SEGMENT_AGE_MS = 10 * 60 * 1000, /* from its first message */
};

struct submit_segment {
	uint64_t id;
	int fd;            /* -1: no segment */
	uint64_t end;      /* length of the file */
	uint32_t messages; /* appended and synced */
	int64_t first_ms;  /* monotonic time of the first append; meaningless while end is 0 */
	bool broken;       /* a sync failed: what is on the disk is unknown, nothing may be added */
};

/* Takes over fd, an empty file. */
void submit_segment_open(struct submit_segment *segment, uint64_t id, int fd);
/* Closes the descriptor; harmless when there is none. */
void submit_segment_close(struct submit_segment *segment);
static inline bool
submit_segment_is_open(const struct submit_segment *segment)
{
	return segment->fd >= 0;
}
/*
 * Appends all of iov, which is used up in doing so. Returns the number of bytes that got into the
 * file; fewer than asked for: why says why.
 */
uint64_t submit_segment_append(struct submit_segment *segment, struct iovec *iov, int count,
			       int64_t now_ms, struct why *why);
/* fdatasync(). After a failure the segment is broken: seal it. */
bool submit_segment_sync(struct submit_segment *segment, struct why *why);
/* True when it should be sealed before more bytes are added to it. */
bool submit_segment_is_full(const struct submit_segment *segment, uint64_t more, int64_t now_ms);
