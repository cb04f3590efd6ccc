#include "master/lend.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/channel.h"
#include "common/frame.h"
#include "common/list.h"
#include "common/log.h"
#include "common/proto/submit.h"
#include "common/why.h"
#include "master/pool/worker.h"
#include "master/store/segment.h"

/* A segment some worker appends to, or will when its row is committed. */
struct lend_segment {
	struct list link;
	struct store_segment_create create; /* id and descriptor */
	struct lend *lend;
	struct pool_worker *worker; /* NULL: it went before the row was committed */
	bool large;
	uint64_t ticket; /* large: the worker's message it is for */
	uint64_t end;    /* no message may begin before this offset */
	bool committing; /* the operation is with the store and will be called back */
};

/* A worker that should have a shared segment and could not get one. */
struct lend_want {
	struct list link;
	struct pool_worker *worker;
};

struct lend {
	struct store *store;
	struct list segments;
	bool full;
	struct list wants;
};

struct lend *
lend_new(struct store *store)
{
	struct lend *lend = alloc_new(struct lend);

	lend->store = store;
	list_init(&lend->segments);
	list_init(&lend->wants);
	return lend;
}

static void
lend_drop(struct lend_segment *segment)
{
	list_remove(&segment->link);
	close(segment->create.fd);
	free(segment);
}

/* Its wants are dropped; NULL: everybody's. */
static void
lend_forget(struct lend *lend, const struct pool_worker *worker)
{
	struct lend_want *want;
	struct lend_want *after;

	list_each_safe (want, after, &lend->wants, link) {
		if (worker != NULL && want->worker != worker)
			continue;
		list_remove(&want->link);
		free(want);
	}
}

void
lend_free(struct lend **lend)
{
	struct lend_segment *segment;
	struct lend_segment *after;

	if (*lend == NULL)
		return;
	list_each_safe (segment, after, &(*lend)->segments, link)
		lend_drop(segment);
	lend_forget(*lend, NULL);
	free(*lend);
	*lend = NULL;
}

static void
lend_sealed(struct store_op *op, bool committed, void *arg)
{
	(void)op;
	(void)committed;
	free(arg);
}

/* The row says from now on that nothing is appended; a seal that is lost is made at the start. */
static void
lend_seal(struct lend *lend, struct lend_segment *segment)
{
	struct store_segment_seal *seal = alloc_new(struct store_segment_seal);
	struct stat st = {0};

	fstat(segment->create.fd, &st);
	store_segment_seal_init(seal, lend_sealed, seal);
	seal->id = segment->create.id;
	seal->bytes = st.st_size;
	store_turn_add(lend->store, &seal->op);
	lend_drop(segment);
}

static void
lend_send(struct lend_segment *segment)
{
	struct proto_segment frame = {
	    .id = (uint64_t)segment->create.id, .large = segment->large, .ticket = segment->ticket};
	struct wire_writer writer;

	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_SEGMENT);
	proto_submit_put_segment(&writer, &frame);
	pool_worker_send(segment->worker, &writer, segment->create.fd);
}

/* The answer to a WANT that cannot be met; small messages wait for a shared segment instead. */
static void
lend_refuse(struct pool_worker *worker, uint64_t ticket)
{
	struct proto_refuse refuse = {.ticket = ticket,
				      .code = 452,
				      .enhanced = {4, 3, 1},
				      .text = slice_of("the spool cannot be written now")};
	struct wire_writer writer;

	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_REFUSE);
	proto_submit_put_refuse(&writer, &refuse);
	pool_worker_send(worker, &writer, -1);
}

/* No segment could be made: a large message is refused, a shared one is tried again. */
static void
lend_failed(struct lend *lend, struct pool_worker *worker, bool large, uint64_t ticket)
{
	struct lend_want *want;

	if (large) {
		lend_refuse(worker, ticket);
		return;
	}
	want = alloc_new(struct lend_want);
	want->worker = worker;
	list_append(&lend->wants, &want->link);
}

static void
lend_created(struct store_op *op, bool committed, void *arg)
{
	struct lend_segment *segment = arg;

	(void)op;
	segment->committing = false;
	if (!committed) {
		log_error("segment %lld: its row could not be written",
			  (long long)segment->create.id);
		if (segment->worker != NULL)
			lend_failed(segment->lend, segment->worker, segment->large,
				    segment->ticket);
		lend_drop(segment);
	} else if (segment->worker == NULL) {
		lend_seal(segment->lend, segment);
	} else {
		lend_send(segment);
	}
}

static void
lend_make(struct lend *lend, struct pool_worker *worker, bool large, uint64_t ticket)
{
	struct lend_segment *segment = alloc_new(struct lend_segment);
	struct why why = {0};

	segment->lend = lend;
	segment->worker = worker;
	segment->large = large;
	segment->ticket = ticket;
	segment->committing = true;
	list_init(&segment->link);
	if (!store_segment_create(lend->store, &segment->create,
				  large ? STORE_SEGMENT_OWN : STORE_SEGMENT_SHARED, lend_created,
				  segment, &why)) {
		log_error("no segment for worker %s: %s", worker->name, why.text);
		lend_failed(lend, worker, large, ticket);
		free(segment);
		return;
	}
	list_append(&lend->segments, &segment->link);
	store_turn_add(lend->store, &segment->create.op);
}

void
lend_worker_ready(struct lend *lend, struct pool_worker *worker)
{
	lend_make(lend, worker, false, 0);
}

void
lend_tick(struct lend *lend)
{
	struct list wants;

	/* Those that fail again come back into the list. */
	list_init(&wants);
	while (!list_is_empty(&lend->wants)) {
		struct list *first = lend->wants.next;

		list_remove(first);
		list_append(&wants, first);
	}
	while (!list_is_empty(&wants)) {
		struct lend_want *want = list_first(&wants, struct lend_want, link);

		list_remove(&want->link);
		if (want->worker->state == POOL_WORKER_READY)
			lend_make(lend, want->worker, false, 0);
		free(want);
	}
}

void
lend_worker_gone(struct lend *lend, struct pool_worker *worker)
{
	struct lend_segment *segment;
	struct lend_segment *after;

	lend_forget(lend, worker);
	list_each_safe (segment, after, &lend->segments, link) {
		if (segment->worker != worker)
			continue;
		segment->worker = NULL;
		if (!segment->committing)
			lend_seal(lend, segment);
	}
}

static struct lend_segment *
lend_find(struct lend *lend, const struct pool_worker *worker, uint64_t id)
{
	struct lend_segment *segment;

	list_each (segment, &lend->segments, link) {
		if (segment->worker == worker && !segment->committing &&
		    (uint64_t)segment->create.id == id)
			return segment;
	}
	return NULL;
}

static bool
lend_on_sealed(struct lend *lend, struct pool_worker *worker, struct wire_reader *reader)
{
	struct lend_segment *segment;
	struct proto_sealed sealed;
	bool large;

	if (!proto_submit_get_sealed(reader, &sealed))
		return false;
	segment = lend_find(lend, worker, sealed.id);
	if (segment == NULL)
		return false;
	large = segment->large;
	lend_seal(lend, segment);
	if (!large && worker->state == POOL_WORKER_READY)
		lend_make(lend, worker, false, 0);
	return true;
}

void
lend_set_full(struct lend *lend, bool full)
{
	lend->full = full;
}

bool
lend_frame(struct lend *lend, struct pool_worker *worker, struct frame *frame)
{
	struct proto_want want;

	switch ((int)frame->type) {
	case FRAME_WANT:
		if (!proto_submit_get_want(&frame->body, &want))
			return false;
		if (lend->full || !store_turn_is_healthy(lend->store)) {
			lend_refuse(worker, want.ticket);
			return true;
		}
		lend_make(lend, worker, true, want.ticket);
		return true;
	case FRAME_SEALED:
		return lend_on_sealed(lend, worker, &frame->body);
	default:
		return false;
	}
}

bool
lend_take(struct lend *lend, struct pool_worker *worker, uint64_t id, uint64_t offset,
	  uint64_t size)
{
	struct lend_segment *segment = lend_find(lend, worker, id);
	struct stat st;
	uint64_t length;

	if (segment == NULL || offset < segment->end || size == 0 ||
	    fstat(segment->create.fd, &st) != 0)
		return false;
	length = (uint64_t)st.st_size;
	if (size > length || offset > length - size)
		return false;
	segment->end = offset + size;
	return true;
}
