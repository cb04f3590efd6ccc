#include "worker/deliver/job.h"

#include <assert.h>
#include <event2/event.h>
#include <idn2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/domain.h"
#include "common/log.h"
#include "common/map.h"
#include "common/proto/explain.h"
#include "common/wire.h"
#include "worker/deliver/ask.h"
#include "worker/deliver/attempt.h"
#include "worker/deliver/explain.h"
#include "worker/deliver/host.h"
#include "worker/deliver/pool.h"
#include "worker/deliver/report.h"
#include "worker/deliver/state.h"
#include "worker/deliver/subject.h"
#include "worker/smtp/session.h"

enum { DELIVER_JOB_HOSTS = PROTO_RESULT_HOSTS };

static const char *const deliver_phases[DELIVER_PHASES] = {
    [DELIVER_LOADING] = "loading",       [DELIVER_ROUTING] = "routing",
    [DELIVER_ADDRESSING] = "addressing", [DELIVER_CONNECTING] = "connecting",
    [DELIVER_OPENING] = "opening",       [DELIVER_TRANSACTING] = "transacting",
    [DELIVER_ENDED] = "ended",
};

void
deliver_job_enter(struct deliver_job *job, enum deliver_phase phase)
{
	if (log_wants(LOG_LEVEL_DEBUG))
		log_debug("job=%llu %s -> %s", (unsigned long long)job->job.id,
			  deliver_phases[job->phase], deliver_phases[phase]);
	job->phase = phase;
}

const struct deliver_route_host *
deliver_job_host(const struct deliver_job *job)
{
	return &job->route.hosts[job->host];
}

const struct netaddr *
deliver_job_address(const struct deliver_job *job)
{
	return &job->order.entries[job->address].address;
}

void
deliver_job_arrive(struct deliver_job *job)
{
	const struct deliver_route_host *host = deliver_job_host(job);

	job->place = (struct deliver_place){.host = host->name, .port = host->port};
	if (job->address < job->order.kept)
		job->place.remote = *deliver_job_address(job);
}

void
deliver_job_meet(struct deliver_job *job)
{
	const struct deliver_pool_session *session = job->session;

	job->place.source = session->source;
	job->place.ehlo = job->ehlo;
	job->place.session = session->id;
	job->place.reused = smtp_session_facts(session->smtp)->messages > 0;
	job->place.ready_ms = clock_mono_ms();
}

static struct deliver_place
deliver_job_place(const struct deliver_job *job)
{
	struct deliver_place place = job->place;

	place.ended_ms = clock_mono_ms();
	return place;
}

static struct outcome
deliver_job_keep(struct deliver_job *job, const struct outcome *outcome)
{
	struct outcome copy = *outcome;

	copy.reply.data = arena_copy(job->arena, outcome->reply.data, outcome->reply.len);
	return copy;
}

void
deliver_job_say(struct deliver_job *job, const struct outcome *outcome, const char *where)
{
	if (job->hosts.len > DELIVER_JOB_HOSTS)
		return;
	if (job->hosts.len > 0)
		str_char(&job->hosts, '\n');
	if (where != NULL)
		str_printf(&job->hosts, "%s: ", where);
	str_printf(&job->hosts, "%s: ", outcome_step_name(outcome->step));
	if (outcome->code != 0)
		str_printf(&job->hosts, "%u ", outcome->code);
	str_printable(&job->hosts, outcome->reply.data, outcome->reply.len);
}

void
deliver_job_note(struct deliver_job *job, const struct outcome *outcome, const char *where)
{
	deliver_job_say(job, outcome, where);
	deliver_explain_outcome(job, outcome);
	if (job->has_best && !outcome_is_better(outcome, &job->best))
		return;
	job->best = deliver_job_keep(job, outcome);
	job->best_place = deliver_job_place(job);
	job->has_best = true;
}

void
deliver_job_trouble(struct deliver_job *job, enum outcome_class class, enum outcome_step step,
		    enum outcome_error error, struct outcome_enhanced enhanced, const char *format,
		    ...)
{
	struct outcome outcome = {
	    .class = class, .step = step, .error = error, .enhanced = enhanced};
	struct str text = {0};
	va_list ap;

	va_start(ap, format);
	str_vprintf(&text, format, ap);
	va_end(ap);
	outcome.reply = (struct slice){text.data, text.len};
	deliver_job_note(job, &outcome, NULL);
	str_free(&text);
}

void
deliver_job_note_recipient(struct deliver_job *job, size_t index, const struct outcome *outcome)
{
	struct deliver_recipient *recipient = &job->recipients[index];

	if (recipient->known && !outcome_is_better(outcome, &recipient->best))
		return;
	recipient->best = deliver_job_keep(job, outcome);
	recipient->place = deliver_job_place(job);
	recipient->known = true;
}

static void
deliver_job_decide_at(struct deliver_job *job, size_t index, const struct outcome *outcome,
		      const struct deliver_place *place)
{
	struct deliver_recipient *recipient = &job->recipients[index];
	int64_t ready_ms = place->ready_ms ? place->ready_ms : place->ended_ms;
	char remote[NETADDR_TEXT];
	char source[NETADDR_TEXT];
	struct proto_result_facts facts = {
	    .host = slice_of(place->host),
	    .port = place->port,
	    .remote_ip = slice_of(netaddr_text(remote, &place->remote)),
	    .source_ip = slice_of(netaddr_text(source, &place->source)),
	    .ehlo = slice_of(place->ehlo),
	    .tls_policy = slice_of("none"),
	    .session = place->session,
	    .reused = place->reused,
	    .connect_ms = (uint32_t)(ready_ms - job->began_ms),
	    .transfer_ms = (uint32_t)(place->ended_ms - ready_ms)};

	assert(!recipient->decided);
	recipient->decided = true;
	job->undecided--;
	deliver_report_result(job->deliver, job->job.id, job->job.recipients[index].id, outcome,
			      &facts);
}

void
deliver_job_decide(struct deliver_job *job, size_t index, const struct outcome *outcome)
{
	struct deliver_place place = deliver_job_place(job);

	if (outcome->class != OUTCOME_DELIVERED)
		deliver_job_say(job, outcome,
				job->address < job->order.kept ? deliver_attempt_where(job) : NULL);
	deliver_job_decide_at(job, index, outcome, &place);
}

/* Not used any more from now on; freed when the callbacks that led here have returned. */
static void
deliver_job_end(struct deliver_job *job, enum proto_done_kind kind)
{
	struct timeval now = {0};
	struct proto_done done = {
	    .job = job->job.id, .kind = kind, .hosts = {job->hosts.data, job->hosts.len}};

	deliver_attempt_cancel(job);
	deliver_host_cancel(job);
	if (job->request != 0) {
		deliver_explain_end(job);
		map_take_id(job->deliver->explained, job->request);
	} else {
		deliver_report_done(job->deliver, &done);
		map_take_id(job->deliver->jobs, job->job.id);
	}
	deliver_job_enter(job, DELIVER_ENDED);
	event_del(job->deadline);
	list_append(&job->deliver->ended, &job->link);
	event_add(job->deliver->sweep, &now);
}

/* Nothing is known that would count as an attempt for those who have no result yet. */
static bool
deliver_job_is_untouched(const struct deliver_job *job)
{
	for (size_t i = 0; i < job->job.recipient_count; i++)
		if (!job->recipients[i].decided && job->recipients[i].known)
			return false;
	return job->undecided > 0 && !job->has_best;
}

void
deliver_job_finish(struct deliver_job *job)
{
	static const struct outcome nothing = {.class = OUTCOME_TEMPORARY,
					       .step = OUTCOME_STEP_ROUTE,
					       .error = OUTCOME_ERROR_DNS,
					       .enhanced = {4, 4, 4},
					       .reply = {"no mail host could be tried", 27}};

	if (job->request != 0) {
		deliver_job_end(job, PROTO_DONE_FINISHED);
		return;
	}
	/* It was to use a connection that is gone: nobody has refused anything. */
	if (job->job.permit == PROTO_PERMIT_REUSE && deliver_job_is_untouched(job)) {
		deliver_job_end(job, PROTO_DONE_UNTOUCHED);
		return;
	}
	for (size_t i = 0; i < job->job.recipient_count; i++) {
		const struct deliver_recipient *recipient = &job->recipients[i];
		bool own = recipient->known &&
			   (!job->has_best || !outcome_is_better(&job->best, &recipient->best));

		if (recipient->decided)
			continue;
		if (own)
			deliver_job_decide_at(job, i, &recipient->best, &recipient->place);
		else if (job->has_best)
			deliver_job_decide_at(job, i, &job->best, &job->best_place);
		else
			deliver_job_decide(job, i, &nothing);
	}
	deliver_job_end(job, PROTO_DONE_FINISHED);
}

static void
deliver_job_on_deadline(evutil_socket_t fd, short what, void *arg)
{
	static const struct outcome unloaded = {
	    .class = OUTCOME_TEMPORARY,
	    .step = OUTCOME_STEP_BODY_READ,
	    .error = OUTCOME_ERROR_IO,
	    .enhanced = {4, 3, 0},
	    .reply = {"the time for one attempt was over before the message was here", 61},
	    .local = true};
	struct deliver_job *job = arg;

	(void)fd;
	(void)what;
	if (job->phase == DELIVER_CONNECTING || job->phase == DELIVER_OPENING ||
	    job->phase == DELIVER_TRANSACTING) {
		deliver_attempt_expire(job);
		return;
	}
	if (job->phase == DELIVER_LOADING) {
		deliver_job_note(job, &unloaded, NULL);
		deliver_job_finish(job);
		return;
	}
	deliver_job_trouble(job, OUTCOME_TEMPORARY,
			    job->phase == DELIVER_ADDRESSING ? OUTCOME_STEP_ADDRESS
							     : OUTCOME_STEP_MX,
			    OUTCOME_ERROR_DNS, (struct outcome_enhanced){4, 4, 3},
			    "the time for one attempt was over while looking up %s", job->domain);
	deliver_job_finish(job);
}

/* The domain as DNS has it; NULL: it is none. */
static const char *
deliver_job_ascii(struct deliver_job *job)
{
	char *domain = arena_copy(job->arena, job->job.domain.data, job->job.domain.len);
	uint8_t *ascii = NULL;
	char *copy = domain;

	if (!domain_is_valid_utf8(job->job.domain) || domain_is_valid(job->job.domain))
		return domain;
	if (idn2_lookup_u8((const uint8_t *)domain, &ascii,
			   IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK)
		copy = arena_str(job->arena, (const char *)ascii);
	idn2_free(ascii);
	return copy;
}

/* Everything has arrived: is it what was accepted? Then the attempt begins. */
static void
deliver_job_loaded(struct deliver_job *job)
{
	struct outcome damaged = {.class = OUTCOME_TEMPORARY,
				  .step = OUTCOME_STEP_BODY_READ,
				  .error = OUTCOME_ERROR_IO,
				  .enhanced = {4, 3, 0},
				  .reply =
				      slice_of("the message in the spool is not what was accepted: "
					       "its length or checksum is wrong"),
				  .local = true};

	if (!deliver_body_check(&job->body, job->job.crc32c)) {
		log_error("alert: msg=%llu: the message in the spool is damaged",
			  (unsigned long long)job->job.message);
		deliver_job_note(job, &damaged, NULL);
		deliver_job_finish(job);
		return;
	}
	deliver_host_start(job);
}

static void
deliver_job_arm(struct deliver_job *job)
{
	struct timeval attempt = {.tv_sec = job->job.attempt_ms / 1000,
				  .tv_usec = job->job.attempt_ms % 1000 * 1000};

	job->deadline = event_new(job->deliver->base, -1, 0, deliver_job_on_deadline, job);
	event_add(job->deadline, &attempt);
}

static struct deliver_job *
deliver_job_new(struct deliver *deliver)
{
	struct arena *arena = arena_new();
	struct deliver_job *job = arena_zero(arena, struct deliver_job);

	job->arena = arena;
	job->deliver = deliver;
	job->body.fd = -1;
	job->fd = -1;
	job->began_ms = clock_mono_ms();
	list_init(&job->link);
	return job;
}

/* The envelope is known: all that an attempt needs, and its deadline. */
static void
deliver_job_prepare(struct deliver_job *job)
{
	job->domain = deliver_job_ascii(job);
	job->subject = deliver_subject_new(job->arena, &job->job);
	job->ask = deliver_ask_new(job->arena, job->deliver->resolve);
	job->undecided = job->job.recipient_count;
	job->recipients = arena_array(job->arena, job->undecided, sizeof(*job->recipients));
	deliver_job_arm(job);
}

struct deliver_job *
deliver_job_start(struct deliver *deliver, struct slice packet, int fd)
{
	struct deliver_job *job = deliver_job_new(deliver);
	struct wire_reader reader;

	wire_reader_init(&reader, arena_copy(job->arena, packet.data, packet.len), packet.len);
	if (!proto_job_get(&reader, job->arena, &job->job) || job->job.size == 0 ||
	    job->job.body.len > job->job.size || (fd >= 0 && job->job.body.len > 0) ||
	    (fd < 0 && job->job.size > PROTO_JOB_BODY_MAX) ||
	    map_find_id(deliver->jobs, job->job.id) != NULL) {
		deliver_job_free(&job);
		return NULL;
	}
	deliver_body_begin(&job->body, job->arena, job->job.body, job->job.size, fd,
			   job->job.offset);
	map_put_id(deliver->jobs, job->job.id, job);
	deliver_job_prepare(job);
	if (deliver_body_is_complete(&job->body))
		deliver_job_loaded(job);
	return job;
}

bool
deliver_job_explain(struct deliver *deliver, struct slice packet)
{
	struct deliver_job *job = deliver_job_new(deliver);
	struct wire_reader reader;

	wire_reader_init(&reader, arena_copy(job->arena, packet.data, packet.len), packet.len);
	if (!proto_explain_get(&reader, job->arena, &job->request, &job->job) ||
	    job->request == 0 || map_find_id(deliver->explained, job->request) != NULL) {
		deliver_job_free(&job);
		return false;
	}
	map_put_id(deliver->explained, job->request, job);
	deliver_job_prepare(job);
	deliver_host_start(job);
	return true;
}

bool
deliver_job_piece(struct deliver_job *job, const struct proto_body *piece)
{
	if (job->phase != DELIVER_LOADING ||
	    !deliver_body_add(&job->body, piece->offset, piece->data))
		return false;
	if (deliver_body_is_complete(&job->body))
		deliver_job_loaded(job);
	return true;
}

void
deliver_job_give_back(struct deliver_job *job)
{
	if (job->phase < DELIVER_OPENING && deliver_job_is_untouched(job))
		deliver_job_end(job, PROTO_DONE_UNTOUCHED);
}

void
deliver_job_free(struct deliver_job **job)
{
	struct arena *arena = (*job)->arena;

	list_remove(&(*job)->link);
	if ((*job)->deadline != NULL)
		event_free((*job)->deadline);
	deliver_body_end(&(*job)->body);
	str_free(&(*job)->hosts);
	*job = NULL;
	arena_free(&arena);
}
