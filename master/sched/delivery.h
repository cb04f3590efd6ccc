#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "common/outcome.h"
#include "common/proto/job.h"

/*
 * A delivery held in memory: one message to the recipients at one domain, with all that a JOB
 * needs, in one block. Read from the queue or handed over by intake; whoever removes it from its
 * place frees it.
 */
struct sched_destination;
struct sched_lane;
struct sched_job;
struct sched_write_trace;
struct store_delivery;
struct subject;

/* A state is a place: sched_delivery_move() is the one door between them. */
enum sched_place {
	SCHED_NOWHERE,  /* just made, or about to be freed */
	SCHED_WAITING,  /* in its lane's list, due */
	SCHED_OUT,      /* with a worker */
	SCHED_SETTLING, /* the attempt is over and its operation is not yet committed */
	SCHED_STUCK,    /* its operation could not be written; left alone until a restart */
	SCHED_PLACES
};

struct sched_recipient {
	uint64_t id;
	struct slice address;
	struct slice orcpt;
	uint8_t notify;
	bool out;               /* with a worker in the present job */
	bool reported;          /* a RESULT for this attempt has come */
	bool settled;           /* that result is final, and written or in an operation */
	struct outcome outcome; /* valid when reported; its reply is the block's or owned_reply */
	char *owned_reply;
};

struct sched_delivery {
	struct list link; /* in the lane's list while waiting; in the dirty list while settling */
	struct list company; /* ring of those of the same message: see company.h */
	enum sched_place place;
	struct sched_lane *lane;
	struct sched_destination
	    *via;              /* whose connections it uses while out: the lane\'s, or a relay */
	struct sched_job *job; /* while out */
	struct sched_write_trace *trace; /* where this attempt got to; see write.h */
	uint64_t id;
	uint64_t message;
	int64_t rev; /* of the row when it was read; -1: not known, the row is newer than us */
	unsigned retry_num;
	unsigned notify_num;
	unsigned local_faults; /* in a row; see past.h */
	unsigned lost;         /* times its worker died before the final dot; see past.h */
	unsigned writing;      /* operations on single recipients that are not yet committed */
	bool unfit;            /* no idle connection of its destination is one for it */
	uint64_t seen;         /* sched->edits when its row was known to be there */
	int64_t due_at;        /* seconds: when it became due */
	int64_t ready_ms; /* wall clock, when that is better known: it arrived just now; else 0 */
	int64_t sent_ms;  /* wall clock, when its last job left; 0: never */
	int64_t created_at;
	int64_t expires_at; /* 0: never */
	int64_t size;
	int64_t segment;
	int64_t offset;
	uint32_t crc32c;
	uint32_t longest_line;
	bool eight_bit;
	bool needs_stuffing;
	bool smtputf8;
	bool requiretls;
	int8_t priority;
	uint8_t ret;
	struct slice sender;
	struct slice envid;
	struct slice tag;
	struct slice last_status;
	struct slice last_error; /* column last_class */
	struct slice last_tls_error;
	size_t recipient_count; /* those still pending */
	struct sched_recipient *recipients;
};

/* All texts are copied. due_at is next_attempt_at. */
struct sched_delivery *sched_delivery_new(const struct store_delivery *row);
void sched_delivery_free(struct sched_delivery **delivery);
/* The one change of place; link is in no list afterwards. */
void sched_delivery_move(struct sched_delivery *delivery, enum sched_place place);
const char *sched_delivery_place_name(enum sched_place place);
/* NULL when it is none of this delivery's. */
struct sched_recipient *sched_delivery_recipient(struct sched_delivery *delivery, uint64_t id);
/* Notes what became of a recipient, copying the reply. */
void sched_delivery_report(struct sched_recipient *recipient, const struct outcome *outcome);
/* Somebody has no result yet in this attempt. */
bool sched_delivery_has_open(const struct sched_delivery *delivery);
/* Between two jobs of one attempt: some have a result, or one that is being written. */
bool sched_delivery_is_begun(const struct sched_delivery *delivery);

/* As expressions see it; the delivery must stay while the subject is used. */
struct subject *sched_delivery_subject(const struct sched_delivery *delivery);
