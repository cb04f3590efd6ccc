#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/launch.h"
#include "common/privilege.h"
#include "common/proto/hello.h"
#include "common/str.h"
#include "common/why.h"

/*
 * A worker that only keeps company: HELLO, STAT every 50 ms, RETIRE. The bundle's first word says
 * how it misbehaves; see fake_behaviour.
 */
enum fake_behaviour {
	FAKE_GOOD,
	FAKE_MUTE,    /* never says HELLO */
	FAKE_LIAR,    /* HELLO of another generation */
	FAKE_GARBAGE, /* HELLO, then a packet that is no frame */
	FAKE_HUNG,    /* HELLO and nothing more */
	FAKE_DYING,   /* ends at once */
	FAKE_STAYING, /* does not retire */
	FAKE_TALKING, /* HELLO, then a DONE frame */
	FAKE_COUNT
};

static const char *const fake_words[FAKE_COUNT] = {"good", "mute",  "liar",    "garbage",
						   "hung", "dying", "staying", "talking"};

static unsigned char fake_packet[WIRE_PACKET_MAX];

static void
fake_send(const struct wire_writer *writer)
{
	if (send(LAUNCH_CHANNEL, writer->data, writer->len, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		_exit(0);
}

static void
fake_hello(const struct launch *launch, uint64_t generation, const char *protection)
{
	struct proto_hello hello = {.role = launch->rules.role,
				    .generation = generation,
				    .protection = slice_of(protection)};
	struct wire_writer writer;

	frame_begin(&writer, fake_packet, sizeof(fake_packet), FRAME_HELLO);
	proto_hello_put(&writer, &hello);
	fake_send(&writer);
}

static void
fake_stat(void)
{
	struct proto_stat stat = {.sessions = 3, .idle = 1, .memory = 4096};
	struct wire_writer writer;

	frame_begin(&writer, fake_packet, sizeof(fake_packet), FRAME_STAT);
	proto_hello_put_stat(&writer, &stat);
	fake_send(&writer);
}

static void
fake_log(const char *text)
{
	struct proto_log log = {.level = 2, .text = slice_of(text)};
	struct wire_writer writer;

	frame_begin(&writer, fake_packet, sizeof(fake_packet), FRAME_LOG);
	proto_hello_put_log(&writer, &log);
	fake_send(&writer);
}

static void
fake_done(void)
{
	struct wire_writer writer;

	frame_begin(&writer, fake_packet, sizeof(fake_packet), FRAME_DONE);
	wire_put_u64(&writer, 17);
	fake_send(&writer);
}

static void
fake_live(enum fake_behaviour behaviour)
{
	struct pollfd ready = {.fd = LAUNCH_CHANNEL, .events = POLLIN};
	struct frame frame;
	ssize_t got;

	for (;;) {
		if (behaviour != FAKE_MUTE && behaviour != FAKE_HUNG)
			fake_stat();
		if (poll(&ready, 1, 50) <= 0)
			continue;
		got = recv(LAUNCH_CHANNEL, fake_packet, sizeof(fake_packet), 0);
		if (got <= 0)
			_exit(0);
		if (frame_parse(&frame, fake_packet, (size_t)got, -1) &&
		    frame.type == FRAME_RETIRE && behaviour != FAKE_STAYING)
			_exit(0);
	}
}

int
main(int argc, char *argv[])
{
	struct launch launch;
	struct why why;
	char bundle[64] = "";
	char word[32] = "";
	unsigned generation = 0;
	enum fake_behaviour behaviour = FAKE_GOOD;
	struct str protection = {0};
	unsigned on = 0;

	if (!launch_read(argc, argv, &launch, &why) || !launch_drop(&launch, &on, &why)) {
		dprintf(STDERR_FILENO, "fake worker: %s\n", why.text);
		return 71;
	}
	privilege_describe(on, &protection);
	if (pread(LAUNCH_BUNDLE, bundle, sizeof(bundle) - 1, 0) < 0)
		return 71;
	sscanf(bundle, "%31s %u", word, &generation);
	for (int i = 0; i < FAKE_COUNT; i++)
		if (strcmp(word, fake_words[i]) == 0)
			behaviour = (enum fake_behaviour)i;
	if (behaviour == FAKE_DYING)
		_exit(3);
	if (behaviour == FAKE_LIAR)
		generation++;
	if (behaviour != FAKE_MUTE)
		fake_hello(&launch, generation, str_c(&protection));
	if (behaviour == FAKE_GARBAGE)
		send(LAUNCH_CHANNEL, "rubbish", 7, MSG_NOSIGNAL);
	if (behaviour == FAKE_TALKING) {
		fake_log("a line");
		fake_done();
	}
	fake_live(behaviour);
}
