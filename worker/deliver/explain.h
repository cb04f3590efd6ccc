#pragma once

#include "common/outcome.h"
#include "worker/deliver/choice.h"

/*
 * What an explanation says on its way: the delivery code calls these at the places where it
 * decides, and they do nothing for a real delivery.
 */
struct deliver_job;
struct resolve_mx_answer;

/* The values of a stage, each with the rule that set it. */
void deliver_explain_stage(struct deliver_job *job, enum deliver_choice_stage stage);
/* The mail hosts in the order in which they would be tried, and those that are not. */
void deliver_explain_route(struct deliver_job *job);
/* MX records that are no mail hosts at all. */
void deliver_explain_dropped(struct deliver_job *job, const struct resolve_mx_answer *answer);
/* The present host. */
void deliver_explain_host(struct deliver_job *job);
/* Its addresses, likewise. */
void deliver_explain_order(struct deliver_job *job);
/* The present address: which source addresses there are and what each would say in EHLO. */
void deliver_explain_address(struct deliver_job *job);
/* A host or the domain fails without any connection. */
void deliver_explain_outcome(struct deliver_job *job, const struct outcome *outcome);
/* The attempt is at its end: EXPLAINED. */
void deliver_explain_end(struct deliver_job *job);
