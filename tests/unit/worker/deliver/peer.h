#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"

/*
 * A scripted SMTP server on port 25 of one address, in the test's own event loop. Each step has a
 * script of answers separated by "|", one for each time it is asked, the last one for ever; empty:
 * the friendly answer. "SILENT" and "CLOSE" are what they say; "{CLOSE}" behind an answer closes
 * after it.
 */
struct event_base;
struct peer;

enum peer_step {
	PEER_GREETING,
	PEER_EHLO,
	PEER_HELO,
	PEER_MAIL,
	PEER_RCPT,
	PEER_DATA,
	PEER_DOT,
	PEER_BDAT,
	PEER_RSET,
	PEER_STEPS
};

struct peer *peer_new(struct event_base *base, const char *address);
void peer_free(struct peer **peer);
void peer_say(struct peer *peer, enum peer_step step, const char *script);
/* Closes every connection there is. */
void peer_hang_up(struct peer *peer);
size_t peer_connections(const struct peer *peer);
size_t peer_open(const struct peer *peer);
/* How often a step was asked. */
size_t peer_asked(const struct peer *peer, enum peer_step step);
size_t peer_quits(const struct peer *peer);
/* The last message, without the final dot and unstuffed by nobody. */
struct slice peer_message(const struct peer *peer);
/* Where the last connection came from, and the name it said. */
const char *peer_source(const struct peer *peer);
const char *peer_name(const struct peer *peer);
