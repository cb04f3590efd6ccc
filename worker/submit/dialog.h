#pragma once

#include <stddef.h>

#include "common/str.h"

/*
 * What the server answers to each command: sequence, policy and the envelope. Stateless; the state
 * is the session's.
 */
struct submit_session;

/* Rows of the session's table: a command line, and the rest of one that is too long. */
size_t submit_dialog_hear_line(struct submit_session *session, struct slice in);
size_t submit_dialog_hear_rest(struct submit_session *session, struct slice in);
