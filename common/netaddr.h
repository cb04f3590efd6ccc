#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/str.h"

struct why;

/*
 * Internet addresses with a port, and prefixes of them: parse, print, compare, contain. Pure.
 * IPv4 in v6-mapped form is never made here; netaddr_is_usable() refuses it as a peer.
 */
struct netaddr {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} sa; /* family AF_UNSPEC: no address */
};

struct netaddr_prefix {
	struct netaddr base;
	unsigned bits;
};

enum { NETADDR_TEXT = 64 };

/* "192.0.2.1" or "2001:db8::1", nothing else; the port is set as given. */
bool netaddr_parse(struct slice text, uint16_t port, struct netaddr *address);
/* "192.0.2.1:25", "[2001:db8::1]:25", or without a port, then default_port. */
bool netaddr_parse_port(struct slice text, uint16_t default_port, struct netaddr *address,
			struct why *why);
/* "192.0.2.0/24", "2001:db8::/32", or a single address. */
bool netaddr_parse_prefix(struct slice text, struct netaddr_prefix *prefix);
struct netaddr netaddr_from_v4(struct in_addr in, uint16_t port);
struct netaddr netaddr_from_v6(const struct in6_addr *in, uint16_t port);
bool netaddr_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct netaddr *address);

int netaddr_family(const struct netaddr *address);
socklen_t netaddr_len(const struct netaddr *address);
uint16_t netaddr_port(const struct netaddr *address);
void netaddr_set_port(struct netaddr *address, uint16_t port);
/* The address without its port; "" for none. Both return text. */
char *netaddr_text(char text[NETADDR_TEXT], const struct netaddr *address);
char *netaddr_text_port(char text[NETADDR_TEXT], const struct netaddr *address);
/* Ports do not count. */
bool netaddr_equal(const struct netaddr *a, const struct netaddr *b);
bool netaddr_contains(const struct netaddr_prefix *prefix, const struct netaddr *address);
bool netaddr_is_loopback(const struct netaddr *address);
bool netaddr_is_unspecified(const struct netaddr *address);
/* May be a mail host's: not loopback, unspecified, link-local, multicast or v4-mapped. */
bool netaddr_is_usable(const struct netaddr *address);
