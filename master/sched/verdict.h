#pragma once

/* What the results of one delivery's recipients mean together. Pure. */
struct sched_delivery;
struct sched_recipient;

/*
 * The first recipient with a temporary result, one that is not our own fault if there is any: it
 * speaks for all that are left; NULL: none.
 */
const struct sched_recipient *sched_verdict_first(const struct sched_delivery *delivery);
