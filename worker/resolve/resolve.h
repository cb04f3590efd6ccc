#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Asynchronous questions to the configured recursive resolvers, for a process without files, NSS
 * or any other library's resolver: UDP first, TCP when the answer was cut. Equal questions in
 * flight share one packet, answers are kept for their TTL, and a burst of questions waits in a
 * queue of its own.
 *
 * Every question gets one answer, later (never before resolve_start() returned), unless it was
 * cancelled or the resolver freed. All waiting is measured with the monotonic clock.
 */
struct event_base;
struct why;
struct resolve;
struct resolve_query;

enum { RESOLVE_SERVERS_MAX = 6 };

/* The numbers of RFC 1035 3.2.2, 3596, 6698. */
enum resolve_type {
	RESOLVE_A = 1,
	RESOLVE_PTR = 12,
	RESOLVE_MX = 15,
	RESOLVE_TXT = 16,
	RESOLVE_AAAA = 28,
	RESOLVE_TLSA = 52,
};

enum resolve_status {
	RESOLVE_OK,       /* at least one record */
	RESOLVE_NXDOMAIN, /* the name, or the end of its alias chain, does not exist */
	RESOLVE_NODATA,   /* the name exists, a record of this type does not */
	RESOLVE_SERVFAIL, /* every server failed; a DNSSEC failure looks like this */
	RESOLVE_TIMEOUT,  /* nobody answered this question in time, or could be reached */
	RESOLVE_SILENT,   /* the same, and no server answers anything: a fault on our side */
	RESOLVE_REFUSED,  /* no server would answer this question */
	RESOLVE_GARBAGE,  /* the answer cannot be used: damaged, or all its records are */
	RESOLVE_BAD_NAME, /* no packet was sent: the text is no name (see resolve_start) */
};

enum resolve_trust {
	RESOLVE_TRUST_AUTO, /* the AD bit counts when all servers are loopback addresses */
	RESOLVE_TRUST_YES,
	RESOLVE_TRUST_NO,
};

/* Host: lower case, without the final dot, the root being "."; bytes that no host name has are
 * escaped as \DDD, and is_host is false then, as for the root. */
struct resolve_mx_record {
	uint16_t preference;
	bool is_host;
	const char *host;
};

/* The strings of the record joined; NUL-terminated, but any byte may occur. */
struct resolve_txt_record {
	const char *data;
	size_t len;
};

struct resolve_tlsa_record {
	uint8_t usage;
	uint8_t selector;
	uint8_t matching;
	const uint8_t *data; /* at least one byte */
	size_t len;
};

/* Which member is valid follows from the type that was asked. */
struct resolve_record {
	union {
		struct in_addr a;
		struct in6_addr aaaa;
		struct resolve_mx_record mx;
		struct resolve_txt_record txt;
		struct resolve_tlsa_record tlsa;
		const char *ptr; /* lower case, without the final dot */
	};
};

struct resolve_answer {
	enum resolve_status status;
	bool secure;     /* the AD bit (RFC 4035) of a trusted resolver, of a denial too */
	bool from_cache; /* no packet was sent for it */
	/* Seconds it may be kept: the least of the alias chain and the records, or the negative TTL
	 * (RFC 2308); 0 when there is none. */
	uint32_t ttl;
	/* The end of the alias chain, or the name asked, written as an MX host; NULL without a
	 * usable answer. */
	const char *canonical;
	size_t count;                         /* 0 unless the status is RESOLVE_OK */
	const struct resolve_record *records; /* in the order of the packet */
	size_t dropped;                       /* records of the type that were malformed */
	const char *detail; /* words fit to print, never NULL: "SERVFAIL from 127.0.0.1" */
};

struct resolve_config {
	struct sockaddr_storage servers[RESOLVE_SERVERS_MAX]; /* IPv4 or IPv6; port 0 means 53 */
	size_t count;                                         /* 1 .. RESOLVE_SERVERS_MAX */
	unsigned timeout_ms;                                  /* how long one try waits; 0: 5000 */
	/* Tries that may end in silence; 0: 3. A question has timeout_ms * attempts from its first
	 * packet, and the same again from the moment its answer is found cut. */
	unsigned attempts;
	enum resolve_trust trust_ad;
	size_t cache_size;      /* answers kept; 0: none */
	uint32_t cache_ttl_max; /* seconds an answer is kept at most; 0: 3600 */
};

/* The answer, and all it points to, is valid during the call only. */
typedef void (*resolve_fn)(const struct resolve_answer *answer, void *arg);

/*
 * Opens its sockets: call it in the process that will use them (after fork). NULL with *why when a
 * server address is unusable or a socket cannot be made. The base must outlive it.
 */
struct resolve *resolve_new(struct event_base *base, const struct resolve_config *config,
			    struct why *why);

/*
 * Sets *resolve to NULL; NULL is fine. Questions still open get no answer, and their handles are
 * gone with it. May be called inside a resolve_fn, whose answer stays valid until it returns.
 */
void resolve_free(struct resolve **resolve);

/*
 * Asks for the records of a name in A-labels, with or without the final dot, case being ignored;
 * no search list is applied. A name with an empty label, a label over 63 or more than 253 bytes, or
 * any byte besides letters, digits, "-", "_" and "." is answered with RESOLVE_BAD_NAME. The handle
 * is valid until the answer is given or the question cancelled.
 */
struct resolve_query *resolve_start(struct resolve *resolve, const char *name,
				    enum resolve_type type, resolve_fn fn, void *arg);

/* No answer will come; sets *query to NULL; NULL is fine. */
void resolve_cancel(struct resolve_query **query);

/* True when the AD bit of the servers is believed, so that DANE can work at all. */
bool resolve_trusts_ad(const struct resolve *resolve);

/* True when asking again later may give another answer. */
bool resolve_status_is_temporary(enum resolve_status status);

/* "no such name", "no record of this type", "SERVFAIL", ...; never NULL. */
const char *resolve_status_text(enum resolve_status status);
