#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Which address family of a host could not be connected to lately. Remembered for an hour, so that
 * a host with a dead family costs one failed connect and not one for each message. Pure but for its
 * own memory; time is passed in.
 */
struct deliver_family;

struct deliver_family *deliver_family_new(void);
void deliver_family_free(struct deliver_family **family);
/* family is AF_INET or AF_INET6. */
void deliver_family_failed(struct deliver_family *memory, const char *host, int family,
			   int64_t now_ms);
void deliver_family_worked(struct deliver_family *memory, const char *host, int family);
bool deliver_family_is_bad(const struct deliver_family *memory, const char *host, int family,
			   int64_t now_ms);
