#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * From complete bodies to answers of the master: append, sync, SUBMIT, ACCEPT. All messages that
 * are completed in one turn of the event loop are appended by one writev and share one fdatasync
 * at the end of the turn; no timer delays it.
 *
 * Order is what makes it safe: no SUBMIT leaves before its bytes are on the disk, no 250 before
 * ACCEPT, and SEALED comes behind the last SUBMIT of its segment. Answers come by the handlers of
 * the message, from the event loop or from submit_intake_frame().
 */
struct channel;
struct event_base;
struct frame;
struct submit_intake;
struct submit_message;

struct submit_intake *submit_intake_new(struct event_base *base, struct channel *to_master);
/* Messages in it that have no client any more are freed; the others must be gone. */
void submit_intake_free(struct submit_intake **intake);
/* SEGMENT, ACCEPT, REFUSE; false when it is malformed or unasked for. */
bool submit_intake_frame(struct submit_intake *intake, struct frame *frame);
/* A number for a new message. */
uint64_t submit_intake_ticket(struct submit_intake *intake);
/* Asks for a segment of its own; granted() follows. */
void submit_intake_want(struct submit_intake *intake, struct submit_message *message);
/*
 * Appends what has been collected of a large body to message->own, and empties it. False: it could
 * not be written, the message must be refused.
 */
bool submit_intake_stream(struct submit_intake *intake, struct submit_message *message);
/* The message is complete; answered() follows. */
void submit_intake_complete(struct submit_intake *intake, struct submit_message *message);
/*
 * The client has gone, or the message is refused before its end. Takes the message over when it
 * still waits for the master, else seals what it was lent; *message becomes NULL if taken over.
 */
void submit_intake_abandon(struct submit_intake *intake, struct submit_message **message);
/* Messages that wait for the disk or the master. */
size_t submit_intake_pending(const struct submit_intake *intake);
/* Messages accepted by the master. */
uint64_t submit_intake_accepted(const struct submit_intake *intake);
/* Seals the segment in use, for good, and refuses further ones by sealing them empty. */
void submit_intake_seal(struct submit_intake *intake);
