#pragma once

/*
 * A delivery as the expressions of the settings see it, where the master evaluates them.
 */
struct expr_env;
struct sched;
struct sched_delivery;
struct sched_subject;

/* The delivery must stay while the subject is used. */
struct sched_subject *sched_subject_new(struct sched *sched, const struct sched_delivery *delivery);
void sched_subject_free(struct sched_subject **subject);
struct expr_env *sched_subject_env(struct sched_subject *subject);
