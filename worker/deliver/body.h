#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * The message of a job on its way from the master: in the JOB, in pieces behind it, or in a file.
 * Its length and checksum are verified before anything is sent to anybody.
 */
struct arena;

struct deliver_body {
	struct slice memory; /* data NULL: in the file */
	int fd;              /* -1: in memory */
	uint64_t offset;     /* of the message in the file */
	uint64_t size;
	uint64_t have; /* bytes in memory so far */
	char *room;    /* where pieces go; NULL when the first piece was all */
};

/* first: what came in the JOB, which must stay; fd is taken over, -1: none. */
void deliver_body_begin(struct deliver_body *body, struct arena *arena, struct slice first,
			uint64_t size, int fd, uint64_t offset);
/* The next piece; false: it is not the one that follows, or too long. */
bool deliver_body_add(struct deliver_body *body, uint64_t offset, struct slice piece);
bool deliver_body_is_complete(const struct deliver_body *body);
/* False: what is there is not what was accepted. Reads a file through once. */
bool deliver_body_check(const struct deliver_body *body, uint32_t crc32c);
void deliver_body_end(struct deliver_body *body);
