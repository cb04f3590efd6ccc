#include "worker/deliver/route.h"

#include <string.h>
#include <strings.h>

#include "common/arena.h"
#include "worker/resolve/mx.h"

enum { DELIVER_ROUTE_SMTP = 25 };

static bool
deliver_route_is_own(const char *name, const char *const *own)
{
	for (; own != NULL && *own != NULL; own++)
		if (strcasecmp(name, *own) == 0)
			return true;
	return false;
}

/* Fisher-Yates over the hosts [from, to). */
static void
deliver_route_shuffle(const struct deliver_route_question *question,
		      struct deliver_route_host *hosts, size_t from, size_t to)
{
	for (size_t left = to - from; left > 1; left--) {
		size_t pick = question->random((uint32_t)left, question->random_arg);
		struct deliver_route_host swap = hosts[from + left - 1];

		hosts[from + left - 1] = hosts[from + pick];
		hosts[from + pick] = swap;
	}
}

void
deliver_route_mx(struct arena *arena, const struct deliver_route_question *question,
		 struct deliver_route *route)
{
	struct deliver_route_host *hosts = arena_array(arena, question->count, sizeof(*hosts));
	size_t self = question->count; /* index of this server */
	size_t usable;

	*route = (struct deliver_route){.hosts = hosts, .count = question->count};
	for (size_t i = 0; i < question->count; i++) {
		hosts[i].name = arena_str(arena, question->hosts[i].name);
		hosts[i].preference = question->hosts[i].preference;
		hosts[i].port = DELIVER_ROUTE_SMTP;
		if (self == question->count &&
		    deliver_route_is_own(hosts[i].name, question->own_names))
			self = i;
	}
	usable = self;
	if (self < question->count) {
		route->self = true;
		while (usable > 0 && hosts[usable - 1].preference == hosts[self].preference)
			usable--;
		for (size_t i = usable; i < question->count; i++)
			hosts[i].fate = i == self ? DELIVER_ROUTE_SELF : DELIVER_ROUTE_BEHIND;
	}
	for (size_t from = 0, to; from < usable; from = to) {
		for (to = from + 1; to < usable && hosts[to].preference == hosts[from].preference;)
			to++;
		deliver_route_shuffle(question, hosts, from, to);
	}
	route->kept = usable < question->limit ? usable : question->limit;
	for (size_t i = route->kept; i < usable; i++)
		hosts[i].fate = DELIVER_ROUTE_CUT;
}

bool
deliver_route_literal(struct arena *arena, const char *domain, struct deliver_route *route)
{
	struct slice text = slice_of(domain);
	struct deliver_route_host *host;
	struct netaddr address;
	char plain[NETADDR_TEXT];
	bool tagged;

	if (text.len < 3 || text.data[0] != '[' || text.data[text.len - 1] != ']')
		return false;
	text = (struct slice){text.data + 1, text.len - 2};
	tagged = slice_starts_nocase(text, "IPv6:");
	if (tagged)
		text = (struct slice){text.data + 5, text.len - 5};
	if (!netaddr_parse(text, DELIVER_ROUTE_SMTP, &address) ||
	    tagged != (netaddr_family(&address) == AF_INET6))
		return false;
	host = arena_zero(arena, struct deliver_route_host);
	host->kind = DELIVER_ROUTE_LITERAL;
	host->literal = address;
	host->name = arena_str(arena, netaddr_text(plain, &address));
	host->port = DELIVER_ROUTE_SMTP;
	*route = (struct deliver_route){.hosts = host, .count = 1, .kept = 1};
	return true;
}

const char *
deliver_route_fate_text(enum deliver_route_fate fate)
{
	static const char *const texts[] = {
	    [DELIVER_ROUTE_KEPT] = "tried",
	    [DELIVER_ROUTE_SELF] = "is this server",
	    [DELIVER_ROUTE_BEHIND] = "not preferred to this server",
	    [DELIVER_ROUTE_CUT] = "beyond limits.mx",
	};

	return texts[fate];
}
