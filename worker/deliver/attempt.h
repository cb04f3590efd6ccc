#pragma once

/*
 * One address of one host: an idle session or a new connection, greeting and EHLO, transactions,
 * and what their ends mean for the job.
 */
struct deliver_job;
struct smtp_session;

void deliver_attempt_start(struct deliver_job *job);
/* Ends what is under way as if its deadline had passed. */
void deliver_attempt_expire(struct deliver_job *job);
/* Drops connections under way, without a word. */
void deliver_attempt_cancel(struct deliver_job *job);
