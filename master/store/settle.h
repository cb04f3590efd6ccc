#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/store/delivery.h"
#include "master/store/turn.h"

/*
 * What an attempt made of a delivery: recipients that became final, and whether the delivery is
 * finished (its row goes, the message's too when it was the last) or waits for another attempt.
 * Pointers belong to the caller and live until done(). When the row is gone meanwhile (somebody
 * deleted it in the shell) nothing is changed or created, and removed_meanwhile says so.
 */
struct store_settle_recipient {
	int64_t id;
	enum store_recipient_state state; /* not PENDING */
	int code;                         /* SMTP reply code; 0: none */
	const char *enhanced;             /* "5.1.1" or NULL */
	const char *reply;                /* or NULL */
};

/* One row of attempt: the hosts tried are folded into its text, the rest comes from last. */
struct store_settle_attempt {
	unsigned retry_num; /* of the delivery when it began */
	int64_t at;         /* when it began */
	const char *text;   /* one line per host, without a final newline */
};

enum store_settle_end {
	STORE_SETTLE_GOES_ON,  /* only recipients: the attempt is not over */
	STORE_SETTLE_STAYS,    /* another attempt follows: the fields below are written */
	STORE_SETTLE_FINISHED, /* nothing is left to do: the delivery leaves the queue */
};

struct store_settle {
	struct store_op op;
	int64_t delivery_id;
	enum store_settle_end end;
	const struct store_settle_recipient *recipients; /* FINISHED: may be left out */
	size_t recipients_count;
	/* STAYS */
	unsigned retry_num;
	int64_t next_attempt_at;
	int64_t last_attempt_at;
	const struct store_last *last;              /* NULL: the columns stay as they are */
	const struct store_settle_attempt *attempt; /* NULL: no row */
	/* Known once apply() ran. */
	bool removed_meanwhile;
};

/* Sets op; the other fields are the caller's. */
void store_settle_init(struct store_settle *settle, store_op_done_fn done, void *arg);
/* The operation's apply(), for operations made of several that must commit together. */
bool store_settle_apply(struct store *store, struct store_op *op, struct why *why);
