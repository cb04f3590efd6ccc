#include "tests/unit/master/store/spool.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/why.h"
#include "master/store/arrive.h"
#include "master/store/db.h"
#include "master/store/segment.h"
#include "master/store/settle.h"
#include "master/store/store.h"
#include "master/store/turn.h"

static void
spool_quiet(enum log_level level, const char *line, void *arg)
{
}

const char *
spool_path(const struct spool *spool, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", spool->dir, name);
	return path;
}

static void
spool_connect(struct spool *spool)
{
	struct why why = {0};

	spool->store = store_db_open(spool->dir, &why);
	ck_assert_msg(spool->store != NULL, "%s", why.text);
	ck_assert_int_eq(sqlite3_open(spool_path(spool, "queue.db"), &spool->other), SQLITE_OK);
}

static void
spool_segment(struct spool *spool)
{
	struct store_segment_create create;
	struct why why = {0};

	ck_assert_msg(
	    store_segment_create(spool->store, &create, STORE_SEGMENT_SHARED, NULL, NULL, &why),
	    "%s", why.text);
	store_turn_add(spool->store, &create.op);
	spool_turns(spool);
	close(create.fd);
	spool->segment = create.id;
}

void
spool_open(struct spool *spool)
{
	const char *tmp = getenv("TMPDIR");

	log_set_sink(spool_quiet, NULL);
	snprintf(spool->dir, sizeof(spool->dir), "%s/store-test-XXXXXX",
		 tmp != NULL && strlen(tmp) < 64 ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(spool->dir));
	spool_connect(spool);
	spool_segment(spool);
}

void
spool_reopen(struct spool *spool)
{
	sqlite3_close(spool->other);
	store_db_close(&spool->store);
	spool_connect(spool);
	spool_segment(spool);
}

static void
spool_remove(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL) {
		char name[512];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (unlink(name) != 0)
			spool_remove(name);
	}
	closedir(dir);
	ck_assert_int_eq(rmdir(path), 0);
}

void
spool_close(struct spool *spool)
{
	sqlite3_close(spool->other);
	store_db_close(&spool->store);
	spool_remove(spool->dir);
}

void
spool_turns(struct spool *spool)
{
	struct why why = {0};

	while (store_turn_pending(spool->store) > 0)
		ck_assert_msg(store_turn_run(spool->store, &why) == STORE_TURN_COMMITTED, "%s",
			      why.text);
}

struct spool_message
spool_arrive(struct spool *spool, const char *domain, int rcpts, int64_t at)
{
	struct spool_message message = {0};
	struct store_arrive_recipient recipients[8] = {{0}};
	struct store_arrive_delivery delivery = {.domain = domain,
						 .next_attempt_at = at,
						 .next_notify_at = at + 86400,
						 .expires_at = at + 432000,
						 .recipients = recipients,
						 .recipients_count = (size_t)rcpts};
	struct store_arrive arrive = {.sender = "sender@s.example",
				      .created_at = at,
				      .size = 1000,
				      .segment_id = spool->segment,
				      .sender_domain = "s.example",
				      .deliveries = &delivery,
				      .deliveries_count = 1};
	char addresses[8][64];

	store_arrive_init(&arrive, NULL, NULL);
	arrive.message_id = message.message_id = store_id_next(spool->store, STORE_ID_MESSAGE);
	delivery.id = message.delivery_id = store_id_next(spool->store, STORE_ID_DELIVERY);
	for (int i = 0; i < rcpts; i++) {
		snprintf(addresses[i], sizeof(addresses[i]), "user%d@%s", i, domain);
		recipients[i].address = addresses[i];
		recipients[i].id = store_id_next(spool->store, STORE_ID_RECIPIENT);
		message.recipient_ids[i] = recipients[i].id;
	}
	store_turn_add(spool->store, &arrive.op);
	spool_turns(spool);
	ck_assert(!arrive.op.failed);
	ck_assert_int_gt(delivery.lane_id, 0);
	message.lane_id = delivery.lane_id;
	return message;
}

void
spool_finish(struct spool *spool, int64_t delivery_id)
{
	struct store_settle settle = {.delivery_id = delivery_id, .end = STORE_SETTLE_FINISHED};

	store_settle_init(&settle, NULL, NULL);
	store_turn_add(spool->store, &settle.op);
	spool_turns(spool);
	ck_assert(!settle.op.failed);
}

void
spool_defer(struct spool *spool, int64_t delivery_id, unsigned retry_num, int64_t next)
{
	static const struct store_last last = {
	    .class = "unexpected-reply", .step = "rcpt-to", .code = 450};
	struct store_settle_attempt attempt = {.at = next - 60, .text = "mx [192.0.2.1] 450"};
	struct store_settle settle = {.delivery_id = delivery_id,
				      .end = STORE_SETTLE_STAYS,
				      .retry_num = retry_num,
				      .next_attempt_at = next,
				      .last_attempt_at = next - 60,
				      .last = &last,
				      .attempt = &attempt};

	attempt.retry_num = retry_num > 0 ? retry_num - 1 : 0;
	store_settle_init(&settle, NULL, NULL);
	store_turn_add(spool->store, &settle.op);
	spool_turns(spool);
	ck_assert(!settle.op.failed);
}

void
spool_sql(sqlite3 *db, const char *sql)
{
	char *error = NULL;
	int rc = sqlite3_exec(db, sql, NULL, NULL, &error);

	ck_assert_msg(rc == SQLITE_OK, "%s: %s", sql, error);
}

int64_t
spool_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t number;

	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", sql,
		      sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return number;
}

void
spool_assert_consistent(const struct spool *spool)
{
	static const char *const wrong[] = {
	    "SELECT count(*) FROM lane AS l WHERE queued <> (SELECT count(*) FROM delivery"
	    " WHERE lane_id = l.id AND state = 0 AND retry_num = 0)",
	    "SELECT count(*) FROM lane AS l WHERE deferred <> (SELECT count(*) FROM delivery"
	    " WHERE lane_id = l.id AND state = 0 AND retry_num > 0)",
	    "SELECT count(*) FROM lane AS l WHERE held <> (SELECT count(*) FROM delivery"
	    " WHERE lane_id = l.id AND state = 2)",
	    "SELECT count(*) FROM class AS c WHERE lanes <> (SELECT count(*) FROM lane"
	    " WHERE class_id = c.id)",
	    "SELECT count(*) FROM segment AS s WHERE live_messages <> (SELECT count(*) FROM message"
	    " WHERE segment_id = s.id)",
	    "SELECT count(*) FROM segment AS s WHERE live_bytes <> (SELECT coalesce(sum(size), 0)"
	    " FROM message WHERE segment_id = s.id)",
	    "SELECT count(*) FROM message WHERE id NOT IN (SELECT message_id FROM delivery)",
	    "SELECT count(*) FROM delivery WHERE message_id NOT IN (SELECT id FROM message)",
	    "SELECT count(*) FROM delivery WHERE id NOT IN (SELECT delivery_id FROM recipient)",
	    "SELECT count(*) FROM recipient WHERE delivery_id NOT IN (SELECT id FROM delivery)",
	    "SELECT count(*) FROM attempt WHERE delivery_id NOT IN (SELECT id FROM delivery)",
	    "SELECT writing FROM daemon",
	    "SELECT sum(queued + deferred + held) - (SELECT count(*) FROM delivery) FROM v_domain",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(spool_number(spool->other, wrong[i]) == 0, "%s", wrong[i]);
}

const char *
spool_plan(sqlite3 *db, const char *sql)
{
	static char plan[4096];
	char explain[4096];
	sqlite3_stmt *stmt = NULL;

	snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", sql);
	ck_assert_msg(sqlite3_prepare_v2(db, explain, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", sql,
		      sqlite3_errmsg(db));
	plan[0] = '\0';
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		size_t len = strlen(plan);

		snprintf(plan + len, sizeof(plan) - len, "%s\n",
			 (const char *)sqlite3_column_text(stmt, 3));
	}
	sqlite3_finalize(stmt);
	return plan;
}
