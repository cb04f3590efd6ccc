#include "tests/unit/unit.h"
START_TEST(test_nothing)
{
}
END_TEST
static Suite *
test_suite(void)
{
	Suite *suite = suite_create("x");
	TCase *tcase = tcase_create("x");

	tcase_add_test(tcase, test_nothing);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(test_suite)
