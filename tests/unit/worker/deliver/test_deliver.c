#include "tests/unit/unit.h"
#include "tests/unit/worker/deliver/stage.h"
static struct stage *stage;
START_TEST(test_plain)
{
	struct peer *peer;
	const struct stage_result *r;
	stage = stage_new("");
	peer = stage_peer(stage, 10);
	r = stage_deliver(stage, "one.test");
	ck_assert_msg(r->outcome.class == OUTCOME_DELIVERED, "%s", r->reply);
	ck_assert_uint_eq(peer_connections(peer), 1);
	stage_free(&stage);
}
END_TEST
static Suite *
suite(void)
{
	Suite *suite = suite_create("deliver");
	TCase *tcase = tcase_create("deliver");
	tcase_add_test(tcase, test_plain);
	suite_add_tcase(suite, tcase);
	return suite;
}
int
main(void)
{
	SRunner *runner;
	int failed;

	if (!stage_build())
		return 77;
	runner = srunner_create(suite());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
