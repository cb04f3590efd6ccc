#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/netaddr.h"
#include "common/random.h"

/*
 * The hosts a delivery may go to, in order. Pure: MX answers, names and randomness are passed in.
 */
struct arena;
struct resolve_mx_host;

/* What a host of the list is. */
enum deliver_route_kind {
	DELIVER_ROUTE_NAME,    /* addresses are to be looked up */
	DELIVER_ROUTE_LITERAL, /* the address is given */
	DELIVER_ROUTE_UNIX     /* a socket's path (LMTP relay) */
};

enum deliver_route_fate {
	DELIVER_ROUTE_KEPT,
	DELIVER_ROUTE_SELF,   /* it is this server */
	DELIVER_ROUTE_BEHIND, /* preferred no more than this server */
	DELIVER_ROUTE_CUT,    /* beyond limits.mx */
};

struct deliver_route_host {
	enum deliver_route_kind kind;
	enum deliver_route_fate fate;
	const char *name; /* of a host or a path; for a literal its text */
	struct netaddr literal;
	uint16_t preference;
	uint16_t port;
};

struct deliver_route {
	struct deliver_route_host *hosts; /* the kept ones first, in the order to be tried */
	size_t count;
	size_t kept;
	bool self; /* this server was among them */
};

struct deliver_route_question {
	const struct resolve_mx_host *hosts; /* sorted by preference, each name once */
	size_t count;
	const char *const *own_names; /* NULL-terminated: names of this server */
	size_t limit;                 /* limits.mx, >= 1 */
	random_fn random;
	void *random_arg;
};

/*
 * Shuffled within equal preference; this server and all hosts preferred no more than it are dropped
 * (RFC 5321 section 5.1), then cut to limit. Everything is in the arena.
 */
void deliver_route_mx(struct arena *arena, const struct deliver_route_question *question,
		      struct deliver_route *route);
/* "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 section 4.1.3) as the one host. */
bool deliver_route_literal(struct arena *arena, const char *domain, struct deliver_route *route);
const char *deliver_route_fate_text(enum deliver_route_fate fate);
