#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/outcome.h"
#include "common/str.h"
#include "tests/unit/unit.h"
#include "worker/smtp/session.h"
#include "worker/smtp/verdict.h"

/*
 * Random peers: whatever they do, the contract of session.h holds. What single misbehaviours mean
 * is in tests/dialog/.
 */
enum { RECIPIENTS = 4, TRANSACTIONS = 3, SEEDS = 1500 };

struct world {
	unsigned seed;
	struct event_base *base;
	struct event *readable;
	struct event *limit;
	int fd;       /* the peer's */
	bool content; /* the peer reads a message */
	struct str in;
	struct smtp_session *session;
	struct smtp_message message;
	struct smtp_recipient recipients[RECIPIENTS];
	struct smtp_transaction transaction;
	struct str body;
	unsigned begun; /* 0: opened() or failed() has not come */
	unsigned done;
	unsigned results[RECIPIENTS];
	bool dot;
	bool inside; /* a call into the session is on the stack: no event may come */
	bool over;
};

static unsigned
draw(struct world *world, unsigned below)
{
	world->seed = world->seed * 1103515245 + 12345;
	return (world->seed >> 16) % below;
}

static void
let_go(struct world *world)
{
	if (draw(world, 2))
		smtp_session_quit(&world->session);
	else
		smtp_session_free(&world->session);
	world->over = true;
	event_base_loopbreak(world->base);
}

/* Now and then the owner frees the session in the middle of an event. */
static bool
strikes(struct world *world)
{
	ck_assert(!world->over && !world->inside);
	if (draw(world, 40) != 0)
		return false;
	let_go(world);
	return true;
}

static void
transact(struct world *world)
{
	memset(world->results, 0, sizeof(world->results));
	world->dot = false;
	world->begun++;
	world->transaction.rcpt_max = draw(world, 4) == 0 ? 1 + draw(world, 3) : 0;
	world->transaction.avoid_chunking = draw(world, 2);
	world->message.needs_stuffing = draw(world, 2);
	world->inside = true;
	smtp_session_transact(world->session, &world->transaction);
	world->inside = false;
}

static void
on_result(unsigned recipient, const struct outcome *outcome, void *arg)
{
	struct world *world = arg;

	ck_assert_uint_lt(recipient, RECIPIENTS);
	ck_assert_uint_eq(world->results[recipient]++, 0);
	ck_assert(outcome->class == OUTCOME_DELIVERED || outcome->error != OUTCOME_ERROR_NONE);
	ck_assert(outcome->class != OUTCOME_DELIVERED || world->dot);
	ck_assert(!outcome->unknown || (world->dot && outcome->class == OUTCOME_TEMPORARY));
	strikes(world);
}

static void
on_dot(void *arg)
{
	struct world *world = arg;

	ck_assert(!world->dot);
	world->dot = true;
	strikes(world);
}

static void
on_done(struct smtp_session *session, const struct smtp_end *end, void *arg)
{
	struct world *world = arg;
	unsigned undecided = 0;
	unsigned left = 0;

	ck_assert_uint_eq(++world->done, world->begun);
	for (unsigned i = 0; i < RECIPIENTS; i++) {
		ck_assert_uint_eq(world->results[i], end->standing[i] == SMTP_STANDING_DECIDED);
		left += end->standing[i] == SMTP_STANDING_LEFT;
		undecided += end->standing[i] == SMTP_STANDING_OPEN ||
			     end->standing[i] == SMTP_STANDING_ACCEPTED;
	}
	ck_assert_uint_eq(end->left, left);
	ck_assert_uint_eq(end->undecided, undecided);
	ck_assert_int_eq(end->next == SMTP_NEXT_NONE, undecided == 0);
	ck_assert(end->next != SMTP_NEXT_STOP);
	ck_assert_int_eq(end->outcome != NULL, undecided > 0);
	ck_assert_int_eq(end->reusable, smtp_session_facts(session)->reusable);
	if (strikes(world))
		return;
	if (!end->reusable || world->begun == TRANSACTIONS)
		let_go(world);
	else
		transact(world);
}

static const struct smtp_transaction_events transaction_events = {
    .result = on_result, .dot = on_dot, .done = on_done};

static void
on_opened(struct smtp_session *session, void *arg)
{
	struct world *world = arg;

	ck_assert_uint_eq(world->begun, 0);
	if (!strikes(world))
		transact(world);
}

static void
on_failed(struct smtp_session *session, const struct smtp_verdict *verdict, void *arg)
{
	struct world *world = arg;

	ck_assert_uint_eq(world->begun, 0);
	ck_assert(verdict->next == SMTP_NEXT_ADDRESS || verdict->next == SMTP_NEXT_HOST);
	ck_assert_int_ne(verdict->outcome.class, OUTCOME_DELIVERED);
	if (!strikes(world))
		let_go(world);
}

static void
on_closed(struct smtp_session *session, void *arg)
{
	ck_abort_msg("never idle for longer than a turn of the loop");
}

static const struct smtp_session_events session_events = {
    .opened = on_opened, .failed = on_failed, .closed = on_closed};

static void
say(struct world *world, const char *text)
{
	(void)send(world->fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Mostly what is due, sometimes anything. */
static void
answer(struct world *world, const char *due)
{
	static const char *const others[] = {"450 4.2.0 later\r\n",
					     "550 5.1.1 no\r\n",
					     "452 4.5.3 too many\r\n",
					     "421 4.3.2 bye\r\n",
					     "354 go\r\n",
					     "250 ok\r\n",
					     "nonsense\r\n",
					     "250-half\r\n",
					     "250 a\r\n250 b\r\n",
					     "502 5.5.1 what\r\n",
					     "999 hm\r\n",
					     "",
					     "25"};

	if (draw(world, 6) != 0)
		say(world, due);
	else
		say(world, others[draw(world, sizeof(others) / sizeof(others[0]))]);
	if (draw(world, 60) == 0)
		shutdown(world->fd, SHUT_WR);
	if (draw(world, 60) == 0)
		shutdown(world->fd, SHUT_RDWR);
}

static void
hear(struct world *world, const char *line)
{
	static const char *const hellos[] = {"250 mx\r\n", "250-mx\r\n250 PIPELINING\r\n",
					     "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
					     "250-mx\r\n250 CHUNKING\r\n"};

	if (world->content) {
		if (strcmp(line, ".") != 0)
			return;
		world->content = false;
		answer(world, "250 2.0.0 queued\r\n");
	} else if (strncmp(line, "EHLO", 4) == 0) {
		answer(world, hellos[draw(world, 4)]);
	} else if (strcmp(line, "DATA") == 0) {
		world->content = true;
		answer(world, "354 go\r\n");
	} else if (strncmp(line, "BDAT", 4) == 0) {
		answer(world, "250 ok\r\n");
	} else if (strncmp(line, "line", 4) != 0 && strncmp(line, ".line", 5) != 0) {
		answer(world, "250 ok\r\n");
	}
}

static void
on_peer_readable(evutil_socket_t fd, short what, void *arg)
{
	struct world *world = arg;
	ssize_t n = read(fd, str_reserve(&world->in, 4096), 4095);
	char *at;
	char *end;

	if (n <= 0) {
		event_del(world->readable);
		return;
	}
	world->in.len += (size_t)n;
	world->in.data[world->in.len] = '\0';
	at = world->in.data;
	while ((end = strstr(at, "\r\n")) != NULL) {
		*end = '\0';
		hear(world, at);
		at = end + 2;
	}
	world->in.len = (size_t)(world->in.data + world->in.len - at);
	memmove(world->in.data, at, world->in.len + 1);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct world *world = arg;

	ck_abort_msg("stuck after %u of %u", world->done, world->begun);
}

static void
prepare(struct world *world)
{
	static const char *const addresses[RECIPIENTS] = {"a@d", "b@d", "c d@d", "d@d"};

	for (unsigned i = 0; i < 400; i++)
		str_text(&world->body, i % 7 ? "line of the message\r\n" : ".line with a dot\r\n");
	for (unsigned i = 0; i < RECIPIENTS; i++)
		world->recipients[i].address = slice_of(addresses[i]);
	world->message = (struct smtp_message){.sender = slice_of("s@d"),
					       .memory = {world->body.data, world->body.len},
					       .fd = -1,
					       .size = world->body.len};
	world->transaction = (struct smtp_transaction){.message = &world->message,
						       .recipients = world->recipients,
						       .count = RECIPIENTS,
						       .timeouts = {30, 30, 30, 30, 30, 30},
						       .events = &transaction_events,
						       .arg = world};
}

static void
run(unsigned seed)
{
	struct world world = {.seed = seed};
	struct smtp_session_config config = {.ehlo_name = "client.example",
					     .timeouts = {30, 30, 30, 30, 30, 30}};
	struct timeval limit = {.tv_sec = 5};
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	prepare(&world);
	world.base = event_base_new();
	world.fd = fds[1];
	world.readable =
	    event_new(world.base, fds[1], EV_READ | EV_PERSIST, on_peer_readable, &world);
	world.limit = event_new(world.base, -1, 0, on_limit, &world);
	event_add(world.readable, NULL);
	event_add(world.limit, &limit);
	world.inside = true;
	world.session = smtp_session_new(world.base, fds[0], &config, &session_events, &world);
	world.inside = false;
	answer(&world, "220 hi\r\n");
	event_base_dispatch(world.base);
	ck_assert(world.over);
	event_free(world.readable);
	event_free(world.limit);
	event_base_free(world.base);
	close(fds[1]);
	str_free(&world.in);
	str_free(&world.body);
}

START_TEST(test_session_random_peers)
{
	for (unsigned seed = (unsigned)_i; seed < SEEDS; seed += 10)
		run(seed * 7919 + 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *it = suite_create("smtp/session");
	TCase *tc = tcase_create("session");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, test_session_random_peers, 0, 10);
	suite_add_tcase(it, tc);
	return it;
}

UNIT_MAIN(suite)
