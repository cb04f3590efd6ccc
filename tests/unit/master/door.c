#include "tests/unit/master/door.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/intake.h"
#include "master/lend.h"
#include "master/pool/worker.h"
#include "master/sched/sched.h"
#include "master/store/turn.h"

void
door_open(struct door *door, const char *config)
{
	field_open(&door->field, config);
	door->lend = lend_new(door->field.spool.store);
	door->intake = intake_new(door->field.spool.store, door->lend, door->field.sched,
				  door->field.settings);
}

void
door_close(struct door *door)
{
	/* In the order of the daemon's end. */
	store_turn_drop(door->field.spool.store);
	intake_free(&door->intake);
	lend_free(&door->lend);
	field_close(&door->field);
}

struct pool_worker *
door_worker(struct door *door)
{
	struct pool_worker *worker = fake_pool_add(door->field.pool, PROTO_ROLE_SUBMIT);

	lend_worker_ready(door->lend, worker);
	return worker;
}

struct pool_worker *
door_worker_with(struct door *door, uint64_t *segment)
{
	struct pool_worker *worker = door_worker(door);
	struct proto_segment lent;

	door_commit(door);
	lent = door_take_segment(door, worker);
	ck_assert(!lent.large);
	*segment = lent.id;
	return worker;
}

void
door_kill(struct door *door, struct pool_worker *worker)
{
	pool_worker_kill(worker, "killed by the test");
	intake_worker_gone(door->intake, worker);
	lend_worker_gone(door->lend, worker);
	fake_pool_remove(door->field.pool, worker);
}

void
door_commit(struct door *door)
{
	field_turn(&door->field);
}

struct fake_pool_frame *
door_take(struct door *door, struct pool_worker *worker, enum frame_type type)
{
	struct fake_pool_frame *frame = fake_pool_take(door->field.pool, worker);

	ck_assert_msg(frame != NULL, "no %s came", frame_name(type));
	ck_assert_str_eq(frame_name(frame->frame.type), frame_name(type));
	return frame;
}

struct proto_segment
door_take_segment(struct door *door, struct pool_worker *worker)
{
	struct fake_pool_frame *frame = door_take(door, worker, FRAME_SEGMENT);
	struct proto_segment segment;

	ck_assert(proto_submit_get_segment(&frame->frame.body, &segment));
	ck_assert(frame->has_fd);
	free(frame);
	return segment;
}

uint64_t
door_take_accept(struct door *door, struct pool_worker *worker, uint64_t ticket)
{
	struct fake_pool_frame *frame = door_take(door, worker, FRAME_ACCEPT);
	struct proto_accept accept;

	ck_assert(proto_submit_get_accept(&frame->frame.body, &accept));
	ck_assert_uint_eq(accept.ticket, ticket);
	free(frame);
	return accept.message;
}

void
door_take_refuse(struct door *door, struct pool_worker *worker, uint64_t ticket)
{
	struct fake_pool_frame *frame = door_take(door, worker, FRAME_REFUSE);
	struct proto_refuse refuse;

	ck_assert(proto_submit_get_refuse(&frame->frame.body, &refuse));
	ck_assert_uint_eq(refuse.ticket, ticket);
	ck_assert_uint_eq(refuse.code, 452);
	ck_assert_uint_eq(refuse.enhanced.class, 4);
	ck_assert_uint_eq(refuse.enhanced.subject, 3);
	ck_assert_uint_eq(refuse.enhanced.detail, 1);
	ck_assert_uint_gt(refuse.text.len, 0);
	free(frame);
}

void
door_expect_silence(struct door *door)
{
	struct fake_pool_frame *frame = fake_pool_take(door->field.pool, NULL);

	ck_assert_msg(frame == NULL, "%s came", frame_name(frame->frame.type));
}

static const char *
door_path(const struct door *door, uint64_t segment)
{
	char name[64];

	snprintf(name, sizeof(name), "segments/%llu.seg", (unsigned long long)segment);
	return spool_path(&door->field.spool, name);
}

void
door_append(struct door *door, uint64_t segment, size_t bytes)
{
	int fd = open(door_path(door, segment), O_WRONLY);
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(ftruncate(fd, st.st_size + (off_t)bytes), 0);
	close(fd);
}

int64_t
door_length(const struct door *door, uint64_t segment)
{
	struct stat st;

	ck_assert_int_eq(stat(door_path(door, segment), &st), 0);
	return st.st_size;
}

static void
door_frame(struct frame *frame, const struct wire_writer *writer)
{
	ck_assert(!writer->failed);
	ck_assert(frame_parse(frame, writer->data, writer->len, -1));
}

bool
door_want(struct door *door, struct pool_worker *worker, uint64_t ticket)
{
	struct proto_want want = {.ticket = ticket};
	struct wire_writer writer;
	struct frame frame;
	char packet[64];

	frame_begin(&writer, packet, sizeof(packet), FRAME_WANT);
	proto_submit_put_want(&writer, &want);
	door_frame(&frame, &writer);
	return lend_frame(door->lend, worker, &frame);
}

bool
door_sealed(struct door *door, struct pool_worker *worker, uint64_t segment, uint64_t bytes)
{
	struct proto_sealed sealed = {.id = segment, .bytes = bytes};
	struct wire_writer writer;
	struct frame frame;
	char packet[64];

	frame_begin(&writer, packet, sizeof(packet), FRAME_SEALED);
	proto_submit_put_sealed(&writer, &sealed);
	door_frame(&frame, &writer);
	return lend_frame(door->lend, worker, &frame);
}

bool
door_submit(struct door *door, struct pool_worker *worker, const struct proto_submit *submit)
{
	char *packet = malloc(WIRE_PACKET_MAX);
	struct wire_writer writer;
	struct frame frame;
	bool good;

	frame_begin(&writer, packet, WIRE_PACKET_MAX, FRAME_SUBMIT);
	proto_submit_put(&writer, submit);
	door_frame(&frame, &writer);
	good = intake_submit(door->intake, worker, &frame);
	/* Nothing of the packet is used afterwards. */
	memset(packet, 'x', WIRE_PACKET_MAX);
	free(packet);
	return good;
}

bool
door_submit_to(struct door *door, struct pool_worker *worker, const struct proto_submit *submit,
	       const char *addresses)
{
	struct proto_recipient recipients[PROTO_SUBMIT_BATCH] = {0};
	struct proto_submit filled = *submit;

	filled.recipients = recipients;
	filled.recipient_count = 0;
	while (*addresses != '\0') {
		size_t len = strcspn(addresses, " ");

		ck_assert_uint_lt(filled.recipient_count, PROTO_SUBMIT_BATCH);
		recipients[filled.recipient_count++].address = (struct slice){addresses, len};
		addresses += len;
		addresses += strspn(addresses, " ");
	}
	if (filled.client.data == NULL)
		filled.client = slice_of("192.0.2.7");
	return door_submit(door, worker, &filled);
}
