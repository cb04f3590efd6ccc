#include "worker/submit/segment.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/why.h"

void
submit_segment_open(struct submit_segment *segment, uint64_t id, int fd)
{
	memset(segment, 0, sizeof(*segment));
	segment->id = id;
	segment->fd = fd;
}

void
submit_segment_close(struct submit_segment *segment)
{
	if (segment->fd >= 0)
		close(segment->fd);
	segment->fd = -1;
}

/* Takes written bytes off the front of iov; returns what is left of it. */
static struct iovec *
submit_segment_advance(struct iovec *iov, int *count, size_t written)
{
	while (*count > 0 && written >= iov->iov_len) {
		written -= iov->iov_len;
		iov++;
		(*count)--;
	}
	if (*count > 0) {
		iov->iov_base = (char *)iov->iov_base + written;
		iov->iov_len -= written;
	}
	return iov;
}

uint64_t
submit_segment_append(struct submit_segment *segment, struct iovec *iov, int count, int64_t now_ms,
		      struct why *why)
{
	uint64_t total = 0;

	iov = submit_segment_advance(iov, &count, 0);
	while (count > 0) {
		/* A short write is followed by one that says why. */
		ssize_t written = writev(segment->fd, iov, count);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			why_errno(why, "cannot write to segment %llu",
				  (unsigned long long)segment->id);
			break;
		}
		if (segment->end == 0)
			segment->first_ms = now_ms;
		segment->end += (uint64_t)written;
		total += (uint64_t)written;
		iov = submit_segment_advance(iov, &count, (size_t)written);
	}
	return total;
}

bool
submit_segment_sync(struct submit_segment *segment, struct why *why)
{
	while (fdatasync(segment->fd) != 0) {
		if (errno == EINTR)
			continue;
		/* The kernel may have dropped the pages: a second try would succeed and lie. */
		segment->broken = true;
		why_errno(why, "cannot sync segment %llu", (unsigned long long)segment->id);
		return false;
	}
	return true;
}

bool
submit_segment_is_full(const struct submit_segment *segment, uint64_t more, int64_t now_ms)
{
	if (segment->broken)
		return true;
	if (segment->end == 0)
		return false;
	return segment->end + more > SUBMIT_SEGMENT_BYTES ||
	       segment->messages >= SUBMIT_SEGMENT_MESSAGES ||
	       now_ms - segment->first_ms >= SUBMIT_SEGMENT_AGE_MS;
}
