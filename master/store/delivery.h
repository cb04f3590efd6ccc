#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/store/turn.h"

struct arena;

/*
 * A delivery (one message to the recipients at one domain) read from the queue with all that a job
 * needs, and small changes to one that are not the end of an attempt. What is read belongs to the
 * arena given. Times are seconds since the epoch, 0 for NULL; texts are never NULL, "" for NULL.
 */
enum store_delivery_state { STORE_DELIVERY_ACTIVE = 0, STORE_DELIVERY_HELD = 2 };

/* Column recipient.state; part of the supported interface. */
enum store_recipient_state {
	STORE_RECIPIENT_PENDING = 0,
	STORE_RECIPIENT_DELIVERED = 1,
	STORE_RECIPIENT_FAILED = 2,  /* refused for good, bounced if somebody wants to know */
	STORE_RECIPIENT_EXPIRED = 3, /* given up after expires_at */
	STORE_RECIPIENT_REMOVED = 4  /* dropped by an operator, nobody is told */
};

/* The last_* columns: how the last attempt ended. NULL texts are stored as NULL. */
struct store_last {
	const char *class; /* what kind of failure: a word of the variable last_error */
	const char *step;  /* "rcpt-to" */
	int code;          /* SMTP reply code; 0: none */
	const char *enhanced;
	const char *reply;
	const char *host;
	const char *ip;
	const char *tls_error;
};

struct store_recipient {
	int64_t id;
	const char *address;
	const char *orcpt;
	unsigned notify; /* enum store_notify */
};

struct store_delivery {
	int64_t id;
	int64_t lane_id;
	int64_t rev;
	enum store_delivery_state state;
	unsigned retry_num;
	unsigned notify_num; /* delay notices sent */
	int64_t next_attempt_at;
	int64_t next_notify_at;
	int64_t expires_at;
	int64_t last_attempt_at;
	struct store_last last;
	const char *domain;
	/* The message. */
	int64_t message_id;
	const char *sender;
	int64_t created_at;
	int64_t size;
	int64_t segment_id;
	int64_t offset;
	uint32_t crc32c;
	bool eight_bit;
	bool needs_stuffing;
	unsigned longest_line;
	bool smtputf8;
	bool requiretls;
	int priority;
	const char *envid;
	int ret; /* enum store_ret */
	const char *origin;
	const char *tag;
	const char *arrived_from;
	/* Those still pending, by id. */
	struct store_recipient *recipients;
	size_t recipients_count;
};

/* NULL with why->text "" when there is no such row; NULL with a reason when reading failed. */
struct store_delivery *store_delivery_load(struct store *store, int64_t id, struct arena *arena,
					   struct why *why);

enum store_delivery_check { STORE_DELIVERY_THERE, STORE_DELIVERY_GONE, STORE_DELIVERY_UNREADABLE };

/* Just before a waiting job leaves: is the row there, in which state, touched by whom (rev). */
enum store_delivery_check store_delivery_check(struct store *store, int64_t id,
					       enum store_delivery_state *state, int64_t *rev,
					       struct why *why);

/* A keyset cursor over (wake_at, id); zeroed it stands before the first. */
struct store_delivery_cursor {
	int64_t at;
	int64_t id;
};

struct store_delivery_wake {
	int64_t id;
	int64_t lane_id;
	int64_t next_notify_at; /* 0: none */
	int64_t expires_at;     /* 0: never */
};

/*
 * Deliveries, not held, whose next notice or expiry has come, earliest first, after the cursor,
 * which moves on. Returns how many of at most `most` were written, or -1.
 */
int store_delivery_wakes(struct store *store, int64_t now, struct store_delivery_cursor *cursor,
			 struct store_delivery_wake *wakes, int most, struct why *why);
/* When the earliest such moment is; 0: none. False when it cannot be read. */
bool store_delivery_next_wake(struct store *store, int64_t *at, struct why *why);

/* Which columns store_delivery_change writes. */
enum store_delivery_field {
	STORE_DELIVERY_NEXT_ATTEMPT = 1, /* postponed without an attempt, or earlier */
	STORE_DELIVERY_NEXT_NOTIFY = 2,  /* with notify_num */
	STORE_DELIVERY_STATE = 4
};

struct store_delivery_change {
	struct store_op op;
	int64_t delivery_id;
	unsigned fields; /* enum store_delivery_field */
	int64_t next_attempt_at;
	int64_t next_notify_at; /* 0: no further notice */
	unsigned notify_num;
	enum store_delivery_state state;
	bool removed_meanwhile; /* known once apply() ran */
};

void store_delivery_change_init(struct store_delivery_change *change,
				void (*done)(struct store_op *op, bool committed, void *arg),
				void *arg);
bool store_delivery_change_apply(struct store *store, struct store_op *op, struct why *why);
