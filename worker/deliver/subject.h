#pragma once

#include <stdint.h>

#include "common/netaddr.h"

/*
 * The delivery as the expressions of the settings see it in a worker: the job's facts, and the
 * host and addresses being tried.
 */
struct arena;
struct deliver_subject;
struct expr_env;
struct proto_job;

/* Lives in the arena; job must stay. */
struct deliver_subject *deliver_subject_new(struct arena *arena, const struct proto_job *job);
/* Fresh for each evaluation. */
struct expr_env *deliver_subject_env(struct deliver_subject *subject);
/* Texts must stay. NULL: not known yet. */
void deliver_subject_set_mx(struct deliver_subject *subject, const char *mx);
void deliver_subject_set_remote(struct deliver_subject *subject, const struct netaddr *remote);
void deliver_subject_set_local(struct deliver_subject *subject, const struct netaddr *local);
