#include "master/cli/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/frame.h"
#include "common/proto/control.h"
#include "common/str.h"

struct cli_ask {
	const struct cli_ask_question *question;
	struct str *text;
	int fd;
	uint8_t *packet; /* WIRE_PACKET_MAX bytes */
	struct arena *arena;
	int status; /* once it is over */
};

static int
cli_ask_unreachable(const char *path, int error, struct str *text)
{
	if (error == EACCES || error == EPERM) {
		str_printf(text, "you may not use the control socket %s: %s", path,
			   strerror(error));
		return EX_NOPERM;
	}
	str_printf(text, "no daemon answers on %s: %s", path, strerror(error));
	return EX_UNAVAILABLE;
}

static int
cli_ask_connect(struct cli_ask *ask)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = ask->question->path;

	if (strlen(path) >= sizeof(address.sun_path)) {
		str_printf(ask->text, "control.socket: the path is too long: %s", path);
		return EX_CONFIG;
	}
	memcpy(address.sun_path, path, strlen(path));
	ask->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (ask->fd < 0 || connect(ask->fd, (const void *)&address, sizeof(address)) < 0)
		return cli_ask_unreachable(path, errno, ask->text);
	return EX_OK;
}

/* False when the words do not fit into a command. */
static bool
cli_ask_build(struct cli_ask *ask, struct wire_writer *writer)
{
	struct slice words[PROTO_CONTROL_WORDS];
	struct proto_command command = {.count = ask->question->count, .words = words};

	if (command.count == 0 || command.count > PROTO_CONTROL_WORDS)
		return false;
	for (size_t i = 0; i < command.count; i++) {
		words[i] = slice_of(ask->question->words[i]);
		if (words[i].len > PROTO_CONTROL_WORD)
			return false;
	}
	frame_begin(writer, ask->packet, WIRE_PACKET_MAX, FRAME_COMMAND);
	proto_control_put_command(writer, &command);
	return !writer->failed;
}

static int
cli_ask_lost(struct cli_ask *ask)
{
	str_printf(ask->text, "the daemon on %s went away before its answer was complete",
		   ask->question->path);
	return EX_UNAVAILABLE;
}

static int
cli_ask_send(struct cli_ask *ask)
{
	struct wire_writer writer;
	ssize_t sent;

	if (!cli_ask_build(ask, &writer)) {
		str_text(ask->text, "the command is too long");
		return EX_USAGE;
	}
	do {
		sent = send(ask->fd, writer.data, writer.len, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	/*
	 * A daemon that turns clients away closes at once: what it said before is still to be
	 * read, and if it said nothing, reading finds that out.
	 */
	if (sent < 0 && errno != EPIPE && errno != ECONNRESET)
		return cli_ask_unreachable(ask->question->path, errno, ask->text);
	return EX_OK;
}

/* One frame of the answer; false when it is none. Sets *over when it was the last. */
static bool
cli_ask_frame(struct cli_ask *ask, struct frame *frame, bool *over)
{
	struct proto_row row;
	struct proto_end end;

	if (frame->type == FRAME_END && proto_control_get_end(&frame->body, &end)) {
		str_bytes(ask->text, end.text.data, end.text.len);
		ask->status = end.status;
		*over = true;
		return true;
	}
	if (frame->type != FRAME_ROW || !proto_control_get_row(&frame->body, ask->arena, &row))
		return false;
	if (!ask->question->row(&row, ask->question->arg)) {
		ask->status = EX_OK;
		*over = true;
	}
	arena_reset(ask->arena);
	return true;
}

static int
cli_ask_receive(struct cli_ask *ask)
{
	bool over = false;

	while (!over) {
		struct frame frame;
		/* With MSG_TRUNC the length is the packet's own, also when it did not fit. */
		ssize_t len = recv(ask->fd, ask->packet, WIRE_PACKET_MAX, MSG_TRUNC);

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return cli_ask_lost(ask);
		if (len > WIRE_PACKET_MAX || !frame_parse(&frame, ask->packet, (size_t)len, -1) ||
		    !cli_ask_frame(ask, &frame, &over)) {
			str_printf(ask->text,
				   "what came from %s is no answer: are the daemon and this "
				   "program of one version?",
				   ask->question->path);
			return EX_PROTOCOL;
		}
	}
	return ask->status;
}

int
cli_ask(const struct cli_ask_question *question, struct str *text)
{
	struct cli_ask ask = {.question = question, .text = text, .fd = -1};
	int status;

	ask.packet = alloc_array(WIRE_PACKET_MAX, 1);
	ask.arena = arena_new();
	status = cli_ask_connect(&ask);
	if (status == EX_OK)
		status = cli_ask_send(&ask);
	if (status == EX_OK)
		status = cli_ask_receive(&ask);
	if (ask.fd >= 0)
		close(ask.fd);
	arena_free(&ask.arena);
	free(ask.packet);
	return status;
}
