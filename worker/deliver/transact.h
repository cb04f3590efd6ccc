#pragma once

#include "worker/smtp/message.h"

/*
 * The transaction of a job on its session: the message to all recipients still undecided, and what
 * the end of it means for the job.
 */
struct deliver_job;

/* arg is the job; its session is ready and its settings are evaluated. */
void deliver_transact_start(void *arg);
struct smtp_timeouts deliver_transact_timeouts(const struct deliver_job *job);
