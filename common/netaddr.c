#include "common/netaddr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/why.h"

bool
netaddr_parse(struct slice text, uint16_t port, struct netaddr *address)
{
	char copy[INET6_ADDRSTRLEN + 1];
	struct netaddr found = {0};

	if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.data, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, &found.sa.v4.sin_addr) == 1)
		found.sa.v4.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, copy, &found.sa.v6.sin6_addr) == 1)
		found.sa.v6.sin6_family = AF_INET6;
	else
		return false;
	netaddr_set_port(&found, port);
	*address = found;
	return true;
}

/* Splits "host:port" and "[host]:port"; port is empty when there is none. */
static bool
netaddr_split_port(struct slice text, struct slice *host, struct slice *port)
{
	const char *end;

	*host = text;
	*port = (struct slice){0};
	if (text.len > 0 && text.data[0] == '[') {
		end = memchr(text.data, ']', text.len);
		if (end == NULL)
			return false;
		*host = (struct slice){text.data + 1, (size_t)(end - text.data) - 1};
		text.len -= (size_t)(end - text.data) + 1;
		text.data = end + 1;
		if (text.len == 0)
			return true;
		*port = (struct slice){text.data + 1, text.len - 1};
		return text.data[0] == ':';
	}
	end = text.len ? memchr(text.data, ':', text.len) : NULL;
	/* Two colons and no bracket: an IPv6 address without a port. */
	if (end == NULL || memchr(end + 1, ':', text.len - (size_t)(end + 1 - text.data)) != NULL)
		return true;
	*host = (struct slice){text.data, (size_t)(end - text.data)};
	*port = (struct slice){end + 1, text.len - host->len - 1};
	return port->len > 0;
}

bool
netaddr_parse_port(struct slice text, uint16_t default_port, struct netaddr *address,
		   struct why *why)
{
	unsigned long long number = default_port;
	struct slice host;
	struct slice port;

	if (!netaddr_split_port(text, &host, &port) ||
	    (port.len > 0 && (!slice_number(port, &number) || number < 1 || number > 65535)) ||
	    !netaddr_parse(host, (uint16_t)number, address)) {
		why_set(why,
			"\"%.*s\" is not an IP address with a port: write \"192.0.2.1:25\" or "
			"\"[2001:db8::1]:25\"",
			SLICE_ARG(text));
		return false;
	}
	return true;
}

bool
netaddr_parse_prefix(struct slice text, struct netaddr_prefix *prefix)
{
	const char *slash = text.len ? memchr(text.data, '/', text.len) : NULL;
	struct slice host = {text.data, slash ? (size_t)(slash - text.data) : text.len};
	unsigned long long bits;
	unsigned long long most;

	if (!netaddr_parse(host, 0, &prefix->base))
		return false;
	most = netaddr_family(&prefix->base) == AF_INET ? 32 : 128;
	bits = most;
	if (slash != NULL &&
	    (!slice_number((struct slice){slash + 1, text.len - host.len - 1}, &bits) ||
	     bits > most))
		return false;
	prefix->bits = (unsigned)bits;
	return true;
}

struct netaddr
netaddr_from_v4(struct in_addr in, uint16_t port)
{
	struct netaddr address = {0};

	address.sa.v4.sin_family = AF_INET;
	address.sa.v4.sin_addr = in;
	address.sa.v4.sin_port = htons(port);
	return address;
}

struct netaddr
netaddr_from_v6(const struct in6_addr *in, uint16_t port)
{
	struct netaddr address = {0};

	address.sa.v6.sin6_family = AF_INET6;
	address.sa.v6.sin6_addr = *in;
	address.sa.v6.sin6_port = htons(port);
	return address;
}

bool
netaddr_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct netaddr *address)
{
	*address = (struct netaddr){0};
	if ((sa->sa_family != AF_INET || len < sizeof(struct sockaddr_in)) &&
	    (sa->sa_family != AF_INET6 || len < sizeof(struct sockaddr_in6)))
		return false;
	memcpy(&address->sa, sa,
	       sa->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	return true;
}

int
netaddr_family(const struct netaddr *address)
{
	return address->sa.any.sa_family;
}

socklen_t
netaddr_len(const struct netaddr *address)
{
	return netaddr_family(address) == AF_INET ? sizeof(struct sockaddr_in)
						  : sizeof(struct sockaddr_in6);
}

uint16_t
netaddr_port(const struct netaddr *address)
{
	return ntohs(netaddr_family(address) == AF_INET ? address->sa.v4.sin_port
							: address->sa.v6.sin6_port);
}

void
netaddr_set_port(struct netaddr *address, uint16_t port)
{
	if (netaddr_family(address) == AF_INET)
		address->sa.v4.sin_port = htons(port);
	else
		address->sa.v6.sin6_port = htons(port);
}

static const void *
netaddr_bytes(const struct netaddr *address)
{
	return netaddr_family(address) == AF_INET ? (const void *)&address->sa.v4.sin_addr
						  : (const void *)&address->sa.v6.sin6_addr;
}

/* A decimal number, no terminator; returns its end. */
static char *
netaddr_put_number(char *at, unsigned number)
{
	unsigned power = 1;

	while (number / power > 9)
		power *= 10;
	for (; power > 0; power /= 10)
		*at++ = (char)('0' + number / power % 10);
	return at;
}

/* The library prints addresses of version 4 through printf; several are printed per message. */
static char *
netaddr_put_v4(char *at, const struct netaddr *address)
{
	const unsigned char *bytes = netaddr_bytes(address);

	for (int i = 0; i < 4; i++) {
		at = netaddr_put_number(at, bytes[i]);
		*at++ = '.';
	}
	*--at = '\0';
	return at;
}

char *
netaddr_text(char text[NETADDR_TEXT], const struct netaddr *address)
{
	text[0] = '\0';
	if (netaddr_family(address) == AF_INET)
		netaddr_put_v4(text, address);
	else if (netaddr_family(address) != AF_UNSPEC)
		inet_ntop(netaddr_family(address), netaddr_bytes(address), text, NETADDR_TEXT);
	return text;
}

char *
netaddr_text_port(char text[NETADDR_TEXT], const struct netaddr *address)
{
	char plain[INET6_ADDRSTRLEN];
	char *at;

	text[0] = '\0';
	if (netaddr_family(address) == AF_INET) {
		at = netaddr_put_v4(text, address);
		*at++ = ':';
		*netaddr_put_number(at, netaddr_port(address)) = '\0';
	} else if (inet_ntop(netaddr_family(address), netaddr_bytes(address), plain,
			     sizeof(plain))) {
		snprintf(text, NETADDR_TEXT, "[%s]:%u", plain, netaddr_port(address));
	}
	return text;
}

bool
netaddr_equal(const struct netaddr *a, const struct netaddr *b)
{
	if (netaddr_family(a) != netaddr_family(b))
		return false;
	return netaddr_family(a) == AF_UNSPEC || memcmp(netaddr_bytes(a), netaddr_bytes(b),
							netaddr_family(a) == AF_INET ? 4 : 16) == 0;
}

bool
netaddr_contains(const struct netaddr_prefix *prefix, const struct netaddr *address)
{
	const unsigned char *a = netaddr_bytes(&prefix->base);
	const unsigned char *b = netaddr_bytes(address);
	unsigned bytes = prefix->bits / 8;
	unsigned rest = prefix->bits % 8;

	if (netaddr_family(&prefix->base) != netaddr_family(address))
		return false;
	if (memcmp(a, b, bytes) != 0)
		return false;
	return rest == 0 || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0;
}

bool
netaddr_is_loopback(const struct netaddr *address)
{
	if (netaddr_family(address) == AF_INET)
		return (ntohl(address->sa.v4.sin_addr.s_addr) >> 24) == 127;
	return IN6_IS_ADDR_LOOPBACK(&address->sa.v6.sin6_addr);
}

bool
netaddr_is_unspecified(const struct netaddr *address)
{
	if (netaddr_family(address) == AF_INET)
		return (ntohl(address->sa.v4.sin_addr.s_addr) >> 24) == 0;
	return IN6_IS_ADDR_UNSPECIFIED(&address->sa.v6.sin6_addr);
}

bool
netaddr_is_usable(const struct netaddr *address)
{
	uint32_t v4 = ntohl(address->sa.v4.sin_addr.s_addr);
	const struct in6_addr *v6 = &address->sa.v6.sin6_addr;

	if (netaddr_is_loopback(address) || netaddr_is_unspecified(address))
		return false;
	if (netaddr_family(address) == AF_INET)
		/* 224/4 multicast, 240/4 reserved with the broadcast address, 169.254/16. */
		return v4 >> 28 != 0xe && v4 >> 28 != 0xf && v4 >> 16 != 0xa9fe;
	return !IN6_IS_ADDR_LINKLOCAL(v6) && !IN6_IS_ADDR_MULTICAST(v6) &&
	       !IN6_IS_ADDR_V4MAPPED(v6) && !IN6_IS_ADDR_V4COMPAT(v6);
}
