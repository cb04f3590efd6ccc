#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/resolve/name.h"
#include "worker/resolve/resolve.h"

/*
 * The packets of DNS (RFC 1035 4, 6891): a question to send, and what a reply says about it. Pure:
 * the parser reads any bytes, and everything it returns lives in the arena given or in words that
 * are constant.
 */
struct arena;

enum {
	RESOLVE_RR_HEADER = 12,
	/* Header, name, type and class, EDNS record. */
	RESOLVE_RR_QUESTION_MAX = RESOLVE_RR_HEADER + RESOLVE_NAME_MAX + 4 + 11,
	/* Aliases followed inside one packet; more is taken for a loop. */
	RESOLVE_RR_CHAIN_MAX = 16,
};

struct resolve_rr_reply {
	/* TC is set and the answer would be positive or negative: ask again by TCP. */
	bool truncated;
	/* The AD bit as it is in the packet; whether it counts is the caller's affair. */
	bool authentic;
	/* The reply is for this question; false: spoofed, misdirected or no reply at all. */
	bool matches;
	/* "SERVFAIL", "damaged answer", ...; with the server's explanation (RFC 8914) if it gave
	 * one. Fit to print; never NULL. */
	const char *words;
	/* All but secure, from_cache and detail, which the caller fills. */
	struct resolve_answer answer;
};

/*
 * A recursive question with DO set, because without it resolvers do not tell what they validated.
 * Returns its length.
 */
size_t resolve_rr_question(uint8_t packet[RESOLVE_RR_QUESTION_MAX], uint16_t id,
			   const struct resolve_name *name, enum resolve_type type);

/*
 * Reads a whole reply. Aliases are followed inside the packet whatever the order of its records;
 * bytes behind the last record are ignored. The records are those of the chain's end; where all of
 * them are malformed the status is RESOLVE_GARBAGE, not RESOLVE_NODATA.
 */
void resolve_rr_parse(struct arena *arena, const uint8_t *packet, size_t len,
		      const struct resolve_name *name, enum resolve_type type,
		      struct resolve_rr_reply *reply);
