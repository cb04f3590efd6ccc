#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * What a job says to the master: RESULT as soon as an outcome is final, DOT, DONE.
 */
struct deliver;
struct outcome;
struct proto_done;
struct proto_result_facts;

/* One recipient, whose number in the queue is id. */
void deliver_report_result(struct deliver *deliver, uint64_t job, uint64_t recipient,
			   const struct outcome *outcome, const struct proto_result_facts *facts);
/* The end of the message is about to be written. */
void deliver_report_dot(struct deliver *deliver, uint64_t job);
void deliver_report_done(struct deliver *deliver, const struct proto_done *done);
