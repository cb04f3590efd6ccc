#pragma once

/*
 * Transactions of a job on the session it has, and what their ends mean: the next transaction, the
 * next address, or the end of the attempt.
 */
struct deliver_job;

/* All undecided recipients, on job->session. */
void deliver_transact_start(struct deliver_job *job);
