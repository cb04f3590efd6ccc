#pragma once

#include <stdint.h>

#include "master/record.h"

/*
 * One line of the delivery record about a recipient of a delivery in memory.
 */
struct proto_result_facts;
struct sched;
struct sched_delivery;
struct sched_recipient;

/* What happened, as the caller knows it. */
struct sched_report {
	enum record_event event;
	const struct proto_result_facts *facts; /* NULL: nothing about a connection is known */
	int64_t next_attempt;                   /* seconds; 0: none */
	bool removed_meanwhile;                 /* its row is gone for sure */
};

void sched_report(struct sched *sched, const struct sched_delivery *delivery,
		  const struct sched_recipient *recipient, const struct sched_report *report);
/* The delivery's row is gone: so are all recipients that are not final. */
void sched_report_removed(struct sched *sched, const struct sched_delivery *delivery);
