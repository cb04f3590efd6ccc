#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/why.h"
#include "master/store/arrive.h"
#include "master/store/checkpoint.h"
#include "master/store/db.h"
#include "master/store/reserve.h"
#include "master/store/store.h"
#include "master/store/turn.h"
#include "tests/unit/master/store/spool.h"
#include "tests/unit/unit.h"

/* An operation that runs one statement and notes how it ended. */
struct probe {
	struct store_op op;
	const char *sql;
	int applied;
	int committed; /* -1: not done, 0: done(false), 1: done(true) */
	struct store *store;
	struct probe *then; /* added by done() */
};

static bool
probe_apply(struct store *store, struct store_op *op, struct why *why)
{
	struct probe *probe = (struct probe *)op;

	probe->applied++;
	return store_db_exec(store, probe->sql, why);
}

static void
probe_done(struct store_op *op, bool committed, void *arg)
{
	struct probe *probe = (struct probe *)op;

	ck_assert_int_eq(probe->committed, -1);
	ck_assert_ptr_eq(arg, probe);
	probe->committed = committed;
	if (probe->then != NULL)
		store_turn_add(probe->store, &probe->then->op);
}

static void
probe_init(struct probe *probe, struct store *store, const char *sql)
{
	*probe = (struct probe){.op = {.apply = probe_apply, .done = probe_done, .arg = probe},
				.sql = sql,
				.committed = -1,
				.store = store};
}

static void
probe_add(struct probe *probe, struct store *store, const char *sql)
{
	probe_init(probe, store, sql);
	store_turn_add(store, &probe->op);
}

#define KNOWN(key) "INSERT INTO known VALUES ('test', '" key "', '', 0)"

START_TEST(test_one_bad_does_not_poison)
{
	struct spool spool;
	struct probe probes[5];
	struct why why = {0};

	spool_open(&spool);
	ck_assert_int_eq(store_turn_run(spool.store, &why), STORE_TURN_IDLE);
	probe_add(&probes[0], spool.store, KNOWN("a"));
	probe_add(&probes[1], spool.store, KNOWN("a"));
	probe_add(&probes[2], spool.store, KNOWN("b"));
	probe_add(&probes[3], spool.store, KNOWN("b"));
	probe_add(&probes[4], spool.store, KNOWN("c"));
	ck_assert_int_eq(store_turn_run(spool.store, &why), STORE_TURN_COMMITTED);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(probes[i].committed, i != 1 && i != 3);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM known"), 3);
	ck_assert_int_eq((int64_t)spool.store->stats.operations_failed, 2);
	spool_assert_consistent(&spool);
	spool_close(&spool);
}
END_TEST

/* Numbers found in a transaction that was undone must not be used afterwards. */
START_TEST(test_undone_lanes_are_forgotten)
{
	struct spool spool;
	struct probe bad;
	struct store_arrive_recipient rcpt = {.address = "a@new.example"};
	struct store_arrive_delivery delivery = {
	    .domain = "new.example", .recipients = &rcpt, .recipients_count = 1};
	struct store_arrive arrive = {
	    .sender = "", .sender_domain = "", .deliveries = &delivery, .deliveries_count = 1};

	spool_open(&spool);
	store_arrive_init(&arrive, NULL, NULL);
	arrive.segment_id = spool.segment;
	arrive.message_id = store_id_next(spool.store, STORE_ID_MESSAGE);
	delivery.id = store_id_next(spool.store, STORE_ID_DELIVERY);
	rcpt.id = store_id_next(spool.store, STORE_ID_RECIPIENT);
	store_turn_add(spool.store, &arrive.op);
	probe_add(&bad, spool.store, "INSERT INTO message (id) VALUES (1)");
	spool_turns(&spool);
	ck_assert_int_eq(bad.committed, 0);
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM lane"), 1);
	ck_assert_int_eq(spool_number(spool.other, "SELECT id FROM lane"), delivery.lane_id);
	spool_assert_consistent(&spool);
	spool_close(&spool);
}
END_TEST

START_TEST(test_done_may_add)
{
	struct spool spool;
	struct probe first;
	struct probe second;

	spool_open(&spool);
	probe_add(&first, spool.store, KNOWN("a"));
	probe_init(&second, spool.store, KNOWN("b"));
	first.then = &second;
	ck_assert_int_eq(store_turn_run(spool.store, NULL), STORE_TURN_COMMITTED);
	ck_assert_int_eq(second.committed, -1);
	ck_assert_uint_eq(store_turn_pending(spool.store), 1);
	ck_assert_int_eq(store_turn_run(spool.store, NULL), STORE_TURN_COMMITTED);
	ck_assert_int_eq(second.committed, 1);
	spool_close(&spool);
}
END_TEST

START_TEST(test_a_lock_keeps_the_turn_open)
{
	struct spool spool;
	struct probe probe;
	struct why why = {0};

	spool_open(&spool);
	spool_sql(spool.other, "BEGIN IMMEDIATE");
	probe_add(&probe, spool.store, KNOWN("a"));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(store_turn_run(spool.store, &why), STORE_TURN_BUSY);
	ck_assert(store_turn_is_healthy(spool.store));
	ck_assert_uint_eq(store_turn_pending(spool.store), 1);
	ck_assert_int_eq(probe.committed, -1);
	ck_assert_int_eq(probe.applied, 0);
	spool_sql(spool.other, "COMMIT");
	ck_assert_int_eq(store_turn_run(spool.store, &why), STORE_TURN_COMMITTED);
	ck_assert_int_eq(probe.committed, 1);
	spool_close(&spool);
}
END_TEST

START_TEST(test_many_go_in_several_turns)
{
	struct spool spool;
	static struct probe probes[STORE_TURN_MOST + 7];

	spool_open(&spool);
	for (size_t i = 0; i < STORE_TURN_MOST + 7; i++)
		probe_add(&probes[i], spool.store, "UPDATE daemon SET writing = 1");
	ck_assert_int_eq(store_turn_run(spool.store, NULL), STORE_TURN_COMMITTED);
	ck_assert_uint_eq(store_turn_pending(spool.store), 7);
	ck_assert_int_eq(probes[STORE_TURN_MOST - 1].committed, 1);
	ck_assert_int_eq(probes[STORE_TURN_MOST].committed, -1);
	store_turn_drop(spool.store);
	ck_assert_int_eq(probes[STORE_TURN_MOST].committed, 0);
	spool_close(&spool);
}
END_TEST

/* The page limit stands for a full disk: the reserve goes, and the turn comes back later. */
START_TEST(test_full)
{
	struct spool spool;
	struct probe probe;
	char limit[64];
	struct why why = {0};

	spool_open(&spool);
	ck_assert_int_eq(access(spool_path(&spool, "reserve"), F_OK), 0);
	snprintf(limit, sizeof(limit), "PRAGMA max_page_count = %d",
		 (int)spool_number(spool.store->db, "PRAGMA page_count"));
	spool_number(spool.store->db, limit);
	probe_add(&probe, spool.store,
		  "INSERT INTO known VALUES ('test', 'x', hex(zeroblob(100000)), 0)");
	ck_assert_int_eq(store_turn_run(spool.store, &why), STORE_TURN_FULL);
	ck_assert_int_eq(store_turn_run(spool.store, &why), STORE_TURN_FULL);
	ck_assert(!store_turn_is_healthy(spool.store));
	ck_assert_int_eq(access(spool_path(&spool, "reserve"), F_OK), -1);
	ck_assert_int_eq((int64_t)spool.store->stats.reserve_uses, 1);
	ck_assert_int_eq(probe.committed, -1);
	spool_number(spool.store->db, "PRAGMA max_page_count = 1000000");
	ck_assert_int_eq(store_turn_run(spool.store, &why), STORE_TURN_COMMITTED);
	ck_assert_int_eq(probe.committed, 1);
	ck_assert(store_turn_is_healthy(spool.store));
	ck_assert_msg(store_reserve_make(spool.store, &why), "%s", why.text);
	ck_assert_int_eq(access(spool_path(&spool, "reserve"), F_OK), 0);
	spool_close(&spool);
}
END_TEST

static int crash_pipe[2];

static void
crash_said(struct store_op *op, bool committed, void *arg)
{
	int64_t id = ((struct store_arrive *)op)->message_id;

	if (committed && write(crash_pipe[1], &id, sizeof(id)) != (ssize_t)sizeof(id))
		_exit(1);
}

/* Takes messages without an end and tells each committed one to the parent. */
static void
crash_child(const struct spool *spool)
{
	static struct store_arrive arrives[7];
	static struct store_arrive_delivery deliveries[7];
	static struct store_arrive_recipient rcpts[7];
	struct store *store = store_db_open(spool->dir, NULL);

	if (store == NULL)
		_exit(1);
	for (;;) {
		for (int i = 0; i < 7; i++) {
			store_arrive_init(&arrives[i], crash_said, NULL);
			arrives[i].message_id = store_id_next(store, STORE_ID_MESSAGE);
			arrives[i].sender = arrives[i].sender_domain = "";
			arrives[i].deliveries = &deliveries[i];
			arrives[i].deliveries_count = 1;
			deliveries[i].id = store_id_next(store, STORE_ID_DELIVERY);
			deliveries[i].domain = "a.example";
			deliveries[i].recipients = &rcpts[i];
			deliveries[i].recipients_count = 1;
			rcpts[i].id = store_id_next(store, STORE_ID_RECIPIENT);
			rcpts[i].address = "a@a.example";
			store_turn_add(store, &arrives[i].op);
		}
		if (store_turn_run(store, NULL) != STORE_TURN_COMMITTED)
			_exit(1);
	}
}

/* Reads what the child says; kills it in the middle of it. Returns the greatest number heard. */
static int64_t
crash_round(struct spool *spool, int after, int64_t *heard, int *count)
{
	int64_t most = 0;
	int64_t id;
	pid_t pid;

	ck_assert_int_eq(pipe(crash_pipe), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		crash_child(spool);
	close(crash_pipe[1]);
	*count = 0;
	while (read(crash_pipe[0], &id, sizeof(id)) == (ssize_t)sizeof(id)) {
		if (*count < 1000)
			heard[(*count)++] = id;
		if (id > most)
			most = id;
		if (*count == after)
			kill(pid, SIGKILL);
	}
	close(crash_pipe[0]);
	waitpid(pid, NULL, 0);
	return most;
}

START_TEST(test_what_was_said_survives_a_kill)
{
	struct spool spool;
	static int64_t heard[1000];
	int64_t before = 0;
	int count;

	spool_open(&spool);
	sqlite3_close(spool.other);
	store_db_close(&spool.store);
	for (int round = 0; round < 8; round++) {
		int64_t most = crash_round(&spool, 3 + round * 29, heard, &count);
		struct why why = {0};

		ck_assert_int_ge(count, 3 + round * 29);
		ck_assert_int_gt(heard[0], before);
		spool.store = store_db_open(spool.dir, &why);
		ck_assert_msg(spool.store != NULL, "%s", why.text);
		ck_assert_int_gt(store_id_next(spool.store, STORE_ID_MESSAGE), most);
		ck_assert_int_eq(sqlite3_open(spool_path(&spool, "queue.db"), &spool.other), 0);
		for (int i = 0; i < count; i++) {
			char sql[96];

			snprintf(sql, sizeof(sql), "SELECT count(*) FROM message WHERE id = %lld",
				 (long long)heard[i]);
			ck_assert_int_eq(spool_number(spool.other, sql), 1);
		}
		spool_assert_consistent(&spool);
		before = most;
		sqlite3_close(spool.other);
		store_db_close(&spool.store);
	}
	spool.store = store_db_open(spool.dir, NULL);
	spool.other = NULL;
	spool_close(&spool);
}
END_TEST

/* More than one block of one kind; false when one was not above the last. */
static bool
take_numbers(struct spool *spool, enum store_id_kind kind, int64_t *last)
{
	bool rising = true;

	for (int i = 0; i < 50000; i++) {
		int64_t id = store_id_next(spool->store, kind);

		rising = rising && id > *last;
		*last = id;
	}
	return rising;
}

START_TEST(test_numbers_are_never_given_twice)
{
	struct spool spool;
	int64_t last[STORE_ID_KINDS] = {0};

	spool_open(&spool);
	for (int round = 0; round < 4; round++) {
		struct spool_message message = spool_arrive(&spool, "a.example", 2, 1000);

		for (int kind = 0; kind < STORE_ID_KINDS; kind++)
			ck_assert(take_numbers(&spool, (enum store_id_kind)kind, &last[kind]));
		spool_finish(&spool, message.delivery_id);
		ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM message"), 0);
		for (int kind = 0; kind < STORE_ID_KINDS; kind++)
			ck_assert_int_gt(spool.store->ids[kind].reserved, last[kind]);
		spool_reopen(&spool);
	}
	/* A clean stop gives back what it did not use. */
	ck_assert_int_eq(store_id_next(spool.store, STORE_ID_JOB), last[STORE_ID_JOB] + 1);
	spool_close(&spool);
}
END_TEST

START_TEST(test_checkpoint)
{
	struct spool spool;
	struct probe probe;
	const struct store_stats *stats;

	spool_open(&spool);
	stats = store_db_stats(spool.store);
	ck_assert(!store_checkpoint_tick(spool.store));
	for (int i = 0; i < 2; i++) {
		probe_add(
		    &probe, spool.store,
		    "INSERT OR REPLACE INTO known VALUES ('t', 'x', hex(zeroblob(9000000)), 0)");
		spool_turns(&spool);
		ck_assert_int_gt(stats->wal_bytes, STORE_CHECKPOINT_STEP);
		ck_assert(store_checkpoint_tick(spool.store));
		ck_assert(!store_checkpoint_tick(spool.store));
		probe_add(&probe, spool.store, "DELETE FROM known");
		spool_turns(&spool);
		ck_assert_int_lt(stats->wal_bytes, STORE_CHECKPOINT_STEP);
	}
	ck_assert_int_eq((int64_t)stats->checkpoints, 2);
	spool_close(&spool);
}
END_TEST

static Suite *
turn_suite(void)
{
	Suite *suite = suite_create("turn");
	TCase *tcase = tcase_create("turn");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, test_one_bad_does_not_poison);
	tcase_add_test(tcase, test_undone_lanes_are_forgotten);
	tcase_add_test(tcase, test_done_may_add);
	tcase_add_test(tcase, test_a_lock_keeps_the_turn_open);
	tcase_add_test(tcase, test_many_go_in_several_turns);
	tcase_add_test(tcase, test_full);
	tcase_add_test(tcase, test_what_was_said_survives_a_kill);
	tcase_add_test(tcase, test_numbers_are_never_given_twice);
	tcase_add_test(tcase, test_checkpoint);
	return suite;
}

UNIT_MAIN(turn_suite)
