#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/domain.h"
#include "common/expr/expr.h"
#include "common/mailbox.h"
#include "common/proto/explain.h"
#include "common/proto/job.h"
#include "common/settings/settings.h"
#include "common/why.h"
#include "master/core.h"
#include "master/ctl/request.h"
#include "master/explain.h"
#include "master/generation.h"
#include "master/route.h"
#include "master/subject.h"

/*
 * postrider explain: what an attempt would do now. The master says which way it would route, a
 * worker the rest, with the delivery code itself; nothing is sent.
 */
struct ctl_explain {
	struct ctl_request *request;
	struct slice rcpt;
	struct slice sender;
	unsigned retry_num;
};

/* Of the message that is imagined: its size, and the seconds until it expires. */
enum { CTL_EXPLAIN_SIZE = 10240, CTL_EXPLAIN_REST = 432000 };

static void
ctl_explain_row(struct ctl_request *request, const struct proto_step *step)
{
	struct proto_value values[] = {
	    ctl_request_integer("depth", step->depth), ctl_request_text("step", NULL),
	    ctl_request_text("value", NULL),           ctl_request_text("why", NULL),
	    ctl_request_text("where", NULL),
	};
	struct proto_row row = {.table = slice_of("explain"),
				.count = sizeof(values) / sizeof(values[0]),
				.values = values};

	values[1].text = step->name;
	values[2].text = step->value;
	values[3].text = step->note;
	values[4].text = step->origin;
	ctl_request_row(request, &row);
}

static void
ctl_explain_on_step(const struct proto_step *step, void *arg)
{
	ctl_explain_row(arg, step);
}

static void
ctl_explain_on_end(bool complete, void *arg)
{
	struct ctl_request *request = arg;

	if (complete)
		ctl_request_end(request, EX_OK, "%s", "");
	else
		ctl_request_end(request, EX_SOFTWARE, "the worker died while explaining");
}

static const struct explain_events ctl_explain_events = {.step = ctl_explain_on_step,
							 .end = ctl_explain_on_end};

static bool
ctl_explain_option(struct ctl_explain *explain, struct slice option, struct slice value)
{
	unsigned long long number;

	if (slice_is(option, "--sender")) {
		explain->sender = slice_is(value, "<>") ? slice_of("") : value;
		return true;
	}
	if (!slice_is(option, "--retry-num") || !slice_number(value, &number) || number > 1000000)
		return false;
	explain->retry_num = (unsigned)number;
	return true;
}

static bool
ctl_explain_parse(struct ctl_explain *explain)
{
	const struct proto_command *command = &explain->request->command;
	struct mailbox mailbox;

	for (size_t i = 1; i < command->count; i++) {
		if (slice_starts_nocase(command->words[i], "--")) {
			if (i + 1 >= command->count ||
			    !ctl_explain_option(explain, command->words[i], command->words[i + 1]))
				return false;
			i++;
		} else if (explain->rcpt.len == 0) {
			explain->rcpt = command->words[i];
		} else {
			return false;
		}
	}
	return mailbox_parse(explain->rcpt, &mailbox) && mailbox.domain.len > 0 &&
	       (explain->sender.len == 0 || mailbox_parse(explain->sender, &mailbox));
}

static void
ctl_explain_say_route(struct ctl_request *request, const struct route *route)
{
	char origin[512];
	struct proto_step step = {.name = slice_of("queue.outbound.next-hop")};

	step.value = route->relay.len ? route->relay : slice_of("mail hosts of the domain");
	if (route->unknown)
		step.note = slice_of("there is no such relay: the delivery waits, and is never "
				     "sent to the mail hosts instead");
	if (route->origin.line == 0)
		snprintf(origin, sizeof(origin), "default");
	else
		snprintf(origin, sizeof(origin), "%s:%u", route->origin.file, route->origin.line);
	step.origin = slice_of(origin);
	ctl_explain_row(request, &step);
}

static void
ctl_explain_ask(struct ctl_explain *explain, const char *domain, struct slice relay)
{
	struct ctl_request *request = explain->request;
	uint64_t delivery = 0;
	struct proto_job_recipient recipient = {.address = explain->rcpt};
	struct proto_job job = {.parts = 1,
				.permit = PROTO_PERMIT_OPEN,
				.domain = slice_of(domain),
				.relay = relay,
				.sender = explain->sender,
				.size = CTL_EXPLAIN_SIZE,
				.attempt_ms = 60000,
				.deliveries = &delivery,
				.delivery_count = 1,
				.recipients = &recipient,
				.recipient_count = 1};

	job.facts.retry_num = explain->retry_num;
	job.facts.created_at = clock_wall_ms() / 1000;
	job.facts.expires_at = job.facts.created_at + CTL_EXPLAIN_REST;
	job.facts.last_error = slice_of("none");
	if (!explain_ask(request->core->explain, &job, &ctl_explain_events, request))
		ctl_request_end(request, EX_UNAVAILABLE,
				"there is no deliver worker to find it out");
}

void
ctl_explain(struct ctl_request *request)
{
	struct ctl_explain explain = {.request = request, .sender = slice_of("")};
	struct subject_facts facts = {.recipients = &explain.rcpt, .recipient_count = 1};
	char domain[DOMAIN_TEXT];
	struct subject *subject;
	struct route route;

	if (!ctl_explain_parse(&explain) || !domain_normalize(domain_of(explain.rcpt), domain)) {
		ctl_request_end(request, EX_USAGE,
				"usage: explain RCPT [--sender ADDRESS] [--retry-num N]");
		return;
	}
	facts.sender = explain.sender;
	facts.rcpt_domain = slice_of(domain);
	facts.retry_num = explain.retry_num;
	facts.size = CTL_EXPLAIN_SIZE;
	facts.expires_at = clock_wall_ms() / 1000 + CTL_EXPLAIN_REST;
	subject = subject_new(&facts);
	route = route_find(request->core->generation->settings, subject);
	ctl_explain_say_route(request, &route);
	if (route.unknown)
		ctl_request_end(request, EX_OK, "%s", "");
	else
		ctl_explain_ask(&explain, domain, route.relay);
	subject_free(&subject);
}
