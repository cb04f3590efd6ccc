#pragma once

#include <stdbool.h>
#include <stdint.h>

struct smtp_reply;

/*
 * The answer to EHLO or LHLO as facts. Pure; what a peer repeats or misspells changes nothing
 * else, and numbers that do not parse count as not given.
 */
enum smtp_auth {
	SMTP_AUTH_PLAIN = 1,
	SMTP_AUTH_LOGIN = 2,
	SMTP_AUTH_CRAM_MD5 = 4,
	SMTP_AUTH_EXTERNAL = 8,
	SMTP_AUTH_XOAUTH2 = 16,
	SMTP_AUTH_OAUTHBEARER = 32,
	SMTP_AUTH_SCRAM_SHA_1 = 64,
	SMTP_AUTH_SCRAM_SHA_256 = 128
};

struct smtp_caps {
	uint64_t size_limit; /* octets, 0: no fixed limit (RFC 1870 section 3) */
	unsigned rcpt_max;   /* LIMITS RCPTMAX (RFC 9422), 0: not said */
	unsigned mail_max;   /* LIMITS MAILMAX, 0: not said */
	unsigned auth;       /* SMTP_AUTH_* offered */
	bool size;
	bool pipelining;
	bool chunking;
	bool binarymime;
	bool eight_bit_mime;
	bool smtputf8;
	bool dsn;
	bool starttls;
	bool requiretls;
	bool mt_priority;
	bool enhanced_status_codes;
};

/* Forgets what caps held. The first line of the reply is the peer's name and is skipped. */
void smtp_caps_read(struct smtp_caps *caps, const struct smtp_reply *reply);
