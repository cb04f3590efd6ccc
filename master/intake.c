#include "master/intake.h"

#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/channel.h"
#include "common/clock.h"
#include "common/domain.h"
#include "common/frame.h"
#include "common/list.h"
#include "common/log.h"
#include "common/map.h"
#include "common/proto/submit.h"
#include "common/settings/settings.h"
#include "master/envelope.h"
#include "master/lend.h"
#include "master/pool/worker.h"
#include "master/sched/sched.h"
#include "master/store/arrive.h"

/* A message from its first SUBMIT packet to the answer. Everything of it is in its arena. */
struct intake_message {
	struct list
	    link; /* in intake->partial while more recipients are to come, else in ->writing */
	struct intake *intake;
	struct pool_worker *worker; /* NULL: gone, nobody waits for the answer */
	uint64_t ticket;
	struct arena *arena;
	struct envelope *envelope;
	struct store_arrive arrive;
};

struct intake {
	struct store *store;
	struct lend *lend;
	struct sched *sched;
	const struct settings *settings;
	struct list partial;
	struct list writing;
	bool full;
	uint64_t accepted;
};

struct intake *
intake_new(struct store *store, struct lend *lend, struct sched *sched,
	   const struct settings *settings)
{
	struct intake *intake = alloc_new(struct intake);

	intake->store = store;
	intake->lend = lend;
	intake->sched = sched;
	intake->settings = settings;
	list_init(&intake->partial);
	list_init(&intake->writing);
	return intake;
}

static void
intake_drop(struct intake_message *message)
{
	struct arena *arena = message->arena;

	list_remove(&message->link);
	arena_free(&arena);
}

void
intake_free(struct intake **intake)
{
	struct intake_message *message;
	struct intake_message *after;

	if (*intake == NULL)
		return;
	list_each_safe (message, after, &(*intake)->partial, link)
		intake_drop(message);
	list_each_safe (message, after, &(*intake)->writing, link)
		intake_drop(message);
	free(*intake);
	*intake = NULL;
}

void
intake_set_settings(struct intake *intake, const struct settings *settings)
{
	intake->settings = settings;
}

void
intake_set_full(struct intake *intake, bool full)
{
	intake->full = full;
}

uint64_t
intake_accepted(const struct intake *intake)
{
	return intake->accepted;
}

static void
intake_refuse(struct pool_worker *worker, uint64_t ticket, const char *text)
{
	struct proto_refuse refuse = {
	    .ticket = ticket, .code = 452, .enhanced = {4, 3, 1}, .text = slice_of(text)};
	struct wire_writer writer;

	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_REFUSE);
	proto_submit_put_refuse(&writer, &refuse);
	pool_worker_send(worker, &writer, -1);
}

static void
intake_accept(struct pool_worker *worker, uint64_t ticket, int64_t message)
{
	struct proto_accept accept = {.ticket = ticket, .message = (uint64_t)message};
	struct wire_writer writer;

	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_ACCEPT);
	proto_submit_put_accept(&writer, &accept);
	pool_worker_send(worker, &writer, -1);
}

/* Only now is it true. */
static void
intake_log(const struct intake_message *message)
{
	const struct store_arrive *arrive = &message->arrive;
	struct str line = {0};

	if (!log_wants(LOG_LEVEL_INFO))
		return;
	str_printf(&line, "accepted msg=%lld from=<", (long long)arrive->message_id);
	str_printable(&line, arrive->sender, strlen(arrive->sender));
	str_printf(&line, "> size=%lld rcpts=%zu client=", (long long)arrive->size,
		   envelope_recipients(message->envelope));
	str_printable(&line, arrive->origin, strlen(arrive->origin));
	log_line(LOG_LEVEL_INFO, str_c(&line));
	str_free(&line);
}

static void
intake_done(struct store_op *op, bool committed, void *arg)
{
	struct intake_message *message = arg;
	struct intake *intake = message->intake;

	(void)op;
	if (committed) {
		intake->accepted++;
		intake_log(message);
		if (message->worker != NULL)
			intake_accept(message->worker, message->ticket, message->arrive.message_id);
		for (size_t i = 0; i < message->arrive.deliveries_count; i++)
			sched_arrived(intake->sched,
				      envelope_row(message->arena, &message->arrive, i));
	} else if (message->worker != NULL) {
		intake_refuse(message->worker, message->ticket,
			      "the queue cannot be written now, try again later");
	}
	intake_drop(message);
}

static struct intake_message *
intake_find(struct intake *intake, const struct pool_worker *worker, uint64_t ticket)
{
	struct intake_message *message;

	list_each (message, &intake->partial, link) {
		if (message->worker == worker && message->ticket == ticket)
			return message;
	}
	return NULL;
}

static struct intake_message *
intake_begin(struct intake *intake, struct pool_worker *worker, uint64_t ticket)
{
	struct arena *arena = arena_new();
	struct intake_message *message = arena_zero(arena, struct intake_message);

	message->arena = arena;
	message->intake = intake;
	message->worker = worker;
	message->ticket = ticket;
	message->envelope = envelope_new(arena);
	list_append(&intake->partial, &message->link);
	return message;
}

/* All recipients are there: into the next transaction. */
static void
intake_complete(struct intake *intake, struct intake_message *message)
{
	list_remove(&message->link);
	list_append(&intake->writing, &message->link);
	store_arrive_init(&message->arrive, intake_done, message);
	envelope_fill(message->envelope, intake->store, intake->settings, &message->arrive);
	store_turn_add(intake->store, &message->arrive.op);
}

bool
intake_submit(struct intake *intake, struct pool_worker *worker, struct frame *frame)
{
	struct arena *scratch = arena_new();
	struct intake_message *message;
	struct proto_submit submit;
	bool good = false;

	if (!proto_submit_get(&frame->body, scratch, &submit))
		goto out;
	message = intake_find(intake, worker, submit.ticket);
	if (message == NULL) {
		if (!lend_take(intake->lend, worker, submit.segment, submit.offset, submit.size))
			goto out;
		message = intake_begin(intake, worker, submit.ticket);
		envelope_begin(message->envelope, &submit);
	}
	good = envelope_add(message->envelope, &submit);
	if (!good || submit.more)
		goto out;
	if (intake->full || !store_turn_is_healthy(intake->store)) {
		intake_refuse(worker, submit.ticket, "the spool is full, try again later");
		intake_drop(message);
	} else {
		intake_complete(intake, message);
	}
out:
	arena_free(&scratch);
	return good;
}

void
intake_worker_gone(struct intake *intake, struct pool_worker *worker)
{
	struct intake_message *message;
	struct intake_message *after;

	list_each_safe (message, after, &intake->partial, link) {
		if (message->worker == worker)
			intake_drop(message);
	}
	list_each (message, &intake->writing, link) {
		if (message->worker == worker)
			message->worker = NULL;
	}
}
