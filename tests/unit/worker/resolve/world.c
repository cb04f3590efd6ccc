#include "tests/unit/worker/resolve/world.h"

#include <arpa/inet.h>
#include <check.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/why.h"
#include "tests/unit/worker/resolve/packet.h"

enum { WORLD_PATIENCE_MS = 10000, WORLD_BIG = 200 };

static void
world_write_good(const struct server_question *q, struct packet *reply, unsigned flags)
{
	packet_begin(reply, q->id, flags, q->name, q->type);
	packet_a(reply, q->name, 60, "192.0.2.1");
}

static enum server_act
world_write_negative(const struct server_question *q, struct packet *reply, unsigned rcode)
{
	packet_begin(reply, q->id, rcode, q->name, q->type);
	packet_soa(reply, 40, 20);
	return SERVER_REPLY;
}

static enum server_act
world_write_big(const struct server_question *q, struct packet *reply)
{
	if (!q->tcp) {
		packet_begin(reply, q->id, PACKET_TC, q->name, q->type);
		return SERVER_REPLY;
	}
	packet_begin(reply, q->id, PACKET_AD, q->name, q->type);
	for (int i = 0; i < WORLD_BIG; i++)
		packet_a(reply, q->name, 60, "192.0.2.200");
	if (strncmp(q->name, "half", 4) == 0)
		return SERVER_CUT;
	if (strncmp(q->name, "close", 5) == 0)
		return SERVER_CLOSE;
	if (strncmp(q->name, "mute", 4) == 0)
		return SERVER_SILENCE;
	return strncmp(q->name, "last", 4) == 0 ? SERVER_AND_CLOSE : SERVER_REPLY;
}

/* The question's name is only a pointer, to a place behind it. */
static enum server_act
world_write_pointer(const struct server_question *q, struct packet *reply)
{
	size_t place;

	packet_begin(reply, q->id, 0, ".", q->type);
	reply->len = 12;
	packet_put16(reply, 0xc000 | 30);
	packet_put16(reply, q->type);
	packet_put16(reply, 1);
	place = packet_record(reply, PACKET_ANSWER, ".", q->type, 60);
	packet_bytes(reply, "\0", 1);
	while (reply->len < 30)
		packet_bytes(reply, "\0", 1);
	packet_name(reply, q->name);
	packet_end(reply, place);
	return SERVER_REPLY;
}

/* Answers of the first server only, to be ignored or refused by the resolver. */
static enum server_act
world_misbehave(const struct server_question *q, struct packet *reply, const char *word)
{
	world_write_good(q, reply, 0);
	if (strcmp(word, "servfail") == 0)
		return world_write_negative(q, reply, 2);
	if (strcmp(word, "refused") == 0)
		return world_write_negative(q, reply, 5);
	if (strcmp(word, "silent") == 0)
		return SERVER_SILENCE;
	if (strcmp(word, "damaged") == 0)
		reply->data[7] = 3;
	if (strcmp(word, "pointer") == 0)
		return world_write_pointer(q, reply);
	if (strcmp(word, "wrongid") == 0 && q->count == 0)
		reply->data[1] ^= 1;
	if (strcmp(word, "otherquestion") == 0 && q->count == 0)
		reply->data[13] ^= 1;
	if (strcmp(word, "othertype") == 0 && q->count == 0)
		reply->data[12 + strlen(q->name) + 3] ^= 3;
	if (strcmp(word, "oversized") == 0) {
		while (reply->len < 5000)
			packet_a(reply, q->name, 60, "192.0.2.1");
	}
	return SERVER_REPLY;
}

static enum server_act
world_script(const struct server_question *q, struct packet *reply, void *arg)
{
	const struct world_server *role = arg;
	char word[64];

	ck_assert(q->wants_dnssec);
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(q->name, ".-"), q->name);
	if (strcmp(word, "nx") == 0)
		return world_write_negative(q, reply, 3);
	if (strcmp(word, "nodata") == 0)
		return world_write_negative(q, reply, 0);
	if (strcmp(word, "bare") == 0) {
		packet_begin(reply, q->id, 0, q->name, q->type);
		return SERVER_REPLY;
	}
	if (strcmp(word, "alias") == 0) {
		packet_begin(reply, q->id, 0, q->name, q->type);
		packet_a(reply, "end.test", 50, "192.0.2.7");
		packet_cname(reply, q->name, 30, "end.test");
		return SERVER_REPLY;
	}
	if (strcmp(word, "signed") == 0) {
		world_write_good(q, reply, PACKET_AD);
		return SERVER_REPLY;
	}
	if (strcmp(word, "held") == 0) {
		world_write_good(q, reply, 0);
		return SERVER_HOLD;
	}
	if (role->number == 0 && strstr("big half close mute last", word))
		return world_write_big(q, reply);
	if (role->number == 0)
		return world_misbehave(q, reply, word);
	world_write_good(q, reply, 0);
	return SERVER_REPLY;
}

static void
world_on_tick(evutil_socket_t fd, short what, void *arg)
{
}

struct world *
world_new(size_t servers)
{
	struct world *world = alloc_new(struct world);

	struct timeval often = {.tv_usec = 20000};

	world->base = event_base_new();
	/* So that no turn of the loop takes for ever. */
	world->tick = event_new(world->base, -1, EV_PERSIST, world_on_tick, NULL);
	event_add(world->tick, &often);
	for (size_t i = 0; i < servers; i++) {
		world->roles[i] = (struct world_server){world, i};
		world->servers[i] = server_new(world->base, world_script, &world->roles[i]);
		world->config.servers[i] = *server_address(world->servers[i]);
	}
	world->config.count = servers;
	return world;
}

void
world_open(struct world *world)
{
	struct why why = {0};

	world->resolve = resolve_new(world->base, &world->config, &why);
	ck_assert_msg(world->resolve != NULL, "%s", why.text);
}

void
world_free(struct world **world)
{
	resolve_free(&(*world)->resolve);
	server_free(&(*world)->servers[0]);
	server_free(&(*world)->servers[1]);
	event_free((*world)->tick);
	event_base_free((*world)->base);
	free(*world);
	*world = NULL;
}

struct world_question {
	struct world *world;
	size_t tag;
};

static void
world_on_answer(const struct resolve_answer *answer, void *arg)
{
	struct world_question *question = arg;
	struct world *world = question->world;
	struct world_answer *copy = &world->answers[world->answered];

	ck_assert(!world->asking);
	ck_assert_uint_lt(world->answered, WORLD_ANSWERS);
	world->answered++;
	copy->status = answer->status;
	copy->secure = answer->secure;
	copy->from_cache = answer->from_cache;
	copy->ttl = answer->ttl;
	copy->count = answer->count;
	copy->tag = question->tag;
	snprintf(copy->canonical, sizeof(copy->canonical), "%s",
		 answer->canonical ? answer->canonical : "");
	snprintf(copy->detail, sizeof(copy->detail), "%s", answer->detail);
	if (answer->count > 0)
		copy->first = ntohl(answer->records[0].a.s_addr);
}

struct resolve_query *
world_ask(struct world *world, const char *name, enum resolve_type type, size_t tag)
{
	static struct world_question questions[WORLD_ANSWERS];
	struct resolve_query *query;

	ck_assert_uint_lt(tag, WORLD_ANSWERS);
	questions[tag] = (struct world_question){world, tag};
	world->asking = true;
	query = resolve_start(world->resolve, name, type, world_on_answer, &questions[tag]);
	world->asking = false;
	return query;
}

static void
world_turn(struct world *world, int64_t since)
{
	ck_assert_msg(clock_mono_ms() - since < WORLD_PATIENCE_MS, "nothing happens");
	event_base_loop(world->base, EVLOOP_ONCE);
}

void
world_wait(struct world *world, size_t answers)
{
	int64_t since = clock_mono_ms();

	while (world->answered < answers)
		world_turn(world, since);
	ck_assert_uint_eq(world->answered, answers);
}

static size_t
world_sum(const struct world *world, size_t (*count)(const struct server *))
{
	return count(world->servers[0]) + (world->servers[1] ? count(world->servers[1]) : 0);
}

void
world_wait_udp(struct world *world, size_t count)
{
	int64_t since = clock_mono_ms();

	while (world_sum(world, server_udp_count) < count)
		world_turn(world, since);
}

void
world_wait_tcp(struct world *world, size_t count)
{
	int64_t since = clock_mono_ms();

	while (world_sum(world, server_tcp_count) < count)
		world_turn(world, since);
}

void
world_idle(struct world *world, unsigned ms)
{
	int64_t since = clock_mono_ms();

	while (clock_mono_ms() - since < ms)
		world_turn(world, since);
}

const struct world_answer *
world_resolve(struct world *world, const char *name, enum resolve_type type)
{
	world_ask(world, name, type, 0);
	world_wait(world, world->answered + 1);
	return &world->answers[world->answered - 1];
}
