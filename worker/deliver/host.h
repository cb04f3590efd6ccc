#pragma once

#include <stdbool.h>
#include <stddef.h>

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
/*
 * The next address of the other family, when it may race beside the present one (settings.md,
 * queue.outbound.happy-eyeballs); false: there is none.
 */
bool deliver_host_second(const struct deliver_job *job, size_t *index);
/* The address at index is tried now instead of the present one, which takes its place. */
void deliver_host_swap(struct deliver_job *job, size_t index);
/* The address at index has been tried. */
void deliver_host_drop(struct deliver_job *job, size_t index);
/* Cancels questions under way. */
void deliver_host_cancel(struct deliver_job *job);
