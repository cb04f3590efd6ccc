#include "master/lend.h"

#include <check.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "master/pool/worker.h"
#include "master/store/turn.h"
#include "tests/unit/master/door.h"
#include "tests/unit/unit.h"

static int64_t
test_segments(struct door *door, const char *where)
{
	return field_number(&door->field, "SELECT count(*) FROM segment WHERE %s", where);
}

static void
test_expect_sealed(struct door *door, uint64_t segment)
{
	ck_assert_int_eq(field_number(&door->field,
				      "SELECT bytes FROM segment WHERE sealed = 1 AND id = %llu",
				      (unsigned long long)segment),
			 door_length(door, segment));
}

/* A shared segment for each worker, lent when its row is there. */
START_TEST(test_shared)
{
	struct pool_worker *workers[2];
	struct proto_segment first;
	struct proto_segment second;
	struct door door;

	door_open(&door, NULL);
	workers[0] = door_worker(&door);
	workers[1] = door_worker(&door);
	door_expect_silence(&door);
	door_commit(&door);
	first = door_take_segment(&door, workers[0]);
	second = door_take_segment(&door, workers[1]);
	ck_assert(!first.large && !second.large);
	ck_assert_uint_ne(first.id, second.id);
	ck_assert_int_eq(door_length(&door, first.id), 0);
	ck_assert_int_eq(test_segments(&door, "kind = 0 AND sealed = 0"), 3);
	door_expect_silence(&door);
	door_close(&door);
}
END_TEST

START_TEST(test_large)
{
	struct pool_worker *worker;
	struct proto_segment lent;
	struct door door;
	uint64_t shared;

	door_open(&door, NULL);
	worker = door_worker_with(&door, &shared);
	ck_assert(door_want(&door, worker, 7));
	ck_assert(door_want(&door, worker, 8));
	door_expect_silence(&door);
	door_commit(&door);
	for (uint64_t ticket = 7; ticket <= 8; ticket++) {
		lent = door_take_segment(&door, worker);
		ck_assert(lent.large);
		ck_assert_uint_eq(lent.ticket, ticket);
	}
	ck_assert_int_eq(test_segments(&door, "kind = 1 AND sealed = 0"), 2);
	/* Nothing follows a large one. */
	door_append(&door, lent.id, 5000);
	ck_assert(door_sealed(&door, worker, lent.id, 5000));
	door_commit(&door);
	door_expect_silence(&door);
	test_expect_sealed(&door, lent.id);
	door_close(&door);
}
END_TEST

/* The file's length counts, not what the worker says; the next shared one follows. */
START_TEST(test_sealed)
{
	struct pool_worker *worker;
	struct proto_segment next;
	struct door door;
	uint64_t shared;

	door_open(&door, NULL);
	worker = door_worker_with(&door, &shared);
	door_append(&door, shared, 12345);
	ck_assert(door_sealed(&door, worker, shared, 99));
	ck_assert(!lend_take(door.lend, worker, shared, 0, 10));
	door_commit(&door);
	test_expect_sealed(&door, shared);
	next = door_take_segment(&door, worker);
	ck_assert(!next.large);
	ck_assert_uint_ne(next.id, shared);
	/* Twice the same, or never lent: a lie. */
	ck_assert(!door_sealed(&door, worker, shared, 12345));
	ck_assert(!door_sealed(&door, worker, 999999, 0));
	ck_assert(!door_sealed(&door, worker, 0, 0));
	door_close(&door);
}
END_TEST

/* A worker that retires gives its segment back and gets no other. */
START_TEST(test_retiring)
{
	struct pool_worker *worker;
	struct door door;
	uint64_t shared;

	door_open(&door, NULL);
	worker = door_worker_with(&door, &shared);
	worker->state = POOL_WORKER_RETIRING;
	ck_assert(door_sealed(&door, worker, shared, 0));
	door_commit(&door);
	test_expect_sealed(&door, shared);
	door_expect_silence(&door);
	ck_assert_int_eq(test_segments(&door, "sealed = 0"), 1);
	door_close(&door);
}
END_TEST

START_TEST(test_take)
{
	struct pool_worker *worker;
	struct pool_worker *other;
	struct door door;
	uint64_t theirs;
	uint64_t mine;

	door_open(&door, NULL);
	worker = door_worker_with(&door, &mine);
	other = door_worker_with(&door, &theirs);
	door_append(&door, mine, 1000);
	door_append(&door, theirs, 1000);
	ck_assert(!lend_take(door.lend, worker, theirs, 0, 10));
	ck_assert(!lend_take(door.lend, other, mine, 0, 10));
	ck_assert(!lend_take(door.lend, worker, (uint64_t)door.field.spool.segment, 0, 10));
	ck_assert(!lend_take(door.lend, worker, 0, 0, 10));
	ck_assert(!lend_take(door.lend, worker, mine, 0, 0));
	ck_assert(!lend_take(door.lend, worker, mine, 0, 1001));
	ck_assert(!lend_take(door.lend, worker, mine, 1000, 1));
	ck_assert(!lend_take(door.lend, worker, mine, 1, UINT64_MAX));
	ck_assert(!lend_take(door.lend, worker, mine, UINT64_MAX, 1));
	ck_assert(!lend_take(door.lend, worker, mine, INT64_MAX, 1));
	ck_assert(!lend_take(door.lend, worker, mine, UINT64_MAX, UINT64_MAX));
	/* None of that took anything. */
	ck_assert(lend_take(door.lend, worker, mine, 100, 400));
	ck_assert(!lend_take(door.lend, worker, mine, 0, 100));
	ck_assert(!lend_take(door.lend, worker, mine, 100, 400));
	ck_assert(!lend_take(door.lend, worker, mine, 499, 10));
	ck_assert(lend_take(door.lend, worker, mine, 500, 500));
	ck_assert(!lend_take(door.lend, worker, mine, 1000, 1));
	door_append(&door, mine, 1);
	ck_assert(lend_take(door.lend, worker, mine, 1000, 1));
	door_close(&door);
}
END_TEST

/* Not before the row is written is it lent. */
START_TEST(test_too_early)
{
	struct pool_worker *worker;
	struct door door;

	door_open(&door, NULL);
	worker = door_worker(&door);
	for (uint64_t id = 1; id < 100; id++) {
		ck_assert(!door_sealed(&door, worker, id, 0));
		ck_assert(!lend_take(door.lend, worker, id, 0, 1));
	}
	door_close(&door);
}
END_TEST

/* Everything a dead worker had is sealed as long as it is, what was asked for too. */
START_TEST(test_gone)
{
	struct pool_worker *worker;
	struct pool_worker *other;
	struct proto_segment large;
	struct door door;
	uint64_t theirs;
	uint64_t mine;

	door_open(&door, NULL);
	worker = door_worker_with(&door, &mine);
	other = door_worker_with(&door, &theirs);
	ck_assert(door_want(&door, worker, 1));
	door_commit(&door);
	large = door_take_segment(&door, worker);
	door_append(&door, mine, 10);
	door_append(&door, large.id, 20);
	ck_assert(door_want(&door, worker, 2));
	door_kill(&door, worker);
	door_commit(&door);
	test_expect_sealed(&door, mine);
	test_expect_sealed(&door, large.id);
	ck_assert_int_eq(test_segments(&door, "sealed = 1"), 3);
	ck_assert_int_eq(test_segments(&door, "sealed = 1 AND kind = 1 AND bytes = 0"), 1);
	door_expect_silence(&door);
	/* The other one keeps its own. */
	door_append(&door, theirs, 10);
	ck_assert(lend_take(door.lend, other, theirs, 0, 10));
	door_close(&door);
}
END_TEST

/* No row can be written: a large message is refused, a shared segment is tried again. */
START_TEST(test_no_row)
{
	struct pool_worker *worker;
	struct pool_worker *dead;
	struct door door;

	door_open(&door, NULL);
	field_sql(&door.field, "CREATE TRIGGER bad BEFORE INSERT ON segment BEGIN"
			       " SELECT raise(ABORT, 'bad'); END");
	worker = door_worker(&door);
	dead = door_worker(&door);
	ck_assert(door_want(&door, worker, 5));
	ck_assert(door_want(&door, dead, 6));
	door_commit(&door);
	door_take_refuse(&door, worker, 5);
	door_take_refuse(&door, dead, 6);
	lend_tick(door.lend);
	door_commit(&door);
	door_expect_silence(&door);
	door_kill(&door, dead);
	field_sql(&door.field, "DROP TRIGGER bad");
	lend_tick(door.lend);
	door_commit(&door);
	ck_assert(!door_take_segment(&door, worker).large);
	lend_tick(door.lend);
	door_commit(&door);
	door_expect_silence(&door);
	ck_assert_int_eq(test_segments(&door, "1"), 2);
	door_close(&door);
}
END_TEST

/* No file can be made: the same, at once. */
START_TEST(test_no_file)
{
	struct pool_worker *worker;
	struct rlimit limit;
	struct door door;
	rlim_t before;

	door_open(&door, NULL);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	before = limit.rlim_cur;
	limit.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	worker = door_worker(&door);
	ck_assert(door_want(&door, worker, 5));
	ck_assert_uint_eq(store_turn_pending(door.field.spool.store), 0);
	door_take_refuse(&door, worker, 5);
	lend_tick(door.lend);
	door_expect_silence(&door);
	limit.rlim_cur = before;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	lend_tick(door.lend);
	door_commit(&door);
	ck_assert(!door_take_segment(&door, worker).large);
	door_expect_silence(&door);
	door_close(&door);
}
END_TEST

static bool
test_frame(struct door *door, struct pool_worker *worker, enum frame_type type, size_t len)
{
	static const uint8_t zeroes[64];
	struct frame frame = {.type = type, .fd = -1};

	wire_reader_init(&frame.body, zeroes, len);
	return lend_frame(door->lend, worker, &frame);
}

/* Frames of every wrong length, and of other types. */
START_TEST(test_garbage)
{
	struct pool_worker *worker;
	struct door door;
	uint64_t shared;

	door_open(&door, NULL);
	worker = door_worker_with(&door, &shared);
	for (size_t len = 0; len <= 64; len++) {
		if (len != 8)
			ck_assert(!test_frame(&door, worker, FRAME_WANT, len));
		ck_assert(!test_frame(&door, worker, FRAME_SEALED, len));
		ck_assert(!test_frame(&door, worker, FRAME_SEGMENT, len));
		ck_assert(!test_frame(&door, worker, FRAME_ACCEPT, len));
	}
	door_commit(&door);
	door_expect_silence(&door);
	door_close(&door);
}
END_TEST

/* The daemon ends at any moment: nothing is left behind, the files' rows are as they are. */
START_TEST(test_end)
{
	struct pool_worker *worker;
	struct door door;
	uint64_t shared;

	door_open(&door, NULL);
	worker = door_worker_with(&door, &shared);
	door_worker(&door);
	ck_assert(door_want(&door, worker, 5));
	ck_assert(door_sealed(&door, worker, shared, 0));
	door_kill(&door, worker);
	door_close(&door);
}
END_TEST

static Suite *
test_suite(void)
{
	Suite *suite = suite_create("master/lend");
	TCase *tcase = tcase_create("lend");

	tcase_add_test(tcase, test_shared);
	tcase_add_test(tcase, test_large);
	tcase_add_test(tcase, test_sealed);
	tcase_add_test(tcase, test_retiring);
	tcase_add_test(tcase, test_take);
	tcase_add_test(tcase, test_too_early);
	tcase_add_test(tcase, test_gone);
	tcase_add_test(tcase, test_no_row);
	tcase_add_test(tcase, test_no_file);
	tcase_add_test(tcase, test_garbage);
	tcase_add_test(tcase, test_end);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(test_suite)
