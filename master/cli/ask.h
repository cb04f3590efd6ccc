#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * One question to the daemon over its control socket: sends a COMMAND, gives the ROWs as they come
 * and ends with the END. Blocks until the answer is complete; there is no deadline, because a mass
 * command takes as long as it takes.
 */
struct proto_row;
struct str;

/*
 * One row; it and all it points to are valid during the call. Called from inside cli_ask() only.
 * False: no more is wanted, and the question ends at once.
 */
typedef bool (*cli_ask_row_fn)(const struct proto_row *row, void *arg);

struct cli_ask_question {
	const char *path; /* of the control socket */
	const char *const *words;
	size_t count; /* of words, 1 or more; the first is the command */
	cli_ask_row_fn row;
	void *arg;
};

/*
 * Returns the exit status and appends one line to *text, which may be empty when the status is 0:
 * END's own, or
 *   64 the command is too long to be sent,
 *   69 no daemon answers, or it went away before END,
 *   76 what came is no answer,
 *   77 the socket may not be used,
 *   78 the path cannot be one of a socket.
 * 0 without text when the row function had enough.
 */
int cli_ask(const struct cli_ask_question *question, struct str *text);
