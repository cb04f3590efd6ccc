#pragma once

#include <check.h>
#include <stdlib.h>

/* The main() of a unit test program: one suite, run verbosely enough for the log to be useful. */
#define UNIT_MAIN(suite_fn)                                   \
	int main(void)                                        \
	{                                                     \
		SRunner *runner = srunner_create(suite_fn()); \
		int failed;                                   \
                                                              \
		srunner_run_all(runner, CK_NORMAL);           \
		failed = srunner_ntests_failed(runner);       \
		if (srunner_ntests_run(runner) == 0)          \
			failed = 1;                           \
		srunner_free(runner);                         \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS;  \
	}
