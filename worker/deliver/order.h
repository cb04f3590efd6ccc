#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/netaddr.h"
#include "common/settings/table.h"

/*
 * Which addresses of a host are tried, and in which order (settings.md section 1). Pure.
 */
enum deliver_order_fate {
	DELIVER_ORDER_KEPT,
	DELIVER_ORDER_UNUSABLE, /* loopback, link-local, multicast, v4-mapped, … */
	DELIVER_ORDER_CUT,      /* beyond limits.multihomed */
};

struct deliver_order_entry {
	struct netaddr address;
	enum deliver_order_fate fate;
};

enum { DELIVER_ORDER_MOST = 64 }; /* addresses of one host looked at */

struct deliver_order {
	struct deliver_order_entry entries[DELIVER_ORDER_MOST]; /* the kept ones first, in order */
	size_t count;
	size_t kept;
	bool all_loopback; /* there were addresses, and all of them loopback or unspecified */
};

bool deliver_order_wants_v4(enum settings_strategy strategy);
bool deliver_order_wants_v6(enum settings_strategy strategy);

/*
 * v4 and v6 are the answers in DNS order; a family the strategy does not name is left out.
 * Preferred family first, unusable ones dropped, cut to limit; but a strategy of two families keeps
 * one place for the second when it has a usable address and the limit is 2 or more. any: loopback
 * is usable, as for configured relays.
 */
struct deliver_order_question {
	enum settings_strategy strategy;
	const struct netaddr *v4;
	size_t v4_count;
	const struct netaddr *v6;
	size_t v6_count;
	size_t limit; /* >= 1 */
	bool any;
};
void deliver_order_addresses(const struct deliver_order_question *question,
			     struct deliver_order *order);
const char *deliver_order_fate_text(enum deliver_order_fate fate);
/* Kept addresses of this family are tried after those of the other. */
void deliver_order_put_behind(struct deliver_order *order, int family);
