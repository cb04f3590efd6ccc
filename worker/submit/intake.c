#include "worker/submit/intake.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/channel.h"
#include "common/clock.h"
#include "common/frame.h"
#include "common/list.h"
#include "common/log.h"
#include "common/proto/submit.h"
#include "common/why.h"
#include "worker/submit/message.h"
#include "worker/submit/offer.h"
#include "worker/submit/segment.h"

enum {
	SUBMIT_INTAKE_BATCH = 512,               /* messages of one writev */
	SUBMIT_INTAKE_LENT = 4,                  /* segments that may lie ready */
	SUBMIT_INTAKE_STRETCH = 8 * 1024 * 1024, /* bytes of a large body between syncs */
};

static const char submit_intake_no_space[] = "452 4.3.1 Cannot store the message now, try later";

struct submit_intake {
	struct channel *channel;
	struct event *turn;            /* run at the end of the turn in which work came up */
	struct event *age;             /* runs out when current must be sealed for its age */
	struct submit_segment current; /* small messages are appended here */
	struct submit_segment lent[SUBMIT_INTAKE_LENT]; /* lie ready, the next one first */
	size_t lent_count;
	struct list wanted;    /* messages in WANTED */
	struct list complete;  /* messages in COMPLETE */
	struct list submitted; /* messages in SUBMITTED, in the order of their SUBMITs */
	uint64_t ticket;       /* the last one given out */
	uint64_t accepted;
	size_t pending; /* messages in the three lists */
	bool sealed;    /* no more segments are used */
};

/* The one door into the lists. */
static void
submit_intake_move(struct submit_intake *intake, struct submit_message *message,
		   enum submit_message_state state)
{
	struct list *to = state == SUBMIT_MESSAGE_WANTED      ? &intake->wanted
			  : state == SUBMIT_MESSAGE_COMPLETE  ? &intake->complete
			  : state == SUBMIT_MESSAGE_SUBMITTED ? &intake->submitted
							      : NULL;

	if (!list_is_empty(&message->link))
		intake->pending--;
	list_remove(&message->link);
	message->state = state;
	if (to == NULL)
		return;
	list_append(to, &message->link);
	intake->pending++;
}

static void
submit_intake_close(struct submit_intake *intake, struct submit_segment *segment)
{
	struct proto_sealed sealed = {.id = segment->id, .bytes = segment->end};
	struct wire_writer writer;

	if (!submit_segment_is_open(segment))
		return;
	submit_segment_close(segment);
	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_SEALED);
	proto_submit_put_sealed(&writer, &sealed);
	channel_send(intake->channel, &writer, -1);
}

static void
submit_intake_answer(struct submit_intake *intake, struct submit_message *message,
		     const char *reply)
{
	const struct submit_message_handlers *handlers = message->handlers;

	submit_intake_move(intake, message, SUBMIT_MESSAGE_BODY);
	submit_intake_close(intake, &message->own);
	if (handlers != NULL)
		handlers->answered(message, reply, message->arg);
	else
		submit_message_free(&message);
}

static void
submit_intake_submit(struct submit_intake *intake, struct submit_message *message, uint64_t segment,
		     uint64_t offset)
{
	submit_offer_send(intake->channel, message, segment, offset);
	str_free(&message->body);
	submit_intake_move(intake, message, SUBMIT_MESSAGE_SUBMITTED);
}

/* The last bytes of a large body: its segment carries nothing else. */
static void
submit_intake_finish_own(struct submit_intake *intake, struct submit_message *message)
{
	struct iovec iov = {message->body.data, message->body.len};
	struct why why;

	if (submit_segment_append(&message->own, &iov, 1, clock_mono_ms(), &why) !=
		message->body.len ||
	    !submit_segment_sync(&message->own, &why)) {
		log_error("%s", why.text);
		submit_intake_answer(intake, message, submit_intake_no_space);
		return;
	}
	submit_intake_submit(intake, message, message->own.id, 0);
	submit_intake_close(intake, &message->own);
}

/* Makes current a segment that can take more bytes; false when none is lent now. */
static bool
submit_intake_ready(struct submit_intake *intake, uint64_t more)
{
	if (submit_segment_is_open(&intake->current) &&
	    submit_segment_is_full(&intake->current, more, clock_mono_ms())) {
		submit_intake_close(intake, &intake->current);
		event_del(intake->age);
	}
	if (submit_segment_is_open(&intake->current))
		return true;
	if (intake->lent_count == 0)
		return false;
	intake->current = intake->lent[0];
	intake->lent_count--;
	for (size_t i = 0; i < intake->lent_count; i++)
		intake->lent[i] = intake->lent[i + 1];
	return true;
}

/* Fills batch with messages that go into current together. */
static size_t
submit_intake_gather(struct submit_intake *intake, struct submit_message **batch, struct iovec *iov)
{
	struct submit_message *message;
	uint64_t bytes = 0;
	size_t room = SUBMIT_SEGMENT_MESSAGES - intake->current.messages;
	size_t count = 0;

	list_each (message, &intake->complete, link) {
		bytes += message->body.len;
		if (count == SUBMIT_INTAKE_BATCH || count == room ||
		    (count > 0 && intake->current.end + bytes > SUBMIT_SEGMENT_BYTES))
			break;
		iov[count] = (struct iovec){message->body.data, message->body.len};
		batch[count++] = message;
	}
	return count;
}

/* One writev, one fdatasync, and a SUBMIT for each message that is wholly on the disk. */
static void
submit_intake_store(struct submit_intake *intake)
{
	struct submit_message *batch[SUBMIT_INTAKE_BATCH];
	struct iovec iov[SUBMIT_INTAKE_BATCH];
	struct submit_segment *segment = &intake->current;
	uint64_t offset = segment->end;
	size_t count = submit_intake_gather(intake, batch, iov);
	struct why why = {0};
	uint64_t whole;

	whole = offset + submit_segment_append(segment, iov, (int)count, clock_mono_ms(), &why);
	/* Not if nothing was written: what failed to be written needs no sync. */
	if (whole > offset && !submit_segment_sync(segment, &why))
		whole = offset;
	if (why.text[0] != '\0')
		log_error("%s", why.text);
	if (!event_pending(intake->age, EV_TIMEOUT, NULL) && segment->end > 0) {
		struct timeval age = {.tv_sec = SUBMIT_SEGMENT_AGE_MS / 1000};

		event_add(intake->age, &age);
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t start = offset;

		offset += batch[i]->body.len;
		if (offset > whole) {
			submit_intake_answer(intake, batch[i], submit_intake_no_space);
			continue;
		}
		segment->messages++;
		submit_intake_submit(intake, batch[i], segment->id, start);
	}
	if (segment->broken)
		submit_intake_ready(intake, 0);
}

static void
submit_intake_on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct submit_intake *intake = arg;
	struct submit_message *message;
	struct submit_message *after;

	(void)fd;
	(void)what;
	list_each_safe (message, after, &intake->complete, link)
		if (submit_segment_is_open(&message->own))
			submit_intake_finish_own(intake, message);
	while (!list_is_empty(&intake->complete)) {
		message = list_first(&intake->complete, struct submit_message, link);
		if (!submit_intake_ready(intake, message->body.len))
			return;
		submit_intake_store(intake);
	}
}

static void
submit_intake_on_age(evutil_socket_t fd, short what, void *arg)
{
	struct submit_intake *intake = arg;

	(void)fd;
	(void)what;
	submit_intake_close(intake, &intake->current);
}

struct submit_intake *
submit_intake_new(struct event_base *base, struct channel *to_master)
{
	struct submit_intake *intake = alloc_new(struct submit_intake);

	intake->channel = to_master;
	intake->turn = event_new(base, -1, 0, submit_intake_on_turn, intake);
	intake->age = evtimer_new(base, submit_intake_on_age, intake);
	intake->current.fd = -1;
	list_init(&intake->wanted);
	list_init(&intake->complete);
	list_init(&intake->submitted);
	return intake;
}

static void
submit_intake_drop(struct list *list)
{
	struct submit_message *message;
	struct submit_message *after;

	list_each_safe (message, after, list, link)
		submit_message_free(&message);
}

void
submit_intake_free(struct submit_intake **intake)
{
	if (*intake == NULL)
		return;
	submit_intake_drop(&(*intake)->wanted);
	submit_intake_drop(&(*intake)->complete);
	submit_intake_drop(&(*intake)->submitted);
	submit_segment_close(&(*intake)->current);
	for (size_t i = 0; i < (*intake)->lent_count; i++)
		submit_segment_close(&(*intake)->lent[i]);
	event_free((*intake)->turn);
	event_free((*intake)->age);
	free(*intake);
	*intake = NULL;
}

static struct submit_message *
submit_intake_find(struct list *list, uint64_t ticket)
{
	struct submit_message *message;

	/* Answers come in the order of the questions, so this ends at the first one. */
	list_each (message, list, link)
		if (message->ticket == ticket)
			return message;
	return NULL;
}

static bool
submit_intake_take_large(struct submit_intake *intake, const struct proto_segment *segment, int fd)
{
	struct submit_message *message = submit_intake_find(&intake->wanted, segment->ticket);

	if (message == NULL)
		return false;
	submit_intake_move(intake, message, SUBMIT_MESSAGE_BODY);
	submit_segment_open(&message->own, segment->id, fd);
	if (message->handlers != NULL) {
		message->handlers->granted(message, message->arg);
		return true;
	}
	submit_intake_close(intake, &message->own);
	submit_message_free(&message);
	return true;
}

static bool
submit_intake_take_segment(struct submit_intake *intake, struct frame *frame)
{
	struct proto_segment segment;
	struct submit_segment unused;
	int fd;

	if (!proto_submit_get_segment(&frame->body, &segment) || frame->fd < 0)
		return false;
	if (segment.large) {
		if (submit_intake_find(&intake->wanted, segment.ticket) == NULL)
			return false;
		return submit_intake_take_large(intake, &segment, frame_take_fd(frame));
	}
	if (intake->lent_count == SUBMIT_INTAKE_LENT)
		return false;
	fd = frame_take_fd(frame);
	if (intake->sealed) {
		submit_segment_open(&unused, segment.id, fd);
		submit_intake_close(intake, &unused);
		return true;
	}
	submit_segment_open(&intake->lent[intake->lent_count++], segment.id, fd);
	if (!list_is_empty(&intake->complete))
		event_active(intake->turn, EV_TIMEOUT, 0);
	return true;
}

static bool
submit_intake_take_accept(struct submit_intake *intake, struct frame *frame)
{
	struct submit_message *message;
	struct proto_accept accept;
	char reply[64];

	if (!proto_submit_get_accept(&frame->body, &accept))
		return false;
	message = submit_intake_find(&intake->submitted, accept.ticket);
	if (message == NULL)
		return false;
	intake->accepted++;
	snprintf(reply, sizeof(reply), "250 2.0.0 queued as %llu",
		 (unsigned long long)accept.message);
	submit_intake_answer(intake, message, reply);
	return true;
}

/* The master's words made one line of a reply: printable ASCII, its code of class 4 or 5. */
static bool
submit_intake_refusal(char *text, size_t room, const struct proto_refuse *refuse)
{
	int len;

	if (refuse->code < 400 || refuse->code > 599 ||
	    refuse->enhanced.class != refuse->code / 100)
		return false;
	len = snprintf(text, room, "%u %u.%u.%u %.*s", refuse->code, refuse->enhanced.class,
		       refuse->enhanced.subject, refuse->enhanced.detail, SLICE_ARG(refuse->text));
	for (int i = 0; i < len && (size_t)i < room - 1; i++)
		if (text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
	return true;
}

static bool
submit_intake_take_refuse(struct submit_intake *intake, struct frame *frame)
{
	struct submit_message *message;
	struct proto_refuse refuse;
	char reply[400];

	if (!proto_submit_get_refuse(&frame->body, &refuse) ||
	    !submit_intake_refusal(reply, sizeof(reply), &refuse))
		return false;
	message = submit_intake_find(&intake->submitted, refuse.ticket);
	if (message == NULL)
		message = submit_intake_find(&intake->wanted, refuse.ticket);
	if (message == NULL)
		return false;
	submit_intake_answer(intake, message, reply);
	return true;
}

bool
submit_intake_frame(struct submit_intake *intake, struct frame *frame)
{
	if (frame->type == FRAME_SEGMENT)
		return submit_intake_take_segment(intake, frame);
	if (frame->type == FRAME_ACCEPT)
		return submit_intake_take_accept(intake, frame);
	return frame->type == FRAME_REFUSE && submit_intake_take_refuse(intake, frame);
}

uint64_t
submit_intake_ticket(struct submit_intake *intake)
{
	return ++intake->ticket;
}

void
submit_intake_want(struct submit_intake *intake, struct submit_message *message)
{
	struct proto_want want = {.ticket = message->ticket};
	struct wire_writer writer;

	submit_intake_move(intake, message, SUBMIT_MESSAGE_WANTED);
	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_WANT);
	proto_submit_put_want(&writer, &want);
	channel_send(intake->channel, &writer, -1);
}

bool
submit_intake_stream(struct submit_intake *intake, struct submit_message *message)
{
	struct iovec iov = {message->body.data, message->body.len};
	size_t len = message->body.len;
	struct why why;

	(void)intake;
	message->body.len = 0;
	if (submit_segment_append(&message->own, &iov, 1, clock_mono_ms(), &why) != len) {
		log_error("%s", why.text);
		return false;
	}
	/* In stretches, so that the sync at the end does not keep all other clients waiting. */
	if (message->own.end - message->synced < SUBMIT_INTAKE_STRETCH)
		return true;
	message->synced = message->own.end;
	if (submit_segment_sync(&message->own, &why))
		return true;
	log_error("%s", why.text);
	return false;
}

void
submit_intake_complete(struct submit_intake *intake, struct submit_message *message)
{
	submit_intake_move(intake, message, SUBMIT_MESSAGE_COMPLETE);
	/* Behind everything that is ready in this turn, which thereby shares the sync. */
	event_active(intake->turn, EV_TIMEOUT, 0);
}

void
submit_intake_abandon(struct submit_intake *intake, struct submit_message **message)
{
	if ((*message)->state == SUBMIT_MESSAGE_WANTED ||
	    (*message)->state == SUBMIT_MESSAGE_SUBMITTED) {
		(*message)->handlers = NULL;
		str_free(&(*message)->body);
		*message = NULL;
		return;
	}
	submit_intake_move(intake, *message, SUBMIT_MESSAGE_BODY);
	submit_intake_close(intake, &(*message)->own);
}

size_t
submit_intake_pending(const struct submit_intake *intake)
{
	return intake->pending;
}

uint64_t
submit_intake_accepted(const struct submit_intake *intake)
{
	return intake->accepted;
}

void
submit_intake_seal(struct submit_intake *intake)
{
	intake->sealed = true;
	event_del(intake->age);
	submit_intake_close(intake, &intake->current);
	for (size_t i = 0; i < intake->lent_count; i++)
		submit_intake_close(intake, &intake->lent[i]);
	intake->lent_count = 0;
}
