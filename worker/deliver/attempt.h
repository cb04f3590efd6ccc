#pragma once

#include <stddef.h>

#include "worker/deliver/pool.h"
#include "worker/smtp/message.h"

/*
 * One address of one host: an idle session or a new connection, greeting and EHLO. What is said
 * over it is transact.c's.
 */
struct deliver_job;
struct smtp_session;

/* At the present address. Lives in the job's arena, one for all addresses. */
struct deliver_attempt {
	struct deliver_pool_key key;
	const char *ehlo; /* the name said; NULL: no session yet */
	struct smtp_message message;
	struct smtp_transaction transaction;
	struct smtp_recipient *everybody;  /* of the job; NULL before the first transaction */
	struct smtp_recipient *recipients; /* of the transaction */
	size_t *indexes; /* of the job's recipients, in the order of the transaction's */
};

void deliver_attempt_start(struct deliver_job *job);
/* Goes on after what concerned all undecided recipients; ends the job when it is late. */
void deliver_attempt_go_on(struct deliver_job *job, enum smtp_next next);
/* Ends what is under way as if its deadline had passed, and the job with it. */
void deliver_attempt_expire(struct deliver_job *job);
/* Drops connections under way, without a word. */
void deliver_attempt_cancel(struct deliver_job *job);
/* "mx1.example.org[192.0.2.1]:25", in the job's arena. */
const char *deliver_attempt_where(const struct deliver_job *job);
/* Of the settings, for this host and these addresses. */
struct smtp_timeouts deliver_attempt_timeouts(struct deliver_job *job);
