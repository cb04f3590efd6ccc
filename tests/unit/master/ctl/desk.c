#include "tests/unit/master/ctl/desk.h"

#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/proto/control.h"
#include "common/settings/settings.h"
#include "common/why.h"
#include "master/ctl/ctl.h"
#include "master/explain.h"
#include "master/generation.h"

static char desk_packet[2 * WIRE_PACKET_MAX];

bool
core_reload(struct core *core, core_reload_fn done, void *arg, struct why *why)
{
	if (core->stopping)
		why_set(why, "it stops");
	else
		done(NULL, arg);
	return !core->stopping;
}

void
core_stop(struct core *core, int status)
{
	core->status = status;
	core->stopping = true;
}

static struct settings *
desk_settings(const struct desk *desk)
{
	struct settings_complaints *complaints = settings_complaint_new("desk.toml");
	struct settings_source source = {.file = "desk.toml"};
	struct settings *settings;
	char text[512];

	snprintf(text, sizeof(text), "[control]\nsocket = \"%s\"\n", desk->path);
	source.text = slice_of(text);
	settings = settings_load(&source, complaints);
	ck_assert_ptr_nonnull(settings);
	settings_complaint_free(&complaints);
	return settings;
}

void
desk_open(struct desk *desk)
{
	struct why why = {0};

	*desk = (struct desk){0};
	door_open(&desk->door, NULL);
	ck_assert_int_eq(chmod(desk->door.field.spool.dir, 0711), 0);
	snprintf(desk->path, sizeof(desk->path), "%s/control.sock", desk->door.field.spool.dir);
	desk->generation = calloc(1, sizeof(*desk->generation));
	desk->generation->number = 3;
	desk->generation->settings = desk_settings(desk);
	desk->core = (struct core){.base = event_base_new(),
				   .generation = desk->generation,
				   .store = desk->door.field.spool.store,
				   .pool = desk->door.field.pool,
				   .sched = desk->door.field.sched,
				   .explain = explain_new(desk->door.field.pool),
				   .lend = desk->door.lend,
				   .intake = desk->door.intake};
	desk->core.ctl = ctl_new(&desk->core, &why);
	ck_assert_msg(desk->core.ctl != NULL, "%s", why.text);
}

void
desk_close(struct desk *desk)
{
	/* In the order of the daemon's end; the store calls back what is left. */
	ctl_free(&desk->core.ctl);
	ck_assert_int_ne(access(desk->path, F_OK), 0);
	explain_free(&desk->core.explain);
	door_close(&desk->door);
	settings_free(&desk->generation->settings);
	free(desk->generation);
	event_base_free(desk->core.base);
}

void
desk_fill(struct desk *desk, int messages)
{
	static const char *const domains[] = {"a.example", "b.example", "c.example"};

	for (int i = 0; i < messages; i++)
		field_arrive(&desk->door.field,
			     &(struct field_message){.domain = domains[i % 3], .due_in = 3600});
	field_turn(&desk->door.field);
}

int
desk_connect(const struct desk *desk)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	memcpy(address.sun_path, desk->path, strlen(desk->path));
	ck_assert_int_eq(connect(fd, (const void *)&address, sizeof(address)), 0);
	return fd;
}

void
desk_say_bytes(int client, const void *data, size_t len)
{
	ck_assert_int_eq(send(client, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

void
desk_say(int client, const char *words)
{
	struct slice list[PROTO_CONTROL_WORDS];
	struct proto_command command = {.words = list};
	struct wire_writer writer;

	for (const char *at = words; at != NULL;) {
		const char *end = strchr(at, ' ');
		size_t len = end != NULL ? (size_t)(end - at) : strlen(at);

		list[command.count++] = (struct slice){at, len};
		at = end != NULL ? end + 1 : NULL;
	}
	frame_begin(&writer, desk_packet, sizeof(desk_packet), FRAME_COMMAND);
	proto_control_put_command(&writer, &command);
	ck_assert(!writer.failed);
	desk_say_bytes(client, writer.data, writer.len);
}

void
desk_run(struct desk *desk)
{
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 100; j++)
			event_base_loop(desk->core.base, EVLOOP_NONBLOCK);
		field_turn(&desk->door.field);
	}
}

static void
desk_value(struct desk_answer *answer, struct slice table, const struct proto_value *value)
{
	size_t len = strlen(answer->all);
	char *at = answer->all + len;
	size_t room = sizeof(answer->all) - len;

	if (slice_is(table, "delivery") && slice_is(value->name, "delivery_id")) {
		ck_assert_int_gt(value->integer, answer->last_id);
		answer->last_id = value->integer;
	}
	if (value->type == PROTO_VALUE_TEXT)
		snprintf(at, room, "%.*s.%.*s=%.*s\n", SLICE_ARG(table), SLICE_ARG(value->name),
			 SLICE_ARG(value->text));
	else if (value->type != PROTO_VALUE_NULL)
		snprintf(at, room, "%.*s.%.*s=%lld\n", SLICE_ARG(table), SLICE_ARG(value->name),
			 (long long)value->integer);
}

static void
desk_row(struct desk_answer *answer, const struct proto_row *row)
{
	size_t len = strlen(answer->tables);

	answer->rows++;
	answer->deliveries += slice_is(row->table, "delivery");
	if (len < row->table.len + 1 ||
	    memcmp(answer->tables + len - row->table.len - 1, row->table.data, row->table.len) != 0)
		snprintf(answer->tables + len, sizeof(answer->tables) - len, "%.*s ",
			 SLICE_ARG(row->table));
	for (size_t i = 0; i < row->count; i++)
		desk_value(answer, row->table, &row->values[i]);
}

static void
desk_frame(struct desk_answer *answer, size_t len)
{
	struct arena *arena = arena_new();
	struct proto_end end;
	struct proto_row row;
	struct frame frame;

	ck_assert(frame_parse(&frame, desk_packet, len, -1));
	ck_assert(!answer->ended);
	if (frame.type == FRAME_ROW) {
		ck_assert(proto_control_get_row(&frame.body, arena, &row));
		desk_row(answer, &row);
	} else {
		ck_assert_int_eq(frame.type, FRAME_END);
		ck_assert(proto_control_get_end(&frame.body, &end));
		answer->ended = true;
		answer->status = end.status;
		snprintf(answer->text, sizeof(answer->text), "%.*s", SLICE_ARG(end.text));
	}
	arena_free(&arena);
}

void
desk_read(int client, struct desk_answer *answer)
{
	ssize_t n;

	while ((n = recv(client, desk_packet, sizeof(desk_packet), MSG_DONTWAIT)) > 0)
		desk_frame(answer, (size_t)n);
	answer->closed = n == 0 || (errno != EAGAIN && errno != EINTR);
}

void
desk_finish(struct desk *desk, int client, struct desk_answer *answer)
{
	for (int i = 0; i < 1000 && !answer->ended && !answer->closed; i++) {
		desk_run(desk);
		desk_read(client, answer);
	}
	ck_assert(answer->ended || answer->closed);
}

struct desk_answer
desk_ask(struct desk *desk, const char *words)
{
	struct desk_answer answer = {0};
	int client = desk_connect(desk);

	desk_say(client, words);
	desk_finish(desk, client, &answer);
	ck_assert_msg(answer.ended, "%s", words);
	close(client);
	desk_run(desk);
	return answer;
}
