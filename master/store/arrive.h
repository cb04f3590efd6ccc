#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/store/turn.h"

/*
 * A message enters the queue with its envelope: rows of message, delivery and recipient, and of
 * domain, class and lane when they are new. All pointers belong to the caller and must live until
 * done(); texts are UTF-8 and stored as given. Times are seconds since the epoch, 0 where the
 * column is to be NULL.
 */
struct store_arrive_recipient {
	int64_t id; /* store_id_next(STORE_ID_RECIPIENT) */
	const char *address;
	const char *orcpt; /* RFC 3461 ORCPT as received, or NULL */
	unsigned notify;   /* RFC 3461 NOTIFY: bits of enum store_notify; 0: not given */
};

enum store_notify {
	STORE_NOTIFY_NEVER = 1,
	STORE_NOTIFY_SUCCESS = 2,
	STORE_NOTIFY_FAILURE = 4,
	STORE_NOTIFY_DELAY = 8
};

enum store_ret { STORE_RET_NONE, STORE_RET_FULL, STORE_RET_HDRS };

struct store_arrive_delivery {
	int64_t id;         /* store_id_next(STORE_ID_DELIVERY) */
	const char *domain; /* lower case, as the lane is to be named */
	int64_t next_attempt_at;
	int64_t next_notify_at; /* 0: no notice */
	int64_t expires_at;     /* 0: never */
	bool held;              /* begins in state 2 */
	const struct store_arrive_recipient *recipients;
	size_t recipients_count; /* > 0 */
	/* Known once apply() ran. */
	int64_t lane_id;
	int64_t domain_id;
	int64_t class_id;
};

struct store_arrive {
	struct store_op op;
	int64_t message_id; /* store_id_next(STORE_ID_MESSAGE) */
	const char *sender; /* "" is the null reverse-path */
	int64_t created_at;
	int64_t size; /* bytes of the body */
	int64_t segment_id;
	int64_t offset; /* of the body in the segment */
	uint32_t crc32c;
	bool eight_bit;
	bool needs_stuffing; /* a line begins with a dot */
	unsigned longest_line;
	bool smtputf8;
	bool requiretls;
	int priority;      /* RFC 6710 MT-PRIORITY */
	const char *envid; /* RFC 3461, or NULL */
	enum store_ret ret;
	const char *origin;       /* who gave it to us, e.g. "submit 127.0.0.1"; or NULL */
	const char *tag;          /* campaign; NULL or "": none */
	const char *arrived_from; /* or NULL */
	/* The class of its lanes, with tag. */
	const char *sender_domain; /* lower case, "" for the null reverse-path */
	int band;                  /* priority band */
	struct store_arrive_delivery *deliveries;
	size_t deliveries_count; /* > 0 */
};

/* Sets op; the other fields are the caller's, in any order. */
void store_arrive_init(struct store_arrive *arrive, store_op_done_fn done, void *arg);
/* The operation's apply(), for operations made of several that must commit together. */
bool store_arrive_apply(struct store *store, struct store_op *op, struct why *why);
