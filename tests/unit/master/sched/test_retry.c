#include "master/sched/retry.h"
#include "tests/unit/unit.h"

static uint32_t
test_fixed(uint32_t limit, void *arg)
{
	uint32_t wanted = *(uint32_t *)arg;

	ck_assert_uint_gt(limit, 0);
	return wanted < limit ? wanted : limit - 1;
}

START_TEST(test_waits)
{
	static const int64_t list[] = {120000, 300000, 7200000};
	static const struct {
		size_t count;
		unsigned retry_num;
		double jitter;
		uint32_t random;
		int64_t wait;
	} cases[] = {
	    {3, 0, 0, 0, 120000},
	    {3, 1, 0, 0, 300000},
	    {3, 2, 0, 0, 7200000},
	    {3, 3, 0, 0, 7200000},
	    {3, 4000000000u, 0, 0, 7200000},
	    {0, 5, 0, 0, 60000},
	    {3, 0, 0.1, 0, 108000},
	    {3, 0, 0.1, 1000000, 120000},
	    {3, 0, 0.1, 2000000, 132000},
	    {3, 0, 1, 0, 1000},
	    {3, 0, 5, 0, 1000},
	    {3, 0, 5, UINT32_MAX, 240000},
	    {3, 0, -1, 0, 120000},
	};
	static const int64_t tiny[] = {0};
	uint32_t random;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		random = cases[i].random;
		ck_assert_int_eq(sched_retry_wait(list, cases[i].count, cases[i].retry_num,
						  cases[i].jitter, test_fixed, &random),
				 cases[i].wait);
	}
	ck_assert_int_eq(sched_retry_wait(tiny, 1, 0, 0, test_fixed, &random), 1000);
}
END_TEST

START_TEST(test_jitter_is_bounded)
{
	static const int64_t list[] = {100000};
	int64_t sum = 0;

	for (int i = 0; i < 10000; i++) {
		int64_t wait = sched_retry_wait(list, 1, 0, 0.1, random_default, NULL);

		ck_assert_int_ge(wait, 90000);
		ck_assert_int_le(wait, 110000);
		sum += wait;
	}
	ck_assert_int_gt(sum / 10000, 99000);
	ck_assert_int_lt(sum / 10000, 101000);
}
END_TEST

START_TEST(test_local)
{
	static const int64_t minutes[] = {1, 2, 4, 8, 15, 15, 15};

	for (unsigned i = 0; i < 7; i++)
		ck_assert_int_eq(sched_retry_local_wait(i), minutes[i] * 60000);
	ck_assert_int_eq(sched_retry_local_wait(UINT32_MAX), 15 * 60000);
}
END_TEST

static Suite *
test_suite(void)
{
	Suite *suite = suite_create("retry");
	TCase *tcase = tcase_create("retry");

	tcase_add_test(tcase, test_waits);
	tcase_add_test(tcase, test_jitter_is_bounded);
	tcase_add_test(tcase, test_local);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(test_suite)
