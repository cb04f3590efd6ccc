#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/privilege.h"
#include "common/why.h"
#include "master/pool/pool.h"
#include "master/pool/spawn.h"
#include "master/pool/spawner.h"
#include "tests/unit/unit.h"

static struct {
	struct event_base *base;
	struct pool *pool;
	pid_t spawner;
	unsigned ready;
	unsigned gone;
	unsigned retiring;
	unsigned frames;
	unsigned stops;
	unsigned spawner_gone;
	bool patient;
	char reason[256];
	struct pool_times times;
} test;

static bool
on_frame(struct pool_worker *worker, struct frame *frame, void *arg)
{
	test.frames++;
	return frame->type == FRAME_DONE && wire_get_u64(&frame->body) == 17 &&
	       wire_get_end(&frame->body);
}

static void
on_ready(struct pool_worker *worker, void *arg)
{
	ck_assert_int_eq(worker->state, POOL_WORKER_READY);
	worker->user = &test;
	test.ready++;
}

static void
on_retiring(struct pool_worker *worker, void *arg)
{
	test.retiring++;
}

static void
on_gone(struct pool_worker *worker, const char *reason, void *arg)
{
	ck_assert_ptr_eq(worker->user, &test);
	ck_assert_int_eq(worker->state, POOL_WORKER_GONE);
	/* Reaped: the pid is nobody's, or at least nobody's child of the spawner. */
	ck_assert(worker->dead);
	snprintf(test.reason, sizeof(test.reason), "%s", reason);
	test.gone++;
}

static bool
on_may_stay(struct pool_worker *worker, void *arg)
{
	return test.patient;
}

static void
on_stopped(void *arg)
{
	test.stops++;
}

static void
on_spawner_gone(void *arg)
{
	test.spawner_gone++;
}

static int
test_open_worker(void)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	ck_assert_int_gt(len, 0);
	path[len] = '\0';
	*strrchr(path, '/') = '\0';
	strncat(path, "/fake_worker", sizeof(path) - strlen(path) - 1);
	return open(path, O_PATH | O_CLOEXEC);
}

static void
test_setup(void)
{
	struct pool_spawner_options spawner = {.worker = test_open_worker()};
	struct pool_handlers handlers = {.frame = on_frame,
					 .ready = on_ready,
					 .retiring = on_retiring,
					 .gone = on_gone,
					 .may_stay = on_may_stay};
	struct pool_options options = {.uid = 34567,
				       .gid = 34568,
				       .times = &test.times,
				       .handlers = {handlers, handlers},
				       .spawner_gone = on_spawner_gone};

	memset(&test, 0, sizeof(test));
	test.times = *pool_default_times();
	/* Before the event base, which must not be forked along. */
	options.spawner = pool_spawner_fork(&spawner, &test.spawner, NULL);
	ck_assert_int_ge(options.spawner, 0);
	close(spawner.worker);
	test.base = event_base_new();
	options.base = test.base;
	test.pool = pool_new(&options);
}

static void
test_teardown(void)
{
	pool_free(&test.pool);
	ck_assert_ptr_null(test.pool);
	waitpid(test.spawner, NULL, 0);
	event_base_free(test.base);
}

static void
test_generation(uint64_t generation, const char *word)
{
	struct pool_birth births[PROTO_ROLES] = {{.files = 256}, {.files = 256}};
	int fd = memfd_create("bundle", MFD_CLOEXEC);

	ck_assert_int_gt(dprintf(fd, "%s %u", word, (unsigned)generation), 0);
	births[PROTO_ROLE_DELIVER].bundle = fd;
	births[PROTO_ROLE_SUBMIT].bundle = fd;
	pool_set_generation(test.pool, generation, births);
	close(fd);
}

/* Turns the loop until the condition holds; libcheck's time-out is the limit. */
#define TEST_UNTIL(condition) \
	while (!(condition))  \
	event_base_loop(test.base, EVLOOP_ONCE)

START_TEST(test_births_and_counts)
{
	struct pool_worker *worker = NULL;
	unsigned last = 0;

	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 3);
	pool_set_count(test.pool, PROTO_ROLE_SUBMIT, 1);
	ck_assert_uint_eq(pool_get_count(test.pool, PROTO_ROLE_DELIVER), 3);
	test_generation(1, "good");
	ck_assert_ptr_null(pool_next(test.pool, NULL));
	TEST_UNTIL(test.ready == 4);
	ck_assert_uint_eq(pool_count_ready(test.pool, PROTO_ROLE_DELIVER), 3);
	ck_assert_uint_eq(pool_count_ready(test.pool, PROTO_ROLE_SUBMIT), 1);
	while ((worker = pool_next(test.pool, worker)) != NULL) {
		ck_assert_uint_gt(worker->number, last);
		ck_assert_int_gt(worker->pid, 1);
		ck_assert_uint_eq(worker->generation, 1);
		ck_assert(strstr(worker->protection, "no new privileges") != NULL);
		last = worker->number;
	}
	ck_assert_uint_eq(last, 4);
	worker = pool_next(test.pool, NULL);
	TEST_UNTIL(worker->stat.sessions == 3);
	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 1);
	TEST_UNTIL(test.gone == 2);
	ck_assert_uint_eq(test.retiring, 2);
	ck_assert_str_eq(test.reason, "fewer workers are wanted");
	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 2);
	TEST_UNTIL(test.ready == 5);
}
END_TEST

/* Many at once, and gone while some of them are still being born. */
START_TEST(test_many)
{
	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 40);
	pool_set_count(test.pool, PROTO_ROLE_SUBMIT, 20);
	test_generation(1, "good");
	TEST_UNTIL(test.ready >= 10);
	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 0);
	pool_set_count(test.pool, PROTO_ROLE_SUBMIT, 0);
	TEST_UNTIL(pool_next(test.pool, NULL) == NULL);
	ck_assert_uint_eq(test.ready, test.gone);
	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 40);
	TEST_UNTIL(pool_count_ready(test.pool, PROTO_ROLE_DELIVER) == 40);
}
END_TEST

START_TEST(test_generations)
{
	struct pool_worker *worker;

	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 2);
	test_generation(1, "good");
	TEST_UNTIL(test.ready == 2);
	test_generation(2, "good");
	TEST_UNTIL(test.ready == 4 && test.gone == 2);
	ck_assert_str_eq(test.reason, "a newer configuration");
	for (worker = pool_next(test.pool, NULL); worker != NULL;
	     worker = pool_next(test.pool, worker))
		ck_assert_uint_eq(worker->generation, 2);
	/* A reload before the last one's workers have said anything. */
	test_generation(3, "mute");
	test_generation(4, "good");
	TEST_UNTIL(test.ready == 6 && test.gone == 4);
	ck_assert_uint_eq(pool_count_ready(test.pool, PROTO_ROLE_DELIVER), 2);
}
END_TEST

START_TEST(test_killed_is_replaced)
{
	struct pool_worker *worker;

	test.times.young = 0;
	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 1);
	test_generation(1, "good");
	TEST_UNTIL(test.ready == 1);
	kill(pool_next(test.pool, NULL)->pid, SIGKILL);
	TEST_UNTIL(test.gone == 1 && test.ready == 2);
	worker = pool_next(test.pool, NULL);
	ck_assert_uint_eq(worker->number, 2);
	ck_assert_ptr_null(pool_next(test.pool, worker));
	pool_worker_kill(worker, "a reason");
	ck_assert_int_eq(worker->state, POOL_WORKER_KILLED);
	pool_worker_kill(worker, "another");
	TEST_UNTIL(test.gone == 2 && test.ready == 3);
	ck_assert_str_eq(test.reason, "a reason");
	ck_assert_uint_eq(test.spawner_gone, 0);
}
END_TEST

START_TEST(test_exits_by_signal)
{
	test.times.young = 0;
	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 1);
	test_generation(1, "good");
	TEST_UNTIL(test.ready == 1);
	kill(pool_next(test.pool, NULL)->pid, SIGSYS);
	TEST_UNTIL(test.gone == 1);
	ck_assert_ptr_nonnull(strstr(test.reason, "a forbidden system call"));
}
END_TEST

static const struct {
	const char *word;
	const char *reason; /* of gone(); NULL: it was never ready */
	int64_t hello;
	int64_t hung;
} test_bad[] = {
    {"mute", NULL, 300, 30000},
    {"liar", NULL, 10000, 30000},
    {"dying", NULL, 10000, 30000},
    {"garbage", "its channel closed", 10000, 30000},
    {"hung", "hung: it reports nothing", 10000, 300},
};

/* Each way to misbehave ends one worker, and the next is born after a growing pause. */
START_TEST(test_misbehaviour)
{
	struct pool_worker *worker;

	test.times.hello = test_bad[_i].hello;
	test.times.hung = test_bad[_i].hung;
	test.times.backoff = 10;
	test.times.backoff_max = 40;
	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 1);
	test_generation(1, test_bad[_i].word);
	TEST_UNTIL((worker = pool_next(test.pool, NULL)) != NULL && worker->number == 4);
	if (test_bad[_i].reason == NULL) {
		ck_assert_uint_eq(test.ready, 0);
		ck_assert_uint_eq(test.gone, 0);
	} else {
		ck_assert_uint_eq(test.gone, 3);
		ck_assert_msg(
		    strncmp(test.reason, test_bad[_i].reason, strlen(test_bad[_i].reason)) == 0,
		    "%s", test.reason);
	}
	/* A better configuration cures it without a pause. */
	test.times.backoff_max = 1000000;
	test.times.hung = 30000;
	test.times.hello = 10000;
	test.ready = 0;
	test_generation(2, "good");
	TEST_UNTIL(pool_count_ready(test.pool, PROTO_ROLE_DELIVER) == 1 &&
		   pool_next(test.pool, NULL)->generation == 2);
}
END_TEST

START_TEST(test_frames_are_passed_on)
{
	pool_set_count(test.pool, PROTO_ROLE_SUBMIT, 1);
	test_generation(1, "talking");
	TEST_UNTIL(test.frames == 1);
	ck_assert_uint_eq(pool_count_ready(test.pool, PROTO_ROLE_SUBMIT), 1);
}
END_TEST

START_TEST(test_stop)
{
	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 2);
	test_generation(1, "good");
	TEST_UNTIL(test.ready == 2);
	pool_stop(test.pool, on_stopped, NULL);
	ck_assert_uint_eq(test.retiring, 0);
	TEST_UNTIL(test.stops == 1);
	ck_assert_uint_eq(test.gone, 2);
	ck_assert_ptr_null(pool_next(test.pool, NULL));
}
END_TEST

START_TEST(test_stop_with_nobody)
{
	pool_stop(test.pool, on_stopped, NULL);
	ck_assert_uint_eq(test.stops, 0);
	TEST_UNTIL(test.stops == 1);
}
END_TEST

START_TEST(test_stop_is_firm)
{
	test.times.stop = 100;
	test.times.stay = 400;
	test.patient = _i == 1;
	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 1);
	test_generation(1, "staying");
	TEST_UNTIL(test.ready == 1);
	pool_stop(test.pool, on_stopped, NULL);
	TEST_UNTIL(test.stops == 1);
	ck_assert_uint_eq(test.gone, 1);
	ck_assert_str_eq(test.reason, "the daemon stops");
}
END_TEST

START_TEST(test_retire_is_limited)
{
	test.times.retire = 100;
	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 1);
	test_generation(1, "staying");
	TEST_UNTIL(test.ready == 1);
	test_generation(2, "good");
	TEST_UNTIL(test.gone == 1 && test.ready == 2);
}
END_TEST

START_TEST(test_spawner_dies)
{
	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 1);
	test_generation(1, "good");
	TEST_UNTIL(test.ready == 1);
	kill(test.spawner, SIGKILL);
	TEST_UNTIL(test.spawner_gone == 1);
	pool_set_count(test.pool, PROTO_ROLE_DELIVER, 2);
	event_base_loop(test.base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(test.spawner_gone, 1);
}
END_TEST

static void
on_bound(int error, int fd, void *arg)
{
	ck_assert_int_eq(error, EACCES);
	ck_assert_int_eq(fd, -1);
	(*(unsigned *)arg)++;
}

START_TEST(test_bind_through_the_pool)
{
	const struct sockaddr address = {.sa_family = AF_UNIX, .sa_data = "/tmp/x"};
	unsigned answers = 0;

	for (int i = 0; i < 200; i++)
		pool_spawn_bind(pool_get_spawn(test.pool), &address, 9, 0600, on_bound, &answers);
	ck_assert_uint_eq(answers, 0);
	pool_spawn_hold(pool_get_spawn(test.pool), STDERR_FILENO);
	TEST_UNTIL(answers == 200);
}
END_TEST

static Suite *
pool_suite(void)
{
	Suite *suite = suite_create("pool");
	TCase *tcase = tcase_create("pool");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, test_setup, test_teardown);
	tcase_add_test(tcase, test_births_and_counts);
	tcase_add_test(tcase, test_many);
	tcase_add_test(tcase, test_generations);
	tcase_add_test(tcase, test_killed_is_replaced);
	tcase_add_test(tcase, test_exits_by_signal);
	tcase_add_loop_test(tcase, test_misbehaviour, 0, sizeof(test_bad) / sizeof(test_bad[0]));
	tcase_add_test(tcase, test_frames_are_passed_on);
	tcase_add_test(tcase, test_stop);
	tcase_add_test(tcase, test_stop_with_nobody);
	tcase_add_loop_test(tcase, test_stop_is_firm, 0, 2);
	tcase_add_test(tcase, test_retire_is_limited);
	tcase_add_test(tcase, test_spawner_dies);
	tcase_add_test(tcase, test_bind_through_the_pool);
	return suite;
}

UNIT_MAIN(pool_suite)
