#include "tests/unit/master/sched/field.h"

#include <check.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/frame.h"
#include "common/map.h"
#include "common/proto/session.h"
#include "common/settings/complaint.h"
#include "common/settings/settings.h"
#include "common/why.h"
#include "master/envelope.h"
#include "master/pool/pool.h"
#include "master/record.h"
#include "master/sched/load.h"
#include "master/sched/sched.h"
#include "master/sched/state.h"
#include "master/sched/worker.h"
#include "master/store/arrive.h"
#include "master/store/store.h"
#include "master/store/turn.h"
#include "tests/fake/pool.h"

#define FIELD_EPOCH INT64_C(1800000000000)

static void
field_load(struct field *field, const char *config)
{
	struct settings_source source = {.file = "test.toml", .text = slice_of(config)};
	struct settings_complaints *complaints = settings_complaint_new("test.toml");

	field->settings = settings_load(&source, complaints);
	ck_assert_ptr_nonnull(field->settings);
	settings_complaint_free(&complaints);
}

static void
field_fill_segment(struct field *field)
{
	char name[64];
	char *bytes = malloc(FIELD_SEGMENT);
	int fd;

	snprintf(name, sizeof(name), "segments/%lld.seg", (long long)field->spool.segment);
	fd = open(spool_path(&field->spool, name), O_WRONLY | O_APPEND);
	ck_assert_int_ge(fd, 0);
	for (int i = 0; i < FIELD_SEGMENT; i++)
		bytes[i] = (char)('a' + i % 23);
	ck_assert_int_eq(write(fd, bytes, FIELD_SEGMENT), FIELD_SEGMENT);
	close(fd);
	free(bytes);
}

static void
field_begin(struct field *field)
{
	struct sched_options options = {.store = field->spool.store, .settings = field->settings};
	struct why why = {0};

	field->pool = fake_pool_new();
	field->record = record_new(field->path, true, &why);
	ck_assert_msg(field->record != NULL, "%s", why.text);
	options.pool = field->pool;
	options.record = field->record;
	field->sched = sched_new(&options, &why);
	ck_assert_msg(field->sched != NULL, "%s", why.text);
}

static void
field_set_clock(const struct field *field)
{
	clock_set(FIELD_EPOCH + field->now_ms, field->now_ms);
}

void
field_open(struct field *field, const char *config)
{
	*field = (struct field){.now_ms = 1000000};
	field_set_clock(field);
	spool_open(&field->spool);
	snprintf(field->path, sizeof(field->path), "%s", spool_path(&field->spool, "record"));
	field_fill_segment(field);
	field->config = strdup(config ? config : "");
	field_load(field, field->config);
	field_begin(field);
}

void
field_close(struct field *field)
{
	spool_assert_consistent(&field->spool);
	store_turn_drop(field->spool.store);
	sched_free(&field->sched);
	fake_pool_free(&field->pool);
	record_free(&field->record);
	settings_free(&field->settings);
	free(field->config);
	spool_close(&field->spool);
	clock_unset();
}

void
field_restart(struct field *field)
{
	store_turn_drop(field->spool.store);
	sched_free(&field->sched);
	fake_pool_free(&field->pool);
	record_free(&field->record);
	spool_reopen(&field->spool);
	field_fill_segment(field);
	field_begin(field);
}

void
field_assert_idle(struct field *field)
{
	struct sched *sched = field->sched;
	struct pool_worker *worker = NULL;

	ck_assert_uint_eq(map_count(sched->jobs), 0);
	ck_assert_uint_eq(sched->opening, 0);
	ck_assert_uint_eq(sched->opening_failing, 0);
	ck_assert_uint_eq(map_count(sched->deliveries), 0);
	ck_assert(list_is_empty(&sched->dirty));
	while ((worker = pool_next(field->pool, worker)) != NULL)
		ck_assert_uint_eq(sched_load_of(worker)->out, 0);
}

struct pool_worker *
field_worker(struct field *field)
{
	struct pool_worker *worker = fake_pool_add(field->pool, PROTO_ROLE_DELIVER);

	sched_worker_ready(field->sched, worker);
	return worker;
}

void
field_kill(struct field *field, struct pool_worker *worker)
{
	pool_worker_kill(worker, "killed by the test");
	sched_worker_gone(field->sched, worker);
	fake_pool_remove(field->pool, worker);
}

void
field_pass(struct field *field, int64_t seconds)
{
	field->now_ms += seconds * 1000;
	field_set_clock(field);
}

int64_t
field_now(const struct field *field)
{
	return (FIELD_EPOCH + field->now_ms) / 1000;
}

struct field_arrival {
	struct store_arrive arrive;
	struct field *field;
	struct arena *arena;
};

static void
field_arrived(struct store_op *op, bool committed, void *arg)
{
	struct field_arrival *arrival = arg;
	struct arena *arena = arrival->arena;

	(void)op;
	if (committed)
		for (size_t i = 0; i < arrival->arrive.deliveries_count; i++)
			sched_arrived(arrival->field->sched,
				      envelope_row(arena, &arrival->arrive, i));
	arena_free(&arena);
}

static void
field_fill_delivery(struct field *field, struct arena *arena, const struct field_message *message,
		    struct store_arrive_delivery *delivery)
{
	struct store *store = field->spool.store;
	size_t count = message->recipients ? message->recipients : 1;
	struct store_arrive_recipient *rcpts = arena_array(arena, count, sizeof(*rcpts));

	delivery->id = store_id_next(store, STORE_ID_DELIVERY);
	for (size_t i = 0; i < count; i++) {
		rcpts[i].id = store_id_next(store, STORE_ID_RECIPIENT);
		rcpts[i].address =
		    arena_printf(arena, "r%lld@%s", (long long)rcpts[i].id, delivery->domain);
	}
	delivery->next_attempt_at = field_now(field) + message->due_in;
	delivery->expires_at =
	    message->expires_at ? message->expires_at : field_now(field) + 432000;
	delivery->recipients = rcpts;
	delivery->recipients_count = count;
}

uint64_t
field_arrive(struct field *field, const struct field_message *message)
{
	struct arena *arena = arena_new();
	struct field_arrival *arrival = arena_zero(arena, struct field_arrival);
	struct store *store = field->spool.store;
	struct store_arrive *arrive = &arrival->arrive;
	size_t count = message->domains + 1;
	struct store_arrive_delivery *deliveries = arena_array(arena, count, sizeof(*deliveries));

	arrival->field = field;
	arrival->arena = arena;
	for (size_t i = 0; i < count; i++) {
		deliveries[i].domain = i ? arena_printf(arena, "%zu.%s", i, message->domain)
					 : arena_str(arena, message->domain);
		field_fill_delivery(field, arena, message, &deliveries[i]);
	}
	store_arrive_init(arrive, field_arrived, arrival);
	arrive->message_id = store_id_next(store, STORE_ID_MESSAGE);
	arrive->sender_domain =
	    arena_str(arena, message->sender_domain ? message->sender_domain : "s.example");
	arrive->sender = arena_printf(arena, "a@%s", arrive->sender_domain);
	arrive->created_at = field_now(field);
	arrive->size = message->size ? message->size : 1000;
	arrive->segment_id = field->spool.segment;
	arrive->deliveries = deliveries;
	arrive->deliveries_count = count;
	store_turn_add(store, &arrive->op);
	return (uint64_t)deliveries[0].id;
}

uint64_t
field_arrive_at(struct field *field, const char *domain)
{
	return field_arrive(field, &(struct field_message){.domain = domain});
}

int64_t
field_step(struct field *field)
{
	struct why why = {0};
	enum store_turn_result result;

	sched_before_commit(field->sched);
	result = store_turn_run(field->spool.store, &why);
	ck_assert_msg(result == STORE_TURN_COMMITTED || result == STORE_TURN_IDLE, "%s", why.text);
	return sched_turn(field->sched);
}

int64_t
field_turn(struct field *field)
{
	int64_t wait;
	int steps = 0;

	do {
		wait = field_step(field);
		ck_assert_int_lt(++steps, 10000);
	} while (wait == 0 || store_turn_pending(field->spool.store) > 0 ||
		 !list_is_empty(&field->sched->dirty));
	return wait;
}

void
field_tick(struct field *field)
{
	sched_tick(field->sched);
	field_turn(field);
}

static void
field_check_body(struct field_job *job, struct slice data)
{
	for (size_t i = 0; i < data.len; i++)
		ck_assert_int_eq(data.data[i], 'a' + (int)((job->job.offset + job->body + i) % 23));
	job->body += data.len;
}

static void
field_take_rest(struct field *field, struct field_job *job)
{
	while (job->body < job->job.size) {
		struct fake_pool_frame *frame = fake_pool_take(field->pool, job->worker);
		struct proto_body body;

		ck_assert_ptr_nonnull(frame);
		ck_assert_int_eq(frame->frame.type, FRAME_BODY);
		ck_assert(proto_job_get_body(&frame->frame.body, &body));
		ck_assert_uint_eq(body.job, job->job.id);
		ck_assert_uint_eq(body.offset, job->body);
		field_check_body(job, body.data);
		free(frame);
	}
}

static void
field_free(void *memory)
{
	free(memory);
}

bool
field_take(struct field *field, struct pool_worker *worker, struct field_job *job)
{
	struct fake_pool_frame *frame = fake_pool_take(field->pool, worker);

	if (frame == NULL)
		return false;
	ck_assert_int_eq(frame->frame.type, FRAME_JOB);
	*job = (struct field_job){.arena = arena_new(), .worker = frame->worker};
	arena_on_free(job->arena, field_free, frame);
	ck_assert(proto_job_get(&frame->frame.body, job->arena, &job->job));
	field_check_body(job, job->job.body);
	if (!frame->has_fd)
		field_take_rest(field, job);
	return true;
}

struct field_job
field_must_take(struct field *field)
{
	struct field_job job;

	ck_assert(field_take(field, NULL, &job));
	return job;
}

void
field_drop(struct field_job *job)
{
	arena_free(&job->arena);
}

static bool
field_say(struct field *field, struct pool_worker *worker, const struct wire_writer *writer)
{
	struct frame frame;
	bool good;

	ck_assert(!writer->failed);
	ck_assert(frame_parse(&frame, writer->data, writer->len, -1));
	good = sched_worker_frame(field->sched, worker, &frame);
	if (!good)
		pool_worker_kill(worker, "lied");
	return good;
}

bool
field_result_outcome(struct field *field, const struct field_job *job, uint64_t recipient,
		     const struct outcome *outcome)
{
	struct proto_result_recipient row = {.id = recipient, .outcome = *outcome};
	struct proto_result result = {.job = job->job.id,
				      .facts = {.host = slice_of("mx.example"), .port = 25},
				      .recipient_count = 1,
				      .recipients = &row};
	struct wire_writer writer;
	char packet[4096];

	frame_begin(&writer, packet, sizeof(packet), FRAME_RESULT);
	proto_result_put(&writer, &result);
	return field_say(field, job->worker, &writer);
}

bool
field_result(struct field *field, const struct field_job *job, size_t recipient,
	     enum outcome_class class)
{
	struct outcome outcome = {.class = class,
				  .step = OUTCOME_STEP_RCPT,
				  .error = class == OUTCOME_DELIVERED ? OUTCOME_ERROR_NONE
								      : OUTCOME_ERROR_REPLY,
				  .reply = slice_of("said the peer")};
	static const uint16_t codes[] = {250, 450, 550};

	outcome.code = codes[class];
	if (class == OUTCOME_DELIVERED)
		outcome.step = OUTCOME_STEP_DOT;
	return field_result_outcome(field, job, job->job.recipients[recipient].id, &outcome);
}

bool
field_done(struct field *field, const struct field_job *job, enum proto_done_kind kind)
{
	struct proto_done done = {.job = job->job.id, .kind = kind, .hosts = slice_of("mx: said")};
	struct wire_writer writer;
	char packet[4096];

	frame_begin(&writer, packet, sizeof(packet), FRAME_DONE);
	proto_result_put_done(&writer, &done);
	return field_say(field, job->worker, &writer);
}

bool
field_dot(struct field *field, const struct field_job *job)
{
	struct wire_writer writer;
	char packet[64];

	frame_begin(&writer, packet, sizeof(packet), FRAME_DOT);
	wire_put_u64(&writer, job->job.id);
	return field_say(field, job->worker, &writer);
}

static bool
field_session(struct field *field, struct pool_worker *worker, const struct proto_session *session)
{
	struct wire_writer writer;
	char packet[1024];

	frame_begin(&writer, packet, sizeof(packet), FRAME_SESSION);
	proto_session_put(&writer, session);
	return field_say(field, worker, &writer);
}

bool
field_say_opened(struct field *field, struct pool_worker *worker, uint64_t job, uint64_t id)
{
	struct proto_session session = {.id = id, .event = PROTO_SESSION_OPENED, .job = job};

	return field_session(field, worker, &session);
}

uint64_t
field_opened(struct field *field, const struct field_job *job)
{
	uint64_t id = ++field->last_session;

	ck_assert(field_say_opened(field, job->worker, job->job.id, id));
	return id;
}

bool
field_closed(struct field *field, struct pool_worker *worker, uint64_t id)
{
	struct proto_session session = {.id = id, .event = PROTO_SESSION_CLOSED};

	return field_session(field, worker, &session);
}

void
field_answer(struct field *field, struct field_job *job, enum outcome_class class)
{
	for (size_t i = 0; i < job->job.recipient_count; i++)
		ck_assert(field_result(field, job, i, class));
	ck_assert(field_done(field, job, PROTO_DONE_FINISHED));
	field_drop(job);
}

int64_t
field_number(struct field *field, const char *format, ...)
{
	char sql[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(sql, sizeof(sql), format, ap);
	va_end(ap);
	return spool_number(field->spool.other, sql);
}

void
field_sql(struct field *field, const char *format, ...)
{
	char sql[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(sql, sizeof(sql), format, ap);
	va_end(ap);
	spool_sql(field->spool.other, sql);
}

size_t
field_recorded(struct field *field, const char *event, const char *rcpt)
{
	char wanted[64];
	char address[128] = "";
	char *line = NULL;
	size_t room = 0;
	size_t count = 0;
	FILE *file;

	record_flush(field->record);
	file = fopen(field->path, "r");
	ck_assert_ptr_nonnull(file);
	snprintf(wanted, sizeof(wanted), "\"event\":\"%s\"", event);
	if (rcpt != NULL)
		snprintf(address, sizeof(address), "\"rcpt\":\"%s\"", rcpt);
	while (getline(&line, &room, file) > 0)
		count += strstr(line, wanted) != NULL && strstr(line, address) != NULL;
	free(line);
	fclose(file);
	return count;
}
