#include <string.h>

#include "common/str.h"
#include "common/why.h"
#include "master/store/db.h"
#include "master/store/mass.h"
#include "master/store/selector.h"
#include "master/store/store.h"
#include "tests/unit/master/store/spool.h"
#include "tests/unit/unit.h"

/* Steps a mass change to its end as the control command does; returns what it changed. */
static size_t
selector_mass(struct spool *spool, const struct store_selector *selector,
	      enum store_mass_action action, int64_t now, int *steps)
{
	struct store_mass mass = {.selector = *selector, .action = action, .now = now};
	size_t changed = 0;

	*steps = 0;
	do {
		store_mass_init(&mass, NULL, NULL);
		store_turn_add(spool->store, &mass.op);
		spool_turns(spool);
		ck_assert(!mass.op.failed);
		ck_assert_uint_le(mass.changed, STORE_MASS_MOST);
		changed += mass.changed;
		mass.from = mass.next;
		(*steps)++;
	} while (!mass.finished);
	return changed;
}

static size_t
selector_count(struct spool *spool, const struct store_selector *selector)
{
	int steps;

	return selector_mass(spool, selector, STORE_MASS_COUNT, 0, &steps);
}

START_TEST(test_each_field)
{
	struct spool spool;
	struct spool_message a;
	struct spool_message b;

	spool_open(&spool);
	a = spool_arrive(&spool, "a.example", 2, 100);
	b = spool_arrive(&spool, "b.example", 1, 200);
	spool_arrive(&spool, "b.example", 1, 300);
	spool_defer(&spool, b.delivery_id, 1, 900);
	spool_sql(spool.other, "UPDATE delivery SET state = 2 WHERE next_attempt_at = 300");
	const struct {
		struct store_selector selector;
		size_t count;
	} rows[] = {
	    {{.all = true}, 3},
	    {{.message_id = a.message_id}, 1},
	    {{.message_id = 999999}, 0},
	    {{.domain = "b.example"}, 2},
	    {{.domain = "B.Example"}, 2},
	    {{.domain = "c.example"}, 0},
	    {{.sender = "sender@s.example"}, 3},
	    {{.sender = ""}, 0},
	    {{.rcpt = "user1@a.example"}, 1},
	    {{.rcpt = "USER0@b.example"}, 2},
	    {{.state = STORE_SELECTOR_QUEUED}, 1},
	    {{.state = STORE_SELECTOR_DEFERRED}, 1},
	    {{.state = STORE_SELECTOR_HELD}, 1},
	    {{.older_than = 200}, 2},
	    {{.domain = "b.example", .state = STORE_SELECTOR_HELD}, 1},
	    {{.domain = "a.example", .state = STORE_SELECTOR_HELD}, 0},
	    {{.all = true, .older_than = 100, .rcpt = "user0@a.example"}, 1},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(selector_count(&spool, &rows[i].selector) == rows[i].count, "row %zu",
			      i);
	spool_close(&spool);
}
END_TEST

START_TEST(test_nothing_selected_is_refused)
{
	struct store_selector nothing = {0};
	struct spool spool;
	struct store_mass mass = {.action = STORE_MASS_COUNT};
	struct why why = {0};

	ck_assert(!store_selector_check(&nothing, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "--all"));
	spool_open(&spool);
	ck_assert(!store_mass_step(spool.store, &mass, &why));
	spool_close(&spool);
}
END_TEST

START_TEST(test_injection)
{
	static const char *const attacks[] = {
	    "' OR 1=1 --",
	    "'; DELETE FROM message; --",
	    "x') OR (1=1",
	    "\" OR \"\"=\"",
	    "%",
	    "*",
	    ":all",
	    "?1",
	    "a.example'",
	    "\\",
	    "a.example' COLLATE NOCASE OR '1'='1",
	    "1 OR 1",
	};
	struct spool spool;

	spool_open(&spool);
	spool_arrive(&spool, "a.example", 1, 100);
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		struct store_selector selectors[] = {
		    {.domain = attacks[i]}, {.sender = attacks[i]}, {.rcpt = attacks[i]}};

		for (size_t k = 0; k < 3; k++) {
			struct str sql = {0};
			int steps;

			store_selector_where(&selectors[k], &sql);
			ck_assert_ptr_null(strstr(
			    sql.data, attacks[i][1] != '\0' && i != 6 && i != 7 ? attacks[i]
										: "no such text"));
			str_free(&sql);
			ck_assert_uint_eq(
			    selector_mass(&spool, &selectors[k], STORE_MASS_HOLD, 1, &steps), 0);
		}
	}
	ck_assert_int_eq(spool_number(spool.other, "SELECT count(*) FROM message"), 1);
	spool_close(&spool);
}
END_TEST

START_TEST(test_in_memory_is_the_same)
{
	static const char *const rcpts[] = {"a@x.example", "b@x.example"};
	struct store_selector_facts facts = {.message_id = 7,
					     .domain = "x.example",
					     .sender = "s@s.example",
					     .rcpts = rcpts,
					     .rcpts_count = 2,
					     .retry_num = 2,
					     .created_at = 100};
	const struct {
		struct store_selector selector;
		bool matches;
	} rows[] = {
	    {{.all = true}, true},
	    {{.message_id = 7}, true},
	    {{.message_id = 8}, false},
	    {{.domain = "X.example"}, true},
	    {{.domain = "y.example"}, false},
	    {{.rcpt = "B@x.example"}, true},
	    {{.rcpt = "c@x.example"}, false},
	    {{.sender = ""}, false},
	    {{.state = STORE_SELECTOR_DEFERRED}, true},
	    {{.state = STORE_SELECTOR_QUEUED}, false},
	    {{.state = STORE_SELECTOR_HELD}, false},
	    {{.older_than = 100}, true},
	    {{.older_than = 99}, false},
	    {{.message_id = 7, .domain = "y.example"}, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(store_selector_matches(&rows[i].selector, &facts) == rows[i].matches,
			      "row %zu", i);
}
END_TEST

START_TEST(test_steps)
{
	struct store_selector domain = {.domain = "a.example"};
	struct spool spool;
	struct spool_message other;
	int steps;

	spool_open(&spool);
	other = spool_arrive(&spool, "b.example", 1, 100);
	spool_arrive(&spool, "a.example", 1, 100);
	spool_sql(spool.other,
		  "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)"
		  " INSERT INTO delivery (id, message_id, lane_id, next_attempt_at, expires_at)"
		  " SELECT 1000 + i, m.id, (SELECT l.id FROM lane AS l JOIN domain AS o"
		  " ON o.id = l.domain_id WHERE o.name = iif(i % 10 = 0, 'a.example',"
		  " 'b.example')), 100, 999 FROM n, (SELECT max(id) AS id FROM message) AS m");
	ck_assert_uint_eq(selector_mass(&spool, &domain, STORE_MASS_RETRY, 55, &steps), 2501);
	ck_assert_int_eq(steps, 3);
	ck_assert_int_eq(
	    spool_number(spool.other, "SELECT count(*) FROM delivery WHERE next_attempt_at = 55"),
	    2501);
	ck_assert_uint_eq(selector_mass(&spool, &domain, STORE_MASS_HOLD, 0, &steps), 2501);
	ck_assert_uint_eq(selector_mass(&spool, &domain, STORE_MASS_HOLD, 0, &steps), 0);
	ck_assert_uint_eq(selector_mass(&spool, &domain, STORE_MASS_RETRY, 56, &steps), 0);
	ck_assert_int_eq(spool_number(spool.other, "SELECT sum(held) FROM v_domain"), 2501);
	ck_assert_uint_eq(selector_mass(&spool, &domain, STORE_MASS_RELEASE, 57, &steps), 2501);
	ck_assert_int_eq(spool_number(spool.other, "SELECT sum(held) FROM v_domain"), 0);
	domain = (struct store_selector){.all = true};
	ck_assert_uint_eq(selector_mass(&spool, &domain, STORE_MASS_RETRY, 58, &steps), 25002);
	domain = (struct store_selector){.message_id = other.message_id};
	ck_assert_uint_eq(selector_mass(&spool, &domain, STORE_MASS_RETRY, 59, &steps), 1);
	ck_assert_int_eq(steps, 1);
	spool_close(&spool);
}
END_TEST

START_TEST(test_message_plan)
{
	struct store_selector selector = {.message_id = 1};
	struct str sql = {0};
	struct spool spool;
	const char *plan;

	spool_open(&spool);
	str_text(&sql, "SELECT d.id FROM delivery AS d WHERE d.id > 0 AND d.id <= 9 AND ");
	store_selector_where(&selector, &sql);
	str_text(&sql, " ORDER BY d.id");
	plan = spool_plan(spool.other, sql.data);
	ck_assert_msg(strstr(plan, "delivery_message (message_id=?") != NULL, "%s", plan);
	ck_assert_ptr_null(strstr(plan, "TEMP B-TREE"));
	str_free(&sql);
	spool_close(&spool);
}
END_TEST

static Suite *
selector_suite(void)
{
	Suite *suite = suite_create("selector");
	TCase *tcase = tcase_create("selector");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, test_each_field);
	tcase_add_test(tcase, test_nothing_selected_is_refused);
	tcase_add_test(tcase, test_injection);
	tcase_add_test(tcase, test_in_memory_is_the_same);
	tcase_add_test(tcase, test_steps);
	tcase_add_test(tcase, test_message_plan);
	return suite;
}

UNIT_MAIN(selector_suite)
