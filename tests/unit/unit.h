#pragma once

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * The main() of a unit test program: one suite, run verbosely enough for the log to be useful.
 * UNIT_MAIN_WHERE() is for what not every machine can do: skipped unless able is true.
 */
#define UNIT_MAIN_WHERE(able, suite_fn)                      \
	int main(void)                                       \
	{                                                    \
		SRunner *runner;                             \
		int failed;                                  \
                                                             \
		if (!(able))                                 \
			return 77;                           \
		runner = srunner_create(suite_fn());         \
		srunner_run_all(runner, CK_NORMAL);          \
		failed = srunner_ntests_failed(runner);      \
		if (srunner_ntests_run(runner) == 0)         \
			failed = 1;                          \
		srunner_free(runner);                        \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS; \
	}

#define UNIT_MAIN(suite_fn) UNIT_MAIN_WHERE(true, suite_fn)
