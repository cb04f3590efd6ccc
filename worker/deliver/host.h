#pragma once

/*
 * From the domain of a job to one address after the other: MX hosts, their addresses by strategy,
 * the cursor over both.
 */
struct deliver_job;
struct outcome;

/* Looks up the mail hosts, or takes the relay or literal; then the first address is tried. */
void deliver_host_start(struct deliver_job *job);
void deliver_host_next_address(struct deliver_job *job);
void deliver_host_next(struct deliver_job *job);
/* Cancels questions under way. */
void deliver_host_cancel(struct deliver_job *job);
