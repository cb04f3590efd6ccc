#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"
#include "worker/submit/message.h"

/*
 * The body of a message while its client sends it: by DATA or by BDAT, collected in memory or
 * streamed into a segment of its own, refused when it must be. From the first byte to the reply.
 */
struct submit_session;

/* What a session does when the intake has news of its message; arg is the session. */
extern const struct submit_message_handlers submit_body_handlers;

/*
 * Begins the body of an envelope that has recipients. Returns NULL, or the reply that refuses it
 * for want of memory.
 */
const char *submit_body_start(struct submit_session *session);
/* A chunk of size bytes follows; session->verdict, if set, is what it will get. */
void submit_body_chunk(struct submit_session *session, uint64_t size, bool last);
/* Rows of the session's table: bytes of DATA and of a chunk. Both return how many they took. */
size_t submit_body_hear_data(struct submit_session *session, struct slice in);
size_t submit_body_hear_chunk(struct submit_session *session, struct slice in);
