#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * From a domain to its mail hosts (RFC 5321 5.1, RFC 7505): one MX question, its answer judged.
 * Order among equal preferences, and which host is this server itself, are decided elsewhere.
 *
 * One answer, later, unless cancelled. Cancel every one before the resolver is freed.
 */
struct resolve;
struct resolve_mx;

enum resolve_mx_kind {
	RESOLVE_MX_FOUND,     /* hosts, sorted by preference */
	RESOLVE_MX_IMPLICIT,  /* no MX record: the domain itself, as the one host, preference 0 */
	RESOLVE_MX_NULL,      /* the domain takes no mail (RFC 7505): permanent */
	RESOLVE_MX_NXDOMAIN,  /* no such domain: permanent */
	RESOLVE_MX_UNUSABLE,  /* there are MX records, and none of them names a host */
	RESOLVE_MX_BAD_NAME,  /* the text is no domain name: permanent */
	RESOLVE_MX_TEMPORARY, /* nothing is known: SERVFAIL, timeout, refused, damaged */
};

struct resolve_mx_host {
	uint16_t preference;
	const char *name; /* lower case, no final dot */
};

/* A record that was left out, for those who ask why. */
struct resolve_mx_dropped {
	uint16_t preference;
	const char *name;   /* escaped where it is no host name */
	const char *reason; /* "is an address, not a name" */
};

struct resolve_mx_answer {
	enum resolve_mx_kind kind;
	bool secure;        /* the MX answer, or its absence, was authenticated (DNSSEC) */
	bool silent;        /* TEMPORARY because no name server answers anything: our fault */
	uint32_t ttl;       /* seconds; 0: unknown */
	const char *domain; /* what was asked: lower case, no final dot */
	size_t count;       /* 0 unless FOUND or IMPLICIT */
	const struct resolve_mx_host *hosts; /* each name once, with its best preference */
	size_t dropped_count;
	const struct resolve_mx_dropped *dropped;
	const char *detail; /* words for a log; never NULL */
};

/* The answer, and all it points to, is valid during the call only. */
typedef void (*resolve_mx_fn)(const struct resolve_mx_answer *answer, void *arg);

/* The handle is valid until the answer is given or the question cancelled. */
struct resolve_mx *resolve_mx_start(struct resolve *resolve, const char *domain, resolve_mx_fn fn,
				    void *arg);

/* No answer will come; sets *mx to NULL; NULL is fine. */
void resolve_mx_cancel(struct resolve_mx **mx);

/* "found", "implicit", "null MX", ...; never NULL. */
const char *resolve_mx_kind_text(enum resolve_mx_kind kind);
