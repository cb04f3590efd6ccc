#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Domain names as DNS carries them (RFC 1035 3.1, 4.1.4): length-prefixed labels ending in the
 * root. All names are kept in lower case (ASCII letters only), so that equal names are equal
 * bytes. Pure; nothing is allocated but the texts.
 */
struct arena;
struct sockaddr;

enum { RESOLVE_NAME_MAX = 255, RESOLVE_NAME_LABEL_MAX = 63 };

struct resolve_name {
	size_t len; /* 1 .. RESOLVE_NAME_MAX, the root's zero byte included */
	uint8_t wire[RESOLVE_NAME_MAX];
};

/*
 * From text: letters, digits, "-", "_" and "." only, with or without the final dot. False when the
 * text is no such name; the root itself is not accepted.
 */
bool resolve_name_set(struct resolve_name *name, const char *text);

/*
 * From a packet, at *at, which moves behind the name. Compression pointers must point backwards,
 * each before the last, so that no packet can make this walk in a circle. False when damaged.
 */
bool resolve_name_read(struct resolve_name *name, const uint8_t *packet, size_t len, size_t *at);

bool resolve_name_equal(const struct resolve_name *a, const struct resolve_name *b);

/* True when resolve_name_set() would take the name's text: it can be asked for. */
bool resolve_name_is_host(const struct resolve_name *name);

/* Without the final dot, the root being "."; other bytes than a host's (a dot inside a label too)
 * are escaped as \DDD. */
char *resolve_name_text(struct arena *arena, const struct resolve_name *name);

/* The name under which an IPv4 or IPv6 address has its PTR records; returns text. */
enum { RESOLVE_NAME_REVERSE = 80 };
char *resolve_name_reverse(char text[RESOLVE_NAME_REVERSE], const struct sockaddr *address);
