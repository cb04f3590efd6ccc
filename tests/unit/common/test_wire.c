#include <string.h>

#include "common/arena.h"
#include "common/frame.h"
#include "common/log.h"
#include "common/outcome.h"
#include "common/proto/control.h"
#include "common/proto/hello.h"
#include "common/proto/job.h"
#include "common/proto/result.h"
#include "common/proto/session.h"
#include "common/proto/submit.h"
#include "common/wire.h"
#include "tests/unit/unit.h"

enum { ROUNDS = 200, LIMITS = 64 };

/*
 * Random values. Every text drawn has a number; one of them can be made too long by a byte, or be
 * given a NUL byte, to see that the reader refuses it.
 */
struct draw {
	struct arena *arena;
	uint64_t seed;
	int count;     /* texts drawn */
	int too_long;  /* number of the text that is; -1: none */
	int with_nul;  /* the same */
	bool shortest; /* texts are empty or of one byte */
};

static uint64_t
draw(struct draw *d)
{
	d->seed ^= d->seed << 13;
	d->seed ^= d->seed >> 7;
	d->seed ^= d->seed << 17;
	return d->seed;
}

static unsigned
below(struct draw *d, size_t limit)
{
	return (unsigned)(draw(d) % limit);
}

static struct slice
text_from(struct draw *d, size_t least, size_t max)
{
	size_t len = d->shortest ? least : least + below(d, max - least + 1);
	char *text;

	if (d->count == d->too_long)
		len = max + 1;
	if (d->count == d->with_nul && len == 0)
		len = 1;
	text = arena_alloc(d->arena, len + 1);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(1 + below(d, 255));
	if (d->count == d->with_nul)
		text[below(d, len)] = '\0';
	d->count++;
	return (struct slice){text, len};
}

static struct slice
text(struct draw *d, size_t max)
{
	return text_from(d, 0, max);
}

static struct outcome
draw_outcome(struct draw *d)
{
	return (struct outcome){
	    .class = below(d, OUTCOME_CLASSES),
	    .step = below(d, OUTCOME_STEPS),
	    .error = below(d, OUTCOME_ERRORS),
	    .code = (uint16_t)draw(d),
	    .enhanced = {(uint16_t)draw(d), (uint16_t)draw(d), (uint16_t)draw(d)},
	    .reply = text(d, OUTCOME_REPLY_MAX),
	    .local = below(d, 2),
	    .unknown = below(d, 2)};
}

/* One kind of frame: makes a random one, writes it, reads it back into a second of its kind. */
union any {
	struct proto_hello hello;
	struct proto_stat stat;
	struct proto_log log;
	struct proto_job job;
	struct proto_body body;
	struct proto_result result;
	struct proto_done done;
	struct proto_session session;
	struct proto_close close;
	struct proto_segment segment;
	struct proto_want want;
	struct proto_sealed sealed;
	struct proto_submit submit;
	struct proto_accept accept;
	struct proto_refuse refuse;
	struct proto_command command;
	struct proto_row row;
	struct proto_end end;
	uint64_t dot;
};

struct kind {
	const char *name;
	void (*make)(struct draw *d, union any *x);
	void (*put)(struct wire_writer *writer, const union any *x);
	bool (*get)(struct wire_reader *reader, struct arena *arena, union any *x);
	bool nul; /* its last text may hold NUL bytes */
};

#define SAME(a, b, field)      ck_assert_msg((a)->field == (b)->field, #field)
#define SAME_TEXT(a, b, field) ck_assert_msg(slice_equal((a)->field, (b)->field), #field)

static void
make_hello(struct draw *d, union any *x)
{
	x->hello = (struct proto_hello){
	    .role = below(d, PROTO_ROLES), .generation = draw(d), .protection = text(d, 512)};
}

static void
put_hello(struct wire_writer *writer, const union any *x)
{
	proto_hello_put(writer, &x->hello);
}

static bool
get_hello(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_hello_get(reader, &x->hello);
}

static void
make_stat(struct draw *d, union any *x)
{
	x->stat = (struct proto_stat){.sessions = (uint32_t)draw(d),
				      .idle = (uint32_t)draw(d),
				      .memory = draw(d),
				      .messages = draw(d),
				      .connections = draw(d),
				      .cpu_us = draw(d)};
}

static void
put_stat(struct wire_writer *writer, const union any *x)
{
	proto_hello_put_stat(writer, &x->stat);
}

static bool
get_stat(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_hello_get_stat(reader, &x->stat);
}

static void
make_log(struct draw *d, union any *x)
{
	x->log = (struct proto_log){.level = (uint8_t)below(d, LOG_LEVEL_DEBUG + 1),
				    .text = text(d, 4096)};
}

static void
put_log(struct wire_writer *writer, const union any *x)
{
	proto_hello_put_log(writer, &x->log);
}

static bool
get_log(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_hello_get_log(reader, &x->log);
}

static void
make_job_lists(struct draw *d, struct proto_job *job)
{
	size_t most = d->shortest ? 1 : 8;
	uint64_t *deliveries;
	struct proto_job_recipient *recipients;

	job->delivery_count = 1 + below(d, most);
	job->recipient_count = 1 + below(d, most);
	deliveries = arena_array(d->arena, job->delivery_count, sizeof(*deliveries));
	recipients = arena_array(d->arena, job->recipient_count, sizeof(*recipients));
	for (size_t i = 0; i < job->delivery_count; i++)
		deliveries[i] = draw(d);
	for (size_t i = 0; i < job->recipient_count; i++)
		recipients[i] = (struct proto_job_recipient){
		    .id = draw(d),
		    .delivery = (uint16_t)below(d, job->delivery_count),
		    .address = text_from(d, 1, PROTO_SUBMIT_PATH),
		    .orcpt = text(d, PROTO_SUBMIT_PARAM),
		    .notify = (uint8_t)below(d, 16)};
	job->deliveries = deliveries;
	job->recipients = recipients;
}

static void
make_job(struct draw *d, union any *x)
{
	x->job = (struct proto_job){.id = draw(d),
				    .part = (uint16_t)draw(d),
				    .parts = (uint16_t)draw(d),
				    .permit = below(d, PROTO_PERMITS),
				    .message = draw(d),
				    .ret = below(d, PROTO_RETS),
				    .priority = (int8_t)draw(d),
				    .smtputf8 = below(d, 2),
				    .requiretls = below(d, 2),
				    .size = draw(d),
				    .crc32c = (uint32_t)draw(d),
				    .eight_bit = below(d, 2),
				    .needs_stuffing = below(d, 2),
				    .longest_line = (uint32_t)draw(d),
				    .offset = draw(d),
				    .attempt_ms = (uint32_t)draw(d),
				    .facts = {.retry_num = (uint32_t)draw(d),
					      .notify_num = (uint32_t)draw(d),
					      .created_at = (int64_t)draw(d),
					      .expires_at = (int64_t)draw(d)}};
	x->job.domain = text(d, 255);
	x->job.relay = text(d, 255);
	x->job.sender = text(d, PROTO_SUBMIT_PATH);
	x->job.envid = text(d, PROTO_SUBMIT_PARAM);
	x->job.facts.last_status = text(d, PROTO_JOB_REPLY);
	x->job.facts.last_error = text(d, 255);
	x->job.facts.last_tls_error = text(d, 255);
	make_job_lists(d, &x->job);
	x->job.body = text(d, d->too_long == d->count ? WIRE_PACKET_MAX : 20000);
}

static void
put_job(struct wire_writer *writer, const union any *x)
{
	proto_job_put(writer, &x->job);
	wire_put_slice(writer, x->job.body);
}

static void
same_job(const struct proto_job *a, const struct proto_job *b)
{
	SAME(a, b, id), SAME(a, b, part), SAME(a, b, parts), SAME(a, b, permit);
	SAME(a, b, message), SAME(a, b, ret), SAME(a, b, priority), SAME(a, b, smtputf8);
	SAME(a, b, requiretls), SAME(a, b, size), SAME(a, b, crc32c), SAME(a, b, eight_bit);
	SAME(a, b, needs_stuffing), SAME(a, b, longest_line), SAME(a, b, offset);
	SAME(a, b, attempt_ms), SAME(a, b, facts.retry_num), SAME(a, b, facts.notify_num);
	SAME(a, b, facts.created_at), SAME(a, b, facts.expires_at), SAME(a, b, delivery_count);
	SAME(a, b, recipient_count);
	SAME_TEXT(a, b, domain), SAME_TEXT(a, b, relay), SAME_TEXT(a, b, sender);
	SAME_TEXT(a, b, envid), SAME_TEXT(a, b, facts.last_status);
	SAME_TEXT(a, b, facts.last_error), SAME_TEXT(a, b, facts.last_tls_error);
	SAME_TEXT(a, b, body);
	for (size_t i = 0; i < a->delivery_count; i++)
		SAME(a, b, deliveries[i]);
	for (size_t i = 0; i < a->recipient_count; i++) {
		SAME(a, b, recipients[i].id), SAME(a, b, recipients[i].delivery);
		SAME(a, b, recipients[i].notify), SAME_TEXT(a, b, recipients[i].address);
		SAME_TEXT(a, b, recipients[i].orcpt);
	}
}

static bool
get_job(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_job_get(reader, arena, &x->job);
}

static void
make_body(struct draw *d, union any *x)
{
	x->body = (struct proto_body){.job = draw(d), .offset = draw(d)};
	x->body.data = text_from(d, 1, d->too_long == d->count ? WIRE_PACKET_MAX : 60000);
}

static void
put_body(struct wire_writer *writer, const union any *x)
{
	proto_job_put_body(writer, x->body.job, x->body.offset);
	wire_put_slice(writer, x->body.data);
}

static bool
get_body(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_job_get_body(reader, &x->body);
}

static void
make_result(struct draw *d, union any *x)
{
	struct proto_result_recipient *recipients;
	struct proto_result_facts *facts = &x->result.facts;

	x->result = (struct proto_result){.job = draw(d),
					  .recipient_count = 1 + below(d, d->shortest ? 1 : 40)};
	*facts = (struct proto_result_facts){.port = (uint16_t)draw(d),
					     .tls_verified = below(d, 2),
					     .session = draw(d),
					     .reused = below(d, 2),
					     .connect_ms = (uint32_t)draw(d),
					     .transfer_ms = (uint32_t)draw(d)};
	facts->host = text(d, 255);
	facts->remote_ip = text(d, 255);
	facts->source_ip = text(d, 255);
	facts->ehlo = text(d, 255);
	facts->tls_version = text(d, 255);
	facts->tls_cipher = text(d, 255);
	facts->tls_policy = text(d, 255);
	recipients = arena_array(d->arena, x->result.recipient_count, sizeof(*recipients));
	for (size_t i = 0; i < x->result.recipient_count; i++) {
		recipients[i].id = draw(d);
		recipients[i].outcome = draw_outcome(d);
	}
	x->result.recipients = recipients;
}

static void
put_result(struct wire_writer *writer, const union any *x)
{
	proto_result_put(writer, &x->result);
}

static void
same_result(const struct proto_result *a, const struct proto_result *b)
{
	SAME(a, b, job), SAME(a, b, recipient_count), SAME(a, b, facts.port);
	SAME(a, b, facts.tls_verified), SAME(a, b, facts.session), SAME(a, b, facts.reused);
	SAME(a, b, facts.connect_ms), SAME(a, b, facts.transfer_ms);
	SAME_TEXT(a, b, facts.host), SAME_TEXT(a, b, facts.remote_ip);
	SAME_TEXT(a, b, facts.source_ip), SAME_TEXT(a, b, facts.ehlo);
	SAME_TEXT(a, b, facts.tls_version), SAME_TEXT(a, b, facts.tls_cipher);
	SAME_TEXT(a, b, facts.tls_policy);
	for (size_t i = 0; i < a->recipient_count; i++) {
		const struct outcome *p = &a->recipients[i].outcome;
		const struct outcome *q = &b->recipients[i].outcome;

		SAME(a, b, recipients[i].id), SAME(p, q, class), SAME(p, q, step);
		SAME(p, q, error), SAME(p, q, code), SAME(p, q, enhanced.class);
		SAME(p, q, enhanced.subject), SAME(p, q, enhanced.detail), SAME(p, q, local);
		SAME(p, q, unknown), SAME_TEXT(p, q, reply);
	}
}

static bool
get_result(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_result_get(reader, arena, &x->result);
}

static void
make_dot(struct draw *d, union any *x)
{
	x->dot = draw(d);
}

static void
put_dot(struct wire_writer *writer, const union any *x)
{
	wire_put_u64(writer, x->dot);
}

static bool
get_dot(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_result_get_dot(reader, &x->dot);
}

static void
make_done(struct draw *d, union any *x)
{
	x->done = (struct proto_done){
	    .job = draw(d), .kind = below(d, PROTO_DONES), .until = (int64_t)draw(d)};
	x->done.limiter = text(d, 255);
	x->done.hosts = text(d, PROTO_RESULT_HOSTS);
}

static void
put_done(struct wire_writer *writer, const union any *x)
{
	proto_result_put_done(writer, &x->done);
}

static bool
get_done(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_result_get_done(reader, &x->done);
}

static void
make_session(struct draw *d, union any *x)
{
	x->session = (struct proto_session){
	    .id = draw(d), .event = below(d, PROTO_SESSION_EVENTS), .job = draw(d)};
	x->session.host = text(d, 255);
	x->session.remote = text(d, 255);
	x->session.source = text(d, 255);
}

static void
put_session(struct wire_writer *writer, const union any *x)
{
	proto_session_put(writer, &x->session);
}

static bool
get_session(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_session_get(reader, &x->session);
}

static void
make_close(struct draw *d, union any *x)
{
	x->close.id = draw(d);
}

static void
put_close(struct wire_writer *writer, const union any *x)
{
	proto_session_put_close(writer, &x->close);
}

static bool
get_close(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_session_get_close(reader, &x->close);
}

static void
make_segment(struct draw *d, union any *x)
{
	x->segment = (struct proto_segment){.id = draw(d), .large = below(d, 2), .ticket = draw(d)};
}

static void
put_segment(struct wire_writer *writer, const union any *x)
{
	proto_submit_put_segment(writer, &x->segment);
}

static bool
get_segment(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_submit_get_segment(reader, &x->segment);
}

static void
make_want(struct draw *d, union any *x)
{
	x->want.ticket = draw(d);
}

static void
put_want(struct wire_writer *writer, const union any *x)
{
	proto_submit_put_want(writer, &x->want);
}

static bool
get_want(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_submit_get_want(reader, &x->want);
}

static void
make_sealed(struct draw *d, union any *x)
{
	x->sealed = (struct proto_sealed){.id = draw(d), .bytes = draw(d)};
}

static void
put_sealed(struct wire_writer *writer, const union any *x)
{
	proto_submit_put_sealed(writer, &x->sealed);
}

static bool
get_sealed(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_submit_get_sealed(reader, &x->sealed);
}

static void
make_submit(struct draw *d, union any *x)
{
	struct proto_submit *submit = &x->submit;
	struct proto_recipient *recipients;

	*submit = (struct proto_submit){.ticket = draw(d),
					.more = below(d, 2),
					.ret = below(d, PROTO_RETS),
					.priority = (int8_t)draw(d),
					.smtputf8 = below(d, 2),
					.requiretls = below(d, 2),
					.segment = draw(d),
					.offset = draw(d),
					.size = draw(d),
					.crc32c = (uint32_t)draw(d),
					.eight_bit = below(d, 2),
					.needs_stuffing = below(d, 2),
					.longest_line = (uint32_t)draw(d),
					.recipient_count = 1 + below(d, d->shortest ? 1 : 60)};
	submit->sender = text(d, PROTO_SUBMIT_PATH);
	submit->envid = text(d, PROTO_SUBMIT_PARAM);
	submit->tag = text(d, PROTO_SUBMIT_PARAM);
	submit->client = text(d, PROTO_SUBMIT_PARAM);
	submit->client_name = text(d, PROTO_SUBMIT_PARAM);
	recipients = arena_array(d->arena, submit->recipient_count, sizeof(*recipients));
	for (size_t i = 0; i < submit->recipient_count; i++)
		recipients[i] =
		    (struct proto_recipient){.address = text_from(d, 1, PROTO_SUBMIT_PATH),
					     .orcpt = text(d, PROTO_SUBMIT_PARAM),
					     .notify = (uint8_t)below(d, 16)};
	submit->recipients = recipients;
}

static void
put_submit(struct wire_writer *writer, const union any *x)
{
	proto_submit_put(writer, &x->submit);
}

static void
same_submit(const struct proto_submit *a, const struct proto_submit *b)
{
	SAME(a, b, ticket), SAME(a, b, more), SAME(a, b, ret), SAME(a, b, priority);
	SAME(a, b, smtputf8), SAME(a, b, requiretls), SAME(a, b, segment), SAME(a, b, offset);
	SAME(a, b, size), SAME(a, b, crc32c), SAME(a, b, eight_bit), SAME(a, b, needs_stuffing);
	SAME(a, b, longest_line), SAME(a, b, recipient_count);
	SAME_TEXT(a, b, sender), SAME_TEXT(a, b, envid), SAME_TEXT(a, b, tag);
	SAME_TEXT(a, b, client), SAME_TEXT(a, b, client_name);
	for (size_t i = 0; i < a->recipient_count; i++) {
		SAME(a, b, recipients[i].notify), SAME_TEXT(a, b, recipients[i].address);
		SAME_TEXT(a, b, recipients[i].orcpt);
	}
}

static bool
get_submit(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_submit_get(reader, arena, &x->submit);
}

static void
make_accept(struct draw *d, union any *x)
{
	x->accept = (struct proto_accept){.ticket = draw(d), .message = draw(d)};
}

static void
put_accept(struct wire_writer *writer, const union any *x)
{
	proto_submit_put_accept(writer, &x->accept);
}

static bool
get_accept(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_submit_get_accept(reader, &x->accept);
}

static void
make_refuse(struct draw *d, union any *x)
{
	x->refuse = (struct proto_refuse){
	    .ticket = draw(d),
	    .code = (uint16_t)(400 + below(d, 200)),
	    .enhanced = {(uint16_t)draw(d), (uint16_t)draw(d), (uint16_t)draw(d)},
	    .text = text(d, 512)};
}

static void
put_refuse(struct wire_writer *writer, const union any *x)
{
	proto_submit_put_refuse(writer, &x->refuse);
}

static bool
get_refuse(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_submit_get_refuse(reader, &x->refuse);
}

static void
make_command(struct draw *d, union any *x)
{
	size_t count = 1 + below(d, d->shortest ? 1 : 20);
	struct slice *words = arena_array(d->arena, count, sizeof(*words));

	for (size_t i = 0; i < count; i++)
		words[i] = text(d, PROTO_CONTROL_WORD);
	x->command = (struct proto_command){count, words};
}

static void
put_command(struct wire_writer *writer, const union any *x)
{
	proto_control_put_command(writer, &x->command);
}

static bool
get_command(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_control_get_command(reader, arena, &x->command);
}

static void
make_row(struct draw *d, union any *x)
{
	size_t count = d->shortest ? 1 : below(d, 7);
	struct proto_value *values = arena_array(d->arena, count, sizeof(*values));

	x->row = (struct proto_row){.table = text(d, 255), .count = count, .values = values};
	for (size_t i = 0; i < count; i++)
		values[i] = (struct proto_value){.name = text(d, 255),
						 .type = below(d, PROTO_VALUES),
						 .integer = (int64_t)draw(d),
						 .text = text(d, PROTO_CONTROL_VALUE)};
}

static void
put_row(struct wire_writer *writer, const union any *x)
{
	proto_control_put_row(writer, &x->row);
}

static bool
get_row(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_control_get_row(reader, arena, &x->row);
}

static void
make_end(struct draw *d, union any *x)
{
	x->end = (struct proto_end){.status = (uint8_t)draw(d), .text = text(d, 4096)};
}

static void
put_end(struct wire_writer *writer, const union any *x)
{
	proto_control_put_end(writer, &x->end);
}

static bool
get_end(struct wire_reader *reader, struct arena *arena, union any *x)
{
	return proto_control_get_end(reader, &x->end);
}

#define ROW(name, nul)                                          \
	{                                                       \
#name, make_##name, put_##name, get_##name, nul \
	}
static const struct kind kinds[] = {
    ROW(hello, false),   ROW(stat, false),   ROW(log, false),     ROW(job, true),
    ROW(body, true),     ROW(result, false), ROW(dot, false),     ROW(done, false),
    ROW(session, false), ROW(close, false),  ROW(segment, false), ROW(want, false),
    ROW(sealed, false),  ROW(submit, false), ROW(accept, false),  ROW(refuse, false),
    ROW(command, false), ROW(row, true),     ROW(end, false),
};

/* Writes one of this kind; its length. */
static size_t
write_one(const struct kind *kind, struct draw *d, union any *x, uint8_t *packet, size_t room)
{
	struct wire_writer writer;

	d->count = 0;
	memset(x, 0, sizeof(*x));
	kind->make(d, x);
	wire_writer_init(&writer, packet, room);
	kind->put(&writer, x);
	ck_assert_msg(!writer.failed, "%s", kind->name);
	return writer.len;
}

/* In memory of exactly this size, so that a sanitizer sees a byte read too far. */
static bool
read_one(const struct kind *kind, struct arena *arena, const uint8_t *packet, size_t len,
	 union any *x)
{
	struct wire_reader reader;
	uint8_t *exact = malloc(len + 1);
	bool good;

	memcpy(exact, packet, len);
	exact = realloc(exact, len ? len : 1);
	memset(x, 0, sizeof(*x));
	wire_reader_init(&reader, exact, len);
	good = kind->get(&reader, arena, x);
	free(exact);
	return good;
}

static uint8_t packet[1024 * 1024];
static uint8_t again[1024 * 1024];

START_TEST(test_what_is_written_is_read)
{
	const struct kind *kind = &kinds[_i];
	struct draw d = {.seed = 0x1234567 + (uint64_t)_i, .too_long = -1, .with_nul = -1};

	for (int round = 0; round < ROUNDS; round++) {
		struct wire_reader reader;
		struct wire_writer writer;
		union any x;
		union any y = {0};
		size_t len;

		d.arena = arena_new();
		len = write_one(kind, &d, &x, packet, sizeof(packet));
		wire_reader_init(&reader, packet, len);
		ck_assert_msg(kind->get(&reader, d.arena, &y), "%s", kind->name);
		if (kind->get == get_job)
			same_job(&x.job, &y.job);
		else if (kind->get == get_result)
			same_result(&x.result, &y.result);
		else if (kind->get == get_submit)
			same_submit(&x.submit, &y.submit);
		wire_writer_init(&writer, again, sizeof(again));
		kind->put(&writer, &y);
		ck_assert_uint_eq(writer.len, len);
		ck_assert_mem_eq(again, packet, len);
		arena_free(&d.arena);
	}
}
END_TEST

START_TEST(test_cut_and_longer_ones_are_refused)
{
	const struct kind *kind = &kinds[_i];
	struct draw d = {.seed = 0x7654321 + (uint64_t)_i, .too_long = -1, .with_nul = -1};
	union any x;
	union any y;
	size_t len;

	for (int round = 0; round < 4; round++) {
		d.arena = arena_new();
		d.shortest = round < 3;
		len = write_one(kind, &d, &x, packet, sizeof(packet));
		for (size_t cut = 0; cut < len && cut < 6000; cut++)
			ck_assert_msg(!read_one(kind, d.arena, packet, cut, &y), "%s at %zu of %zu",
				      kind->name, cut, len);
		packet[len] = (uint8_t)round;
		ck_assert_msg(!read_one(kind, d.arena, packet, len + 1, &y), "%s", kind->name);
		ck_assert_msg(read_one(kind, d.arena, packet, len, &y), "%s", kind->name);
		arena_free(&d.arena);
	}
}
END_TEST

/* A text at its limit is read, one byte more is not; nor a NUL where there must be none. */
START_TEST(test_texts_have_limits)
{
	const struct kind *kind = &kinds[_i];
	union any x;
	union any y;

	for (int number = 0; number < LIMITS; number++) {
		struct draw d = {.seed = 99, .too_long = number, .with_nul = -1, .shortest = true};
		size_t len;
		int texts;

		d.arena = arena_new();
		len = write_one(kind, &d, &x, packet, sizeof(packet));
		texts = d.count;
		if (number < texts)
			ck_assert_msg(!read_one(kind, d.arena, packet, len, &y), "%s: text %d",
				      kind->name, number);
		d.seed = 99;
		d.too_long = -1;
		d.with_nul = number;
		len = write_one(kind, &d, &x, packet, sizeof(packet));
		if (number < texts)
			ck_assert_msg(read_one(kind, d.arena, packet, len, &y) ==
					  (kind->nul && number == texts - 1),
				      "%s: text %d with NUL", kind->name, number);
		arena_free(&d.arena);
	}
}
END_TEST

/* Any byte changed: refused or read, never past the end. */
START_TEST(test_noise)
{
	const struct kind *kind = &kinds[_i];
	struct draw d = {.seed = 4711 + (uint64_t)_i, .too_long = -1, .with_nul = -1};
	union any x;
	union any y;

	d.shortest = true;
	for (int round = 0; round < ROUNDS * 5; round++) {
		size_t len;

		d.arena = arena_new();
		len = write_one(kind, &d, &x, packet, sizeof(packet));
		for (unsigned i = below(&d, 4); i < 4; i++)
			packet[below(&d, len)] = (uint8_t)draw(&d);
		read_one(kind, d.arena, packet, len, &y);
		arena_free(&d.arena);
	}
}
END_TEST

START_TEST(test_writer_is_sticky)
{
	uint8_t room[12];
	struct wire_writer writer;
	struct wire_reader reader;

	wire_writer_init(&writer, room, sizeof(room));
	wire_put_u64(&writer, 0x0102030405060708);
	wire_put_slice(&writer, slice_of("x"));
	ck_assert(writer.failed);
	wire_put_u8(&writer, 1);
	ck_assert(writer.failed);
	ck_assert_uint_le(writer.len, sizeof(room));
	ck_assert_int_eq(room[0], 8);
	wire_reader_init(&reader, room, 3);
	ck_assert_uint_eq(wire_get_u32(&reader), 0);
	ck_assert_uint_eq(wire_get_u8(&reader), 0);
	ck_assert_uint_eq(wire_get_slice(&reader, 10).len, 0);
	ck_assert(!wire_get_end(&reader));
	wire_reader_init(&reader, "\x02", 1);
	ck_assert(!wire_get_bool(&reader));
	ck_assert(!wire_get_end(&reader));
	wire_reader_init(&reader, "", 0);
	ck_assert(wire_get_end(&reader));
}
END_TEST

START_TEST(test_frames)
{
	uint8_t room[16];
	struct wire_writer writer;
	struct frame frame;

	for (unsigned type = 0; type < 256; type++) {
		bool known = strcmp(frame_name((enum frame_type)type), "?") != 0;

		frame_begin(&writer, room, sizeof(room), (enum frame_type)type);
		wire_put_u16(&writer, 77);
		ck_assert_int_eq(frame_parse(&frame, room, writer.len, 9), known);
		if (!known)
			continue;
		ck_assert_uint_eq(frame.type, type);
		ck_assert_uint_eq(wire_get_u16(&frame.body), 77);
		ck_assert(wire_get_end(&frame.body));
		ck_assert_int_eq(frame_take_fd(&frame), 9);
		ck_assert_int_eq(frame_take_fd(&frame), -1);
	}
	ck_assert_str_eq(frame_name(FRAME_JOB), "JOB");
	for (size_t len = 0; len < 2; len++)
		ck_assert(!frame_parse(&frame, "\x01\x0a", len, -1));
}
END_TEST

/* Numbers out of the enumerations and counts out of their bounds. */
START_TEST(test_counts_and_indexes)
{
	struct arena *arena = arena_new();
	struct draw d = {.seed = 5, .too_long = -1, .with_nul = -1, .arena = arena};
	struct proto_job_recipient *recipients;
	union any x;
	union any y;
	struct wire_writer writer;

	make_job(&d, &x);
	recipients = arena_array(arena, PROTO_JOB_RECIPIENTS + 1, sizeof(*recipients));
	for (size_t i = 0; i <= PROTO_JOB_RECIPIENTS; i++)
		recipients[i].address = slice_of("a@b");
	x.job.recipients = recipients;
	x.job.body = (struct slice){0};
	for (size_t count = 0; count <= PROTO_JOB_RECIPIENTS + 1; count++) {
		x.job.recipient_count = count;
		wire_writer_init(&writer, packet, sizeof(packet));
		put_job(&writer, &x);
		ck_assert_int_eq(read_one(&kinds[3], arena, packet, writer.len, &y),
				 count > 0 && count <= PROTO_JOB_RECIPIENTS);
	}
	x.job.recipient_count = 1;
	recipients[0].delivery = (uint16_t)x.job.delivery_count;
	wire_writer_init(&writer, packet, sizeof(packet));
	put_job(&writer, &x);
	ck_assert(!read_one(&kinds[3], arena, packet, writer.len, &y));
	recipients[0].delivery = 0;
	recipients[0].notify = 16;
	wire_writer_init(&writer, packet, sizeof(packet));
	put_job(&writer, &x);
	ck_assert(!read_one(&kinds[3], arena, packet, writer.len, &y));
	arena_free(&arena);
}
END_TEST

static const struct {
	struct outcome a;
	struct outcome b;
	bool better;
} hopes[] = {
    {{.class = OUTCOME_TEMPORARY}, {.class = OUTCOME_PERMANENT, .code = 550}, true},
    {{.class = OUTCOME_PERMANENT, .code = 550}, {.class = OUTCOME_TEMPORARY}, false},
    {{.class = OUTCOME_DELIVERED}, {.class = OUTCOME_TEMPORARY, .code = 450}, true},
    {{.class = OUTCOME_TEMPORARY, .code = 450}, {.class = OUTCOME_TEMPORARY}, true},
    {{.class = OUTCOME_TEMPORARY}, {.class = OUTCOME_TEMPORARY}, false},
    {{.class = OUTCOME_TEMPORARY}, {.class = OUTCOME_TEMPORARY, .local = true}, true},
    {{.class = OUTCOME_TEMPORARY, .local = true}, {.class = OUTCOME_TEMPORARY}, false},
    {{.class = OUTCOME_TEMPORARY, .local = true}, {.class = OUTCOME_PERMANENT}, true},
};

/* The peer's word before our guess, the peer's failure before one of ours. */
START_TEST(test_most_hopeful)
{
	ck_assert_int_eq(outcome_is_better(&hopes[_i].a, &hopes[_i].b), hopes[_i].better);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("wire");
	TCase *tcase = tcase_create("wire");
	int count = sizeof(kinds) / sizeof(kinds[0]);

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, test_what_is_written_is_read, 0, count);
	tcase_add_loop_test(tcase, test_cut_and_longer_ones_are_refused, 0, count);
	tcase_add_loop_test(tcase, test_texts_have_limits, 0, count);
	tcase_add_loop_test(tcase, test_noise, 0, count);
	tcase_add_test(tcase, test_writer_is_sticky);
	tcase_add_test(tcase, test_frames);
	tcase_add_test(tcase, test_counts_and_indexes);
	tcase_add_loop_test(tcase, test_most_hopeful, 0, sizeof(hopes) / sizeof(hopes[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite)
