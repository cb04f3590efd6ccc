check_PROGRAMS += tests/unit/master/cli/test_eval
TESTS += tests/unit/master/cli/test_eval
tests_unit_master_cli_test_eval_SOURCES = tests/unit/master/cli/test_eval.c \
	master/cli/eval.c master/cli/eval.h tests/unit/unit.h
tests_unit_master_cli_test_eval_LDADD = $(UNIT_LIBS)
