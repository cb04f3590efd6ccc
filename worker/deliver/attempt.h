#pragma once

#include "worker/smtp/message.h"

/*
 * One address of one host: an idle session or a new connection, greeting and EHLO; then the
 * transaction (transact.c), and where the job goes on when something failed.
 */
struct deliver_job;
struct settings_answer;

void deliver_attempt_start(struct deliver_job *job);
/* Ends what is under way as if its deadline had passed. */
void deliver_attempt_expire(struct deliver_job *job);
/* Drops connections under way, without a word. */
void deliver_attempt_cancel(struct deliver_job *job);

/* For the files of an attempt: */

/* Where a job goes on after something that concerned all undecided recipients. */
void deliver_attempt_go_on(struct deliver_job *job, enum smtp_next next);
/* The job's session is closed and not its own any more; polite: with QUIT. */
void deliver_attempt_leave(struct deliver_job *job, bool polite);
/* "mx1.example.org[192.0.2.1]:25", in the job's arena. */
const char *deliver_attempt_where(const struct deliver_job *job);
/* The list of source addresses for the present address. */
const struct settings_answer *deliver_attempt_sources(const struct deliver_job *job);
/* The EHLO name with the subject as it is now; in the job's arena or the settings. */
const char *deliver_attempt_ehlo(struct deliver_job *job);
