#include "tests/unit/master/cli/fake_master.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/frame.h"
#include "common/proto/control.h"

static uint8_t fake_master_packet[2 * WIRE_PACKET_MAX];

static void
fake_master_send(int fd, const void *data, size_t len)
{
	/* A client that had enough is no failure. */
	send(fd, data, len, MSG_NOSIGNAL);
}

static void
fake_master_row(int fd, const struct proto_command *command, unsigned count)
{
	struct proto_value values[PROTO_CONTROL_COLUMNS];
	struct proto_row row = {slice_of("word"), command->count, values};

	for (size_t i = 0; i < command->count; i++)
		values[i] = (struct proto_value){
		    .name = slice_of("word"), .type = PROTO_VALUE_TEXT, .text = command->words[i]};
	for (; count > 0; count--) {
		struct wire_writer writer;

		frame_begin(&writer, fake_master_packet, WIRE_PACKET_MAX, FRAME_ROW);
		proto_control_put_row(&writer, &row);
		fake_master_send(fd, writer.data, writer.len);
	}
}

static void
fake_master_answer(int fd, const struct fake_master_step *step)
{
	const struct proto_end end = {(uint8_t)step->number, slice_of(step->text)};
	struct wire_writer writer;

	frame_begin(&writer, fake_master_packet, WIRE_PACKET_MAX, FRAME_END);
	proto_control_put_end(&writer, &end);
	fake_master_send(fd, writer.data, writer.len);
}

static void
fake_master_play(int fd, const struct fake_master_step *script, const struct proto_command *command)
{
	for (; script->act != FAKE_MASTER_END; script++) {
		if (script->act == FAKE_MASTER_ROW)
			fake_master_row(fd, command, script->number);
		else if (script->act == FAKE_MASTER_ANSWER)
			fake_master_answer(fd, script);
		else if (script->act == FAKE_MASTER_PACKET)
			fake_master_send(fd, script->text, script->number);
		else
			fake_master_send(fd, fake_master_packet, WIRE_PACKET_MAX + 1);
	}
}

static int
fake_master_serve(int listener, const struct fake_master_step *script, int deaf)
{
	int fd = accept(listener, NULL, NULL);
	struct proto_command command;
	struct arena *arena;
	struct frame frame;
	static uint8_t packet[WIRE_PACKET_MAX];
	ssize_t len;

	if (fd < 0)
		return 1;
	if (deaf)
		return 0;
	len = recv(fd, packet, sizeof(packet), 0);
	arena = arena_new();
	if (len <= 0 || !frame_parse(&frame, packet, (size_t)len, -1) ||
	    frame.type != FRAME_COMMAND || !proto_control_get_command(&frame.body, arena, &command))
		return 2;
	fake_master_play(fd, script, &command);
	arena_free(&arena);
	close(fd);
	return 0;
}

void
fake_master_start(struct fake_master *master, const struct fake_master_step *script, int deaf)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	/* Longer packets than the system's default buffers take. */
	int room = 4 * WIRE_PACKET_MAX;

	snprintf(master->dir, sizeof(master->dir), "/tmp/postrider-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(master->dir));
	snprintf(master->path, sizeof(master->path), "%s/control.sock", master->dir);
	memcpy(address.sun_path, master->path, strlen(master->path));
	ck_assert_int_ge(listener, 0);
	setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	ck_assert_int_eq(bind(listener, (const void *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	fflush(NULL);
	master->pid = fork();
	ck_assert_int_ge(master->pid, 0);
	if (master->pid == 0)
		_exit(fake_master_serve(listener, script, deaf));
	close(listener);
}

void
fake_master_stop(struct fake_master *master)
{
	int status;

	ck_assert_int_eq(waitpid(master->pid, &status, 0), master->pid);
	ck_assert_int_eq(status, 0);
	unlink(master->path);
	rmdir(master->dir);
}
