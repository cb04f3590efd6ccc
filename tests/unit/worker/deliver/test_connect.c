#include <event2/event.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/unit/unit.h"
#include "worker/deliver/connect.h"

struct world {
	struct event_base *base;
	int listener;
	struct netaddr remote;
	struct deliver_connect *dial;
	unsigned answers;
	bool starting; /* an answer now would be too early */
	int fd;
	struct netaddr source;
	enum outcome_step step;
	bool local;
	char text[256];
};

static void
on_answer(const struct deliver_connect_result *result, void *arg)
{
	struct world *world = arg;

	ck_assert(!world->starting);
	world->answers++;
	world->fd = result->fd;
	world->source = result->source;
	world->step = result->step;
	world->local = result->local;
	snprintf(world->text, sizeof(world->text), "%s", result->text);
	event_base_loopbreak(world->base);
}

static struct world *
world_new(int backlog)
{
	struct world *world = calloc(1, sizeof(*world));
	socklen_t len = sizeof(world->remote.sa.v4);

	world->base = event_base_new();
	world->fd = -1;
	ck_assert(netaddr_parse(slice_of("127.0.0.9"), 0, &world->remote));
	world->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(world->listener, &world->remote.sa.any, len), 0);
	ck_assert_int_eq(getsockname(world->listener, &world->remote.sa.any, &len), 0);
	if (backlog >= 0)
		ck_assert_int_eq(listen(world->listener, backlog), 0);
	return world;
}

static void
world_free(struct world *world)
{
	deliver_connect_cancel(&world->dial);
	if (world->fd >= 0)
		close(world->fd);
	close(world->listener);
	event_base_free(world->base);
	free(world);
}

static uint32_t
draw(uint32_t limit, void *arg)
{
	uint64_t *seed = arg;

	*seed = *seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)((*seed >> 33) % limit);
}

static void
dial(struct world *world, struct deliver_connect_request *request)
{
	static uint64_t seed = 17;

	request->random = draw;
	request->random_arg = &seed;
	if (request->path == NULL)
		request->remote = world->remote;
	if (request->timeout_ms == 0)
		request->timeout_ms = 10000;
	world->starting = true;
	world->dial = deliver_connect_start(world->base, request, on_answer, world);
	world->starting = false;
}

static void
wait_for_it(struct world *world)
{
	event_base_dispatch(world->base);
	world->dial = NULL;
	ck_assert_uint_eq(world->answers, 1);
}

START_TEST(test_kernel_chooses)
{
	struct world *world = world_new(5);
	struct deliver_connect_request request = {0};
	struct netaddr local;

	dial(world, &request);
	wait_for_it(world);
	ck_assert_int_ge(world->fd, 0);
	local = deliver_connect_local(world->fd);
	ck_assert(netaddr_equal(&local, &world->source));
	ck_assert_uint_ne(netaddr_port(&local), 0);
	world_free(world);
}
END_TEST

/* Uniformly from those that can be bound; never from anywhere else. */
START_TEST(test_sources)
{
	struct netaddr sources[4];
	unsigned counts[4] = {0};

	ck_assert(netaddr_parse(slice_of("127.0.0.2"), 0, &sources[0]));
	ck_assert(netaddr_parse(slice_of("127.0.0.3"), 99, &sources[1]));
	ck_assert(netaddr_parse(slice_of("192.0.2.77"), 0, &sources[2]));
	ck_assert(netaddr_parse(slice_of("127.0.0.4"), 0, &sources[3]));
	for (int i = 0; i < 600; i++) {
		struct world *world = world_new(5);
		struct deliver_connect_request request = {.sources = sources, .source_count = 4};
		int which = -1;

		dial(world, &request);
		wait_for_it(world);
		ck_assert_int_ge(world->fd, 0);
		for (int j = 0; j < 4; j++)
			if (netaddr_equal(&world->source, &sources[j]))
				which = j;
		ck_assert(which >= 0 && which != 2);
		counts[which]++;
		world_free(world);
	}
	for (int j = 0; j < 4; j++)
		if (j != 2)
			ck_assert(counts[j] > 130 && counts[j] < 270);
}
END_TEST

static const char *const unusable[] = {"192.0.2.77", "2001:db8::77", "::1"};

START_TEST(test_bind_fails)
{
	struct world *world = world_new(5);
	struct netaddr source;
	struct deliver_connect_request request = {.sources = &source, .source_count = 1};
	struct pollfd poller = {.fd = world->listener, .events = POLLIN};

	ck_assert(netaddr_parse(slice_of(unusable[_i]), 0, &source));
	dial(world, &request);
	wait_for_it(world);
	ck_assert_int_eq(world->fd, -1);
	ck_assert_int_eq(world->step, OUTCOME_STEP_BIND);
	ck_assert(world->local);
	ck_assert_ptr_nonnull(strstr(world->text, unusable[_i]));
	ck_assert_ptr_null(strstr(world->text, "Success"));
	/* Nobody has called. */
	ck_assert_int_eq(poll(&poller, 1, 0), 0);
	world_free(world);
}
END_TEST

START_TEST(test_refused)
{
	struct world *world = world_new(-1);
	struct deliver_connect_request request = {0};

	dial(world, &request);
	wait_for_it(world);
	ck_assert_int_eq(world->fd, -1);
	ck_assert_int_eq(world->step, OUTCOME_STEP_CONNECT);
	ck_assert(!world->local);
	ck_assert_ptr_nonnull(strstr(world->text, "127.0.0.9:"));
	ck_assert_ptr_nonnull(strstr(world->text, "refused"));
	world_free(world);
}
END_TEST

START_TEST(test_timeout)
{
	struct world *world = world_new(0);
	struct deliver_connect_request request = {.timeout_ms = 50};
	int64_t began = clock_mono_ms();
	int fillers[4];

	for (int i = 0; i < 4; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		connect(fillers[i], &world->remote.sa.any, sizeof(world->remote.sa.v4));
	}
	dial(world, &request);
	wait_for_it(world);
	ck_assert_int_eq(world->fd, -1);
	ck_assert_int_eq(world->step, OUTCOME_STEP_CONNECT);
	ck_assert(!world->local);
	ck_assert_ptr_nonnull(strstr(world->text, "timed out"));
	ck_assert_int_ge(clock_mono_ms() - began, 45);
	ck_assert_int_lt(clock_mono_ms() - began, 3000);
	for (int i = 0; i < 4; i++)
		close(fillers[i]);
	world_free(world);
}
END_TEST

START_TEST(test_cancel)
{
	struct world *world = world_new(_i ? 5 : -1);
	struct deliver_connect_request request = {0};

	dial(world, &request);
	deliver_connect_cancel(&world->dial);
	ck_assert_ptr_null(world->dial);
	deliver_connect_cancel(&world->dial);
	event_base_dispatch(world->base);
	ck_assert_uint_eq(world->answers, 0);
	world_free(world);
}
END_TEST

/* A server, none, a path that is too long, a server whose backlog is full: a fault of ours. */
START_TEST(test_unix)
{
	struct world *world = world_new(5);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char dir[] = "/tmp/connectXXXXXX";
	char path[200];
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct deliver_connect_request request = {.path = path};
	int other = -1;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path);
	if (_i == 0) {
		ck_assert_int_eq(bind(listener, (void *)&address, sizeof(address)), 0);
		ck_assert_int_eq(listen(listener, 5), 0);
	} else if (_i == 3) {
		ck_assert_int_eq(bind(listener, (void *)&address, sizeof(address)), 0);
		ck_assert_int_eq(listen(listener, 0), 0);
		other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq(connect(other, (void *)&address, sizeof(address)), 0);
	} else if (_i == 2) {
		memset(path, 'x', sizeof(path) - 1);
		path[0] = '/';
		path[sizeof(path) - 1] = '\0';
	}
	dial(world, &request);
	wait_for_it(world);
	ck_assert_int_eq(world->fd >= 0, _i == 0);
	ck_assert_int_eq(netaddr_family(&world->source), AF_UNSPEC);
	if (_i == 2)
		ck_assert_ptr_nonnull(strstr(world->text, "too long"));
	if (_i == 3) {
		ck_assert(world->local);
		close(other);
	}
	unlink(address.sun_path);
	rmdir(dir);
	close(listener);
	world_free(world);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("connect");
	TCase *tcase = tcase_create("connect");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_kernel_chooses);
	tcase_add_test(tcase, test_sources);
	tcase_add_loop_test(tcase, test_bind_fails, 0, 3);
	tcase_add_test(tcase, test_refused);
	tcase_add_test(tcase, test_timeout);
	tcase_add_loop_test(tcase, test_cancel, 0, 2);
	tcase_add_loop_test(tcase, test_unix, 0, 4);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite)
