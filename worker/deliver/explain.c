#include "worker/deliver/explain.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/arena.h"
#include "common/channel.h"
#include "common/domain.h"
#include "common/frame.h"
#include "common/proto/explain.h"
#include "common/quantity.h"
#include "common/settings/bundle.h"
#include "worker/deliver/attempt.h"
#include "worker/deliver/job.h"
#include "worker/deliver/state.h"
#include "worker/deliver/subject.h"
#include "worker/resolve/mx.h"

enum { DELIVER_EXPLAIN_ATTEMPT, DELIVER_EXPLAIN_HOST, DELIVER_EXPLAIN_ADDRESS };

static void
deliver_explain_send(struct deliver_job *job, int depth, const char *name, struct slice value,
		     const char *note, const char *origin)
{
	struct proto_step step = {.request = job->request,
				  .depth = (uint8_t)depth,
				  .name = slice_of(name),
				  .value = value,
				  .note = slice_of(note),
				  .origin = slice_of(origin)};
	struct wire_writer writer;

	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_STEP);
	proto_explain_put_step(&writer, &step);
	channel_send(job->deliver->channel, &writer, -1);
}

static void
deliver_explain_list(const struct settings_answer *answer, struct str *out)
{
	char text[NETADDR_TEXT];

	for (size_t i = 0; i < answer->count; i++)
		str_printf(out, "%s%s", i ? ", " : "", netaddr_text(text, &answer->addresses[i]));
}

/* A value as a person would write it in the configuration. */
static void
deliver_explain_value(enum deliver_choice choice, const struct settings_answer *answer,
		      struct str *out)
{
	enum settings_type type = deliver_choice_type(choice);
	const char *word = settings_table_word(type, answer->integer);
	char text[QUANTITY_TEXT];

	if (type == SETTINGS_TYPE_V4_LIST || type == SETTINGS_TYPE_V6_LIST)
		deliver_explain_list(answer, out);
	else if (type == SETTINGS_TYPE_HOST)
		str_printable(out, answer->text.data, answer->text.len);
	else if (word != NULL)
		str_text(out, word);
	else if (type == SETTINGS_TYPE_DURATION || type == SETTINGS_TYPE_DELAY)
		str_text(out, quantity_duration_text(text, answer->integer));
	else
		str_printf(out, "%lld", (long long)answer->integer);
	if (out->len == 0)
		str_text(out, "unset");
}

static const char *
deliver_explain_origin(struct deliver_job *job, const struct settings_origin *origin)
{
	if (origin->line == 0)
		return "default";
	return arena_printf(job->arena, "%s:%u", origin->file, origin->line);
}

void
deliver_explain_stage(struct deliver_job *job, enum deliver_choice_stage stage)
{
	static const int depths[] = {[DELIVER_STAGE_ROUTE] = DELIVER_EXPLAIN_ATTEMPT,
				     [DELIVER_STAGE_HOST] = DELIVER_EXPLAIN_HOST,
				     [DELIVER_STAGE_ADDRESS] = DELIVER_EXPLAIN_ADDRESS,
				     [DELIVER_STAGE_SESSION] = DELIVER_EXPLAIN_ADDRESS};

	if (job->request == 0)
		return;
	for (int i = 0; i < DELIVER_CHOICES; i++) {
		const struct settings_answer *answer = &job->choices.answers[i];
		struct str value = {0};

		if (deliver_choice_stage((enum deliver_choice)i) != stage)
			continue;
		deliver_explain_value((enum deliver_choice)i, answer, &value);
		deliver_explain_send(job, depths[stage], deliver_choice_key((enum deliver_choice)i),
				     (struct slice){value.data, value.len}, "",
				     deliver_explain_origin(job, &answer->origin));
		str_free(&value);
	}
}

void
deliver_explain_route(struct deliver_job *job)
{
	for (size_t i = 0; job->request != 0 && i < job->route.count; i++) {
		const struct deliver_route_host *host = &job->route.hosts[i];
		char value[512];

		snprintf(value, sizeof(value), "%u %s:%u", host->preference, host->name,
			 host->port);
		deliver_explain_send(job, DELIVER_EXPLAIN_ATTEMPT, "mx", slice_of(value),
				     deliver_route_fate_text(host->fate), "");
	}
}

void
deliver_explain_dropped(struct deliver_job *job, const struct resolve_mx_answer *answer)
{
	for (size_t i = 0; job->request != 0 && i < answer->dropped_count; i++) {
		const struct resolve_mx_dropped *record = &answer->dropped[i];
		char value[512];

		snprintf(value, sizeof(value), "%u %s", record->preference, record->name);
		deliver_explain_send(job, DELIVER_EXPLAIN_ATTEMPT, "mx", slice_of(value),
				     record->reason, "");
	}
}

void
deliver_explain_host(struct deliver_job *job)
{
	if (job->request != 0)
		deliver_explain_send(job, DELIVER_EXPLAIN_HOST, "host",
				     slice_of(deliver_job_host(job)->name), "", "");
}

void
deliver_explain_order(struct deliver_job *job)
{
	for (size_t i = 0; job->request != 0 && i < job->order.count; i++) {
		const struct deliver_order_entry *entry = &job->order.entries[i];
		char text[NETADDR_TEXT];

		deliver_explain_send(job, DELIVER_EXPLAIN_HOST, "address",
				     slice_of(netaddr_text(text, &entry->address)),
				     deliver_order_fate_text(entry->fate), "");
	}
}

/* With several source addresses each connection has one of them, and perhaps its own EHLO name. */
void
deliver_explain_address(struct deliver_job *job)
{
	const struct settings_answer *sources;
	char text[NETADDR_TEXT];

	if (job->request == 0)
		return;
	if (deliver_job_host(job)->kind == DELIVER_ROUTE_UNIX) {
		deliver_explain_send(job, DELIVER_EXPLAIN_ADDRESS, "connect",
				     slice_of(deliver_job_host(job)->name), "", "");
		return;
	}
	deliver_explain_send(job, DELIVER_EXPLAIN_ADDRESS, "connect",
			     slice_of(netaddr_text_port(text, deliver_job_address(job))), "", "");
	sources = deliver_attempt_sources(job);
	for (size_t i = 0; i < sources->count; i++) {
		const char *ehlo;

		deliver_subject_set_local(job->subject, &sources->addresses[i]);
		ehlo = deliver_attempt_ehlo(job);
		deliver_explain_send(job, DELIVER_EXPLAIN_ADDRESS, "source",
				     slice_of(netaddr_text(text, &sources->addresses[i])),
				     arena_printf(job->arena, "one of %zu, at random; EHLO %s",
						  sources->count, ehlo),
				     deliver_explain_origin(job, &sources->origin));
	}
	if (sources->count == 0)
		deliver_explain_send(job, DELIVER_EXPLAIN_ADDRESS, "source", slice_of("any"),
				     "the system chooses", "");
}

void
deliver_explain_outcome(struct deliver_job *job, const struct outcome *outcome)
{
	if (job->request == 0)
		return;
	deliver_explain_send(job, DELIVER_EXPLAIN_ATTEMPT, outcome_class_name(outcome->class),
			     outcome->reply, outcome_step_doing(outcome->step), "");
}

void
deliver_explain_end(struct deliver_job *job)
{
	struct wire_writer writer;

	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_EXPLAINED);
	proto_explain_put_end(&writer, job->request);
	channel_send(job->deliver->channel, &writer, -1);
}
