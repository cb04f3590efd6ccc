check_PROGRAMS += tests/unit/master/cli/test_eval
TESTS += tests/unit/master/cli/test_eval
tests_unit_master_cli_test_eval_SOURCES = tests/unit/master/cli/test_eval.c \
	master/cli/eval.c master/cli/eval.h tests/unit/unit.h
tests_unit_master_cli_test_eval_LDADD = $(UNIT_LIBS)

CLI_TESTS = \
	tests/unit/master/cli/test_ask \
	tests/unit/master/cli/test_config \
	tests/unit/master/cli/test_print \
	tests/unit/master/cli/test_table \
	tests/unit/master/cli/test_text \
	tests/unit/master/cli/test_value
check_PROGRAMS += $(CLI_TESTS)
TESTS += $(CLI_TESTS)

tests_unit_master_cli_test_ask_SOURCES = tests/unit/master/cli/test_ask.c tests/unit/unit.h \
	tests/unit/master/cli/fake_master.c tests/unit/master/cli/fake_master.h \
	master/cli/ask.c master/cli/ask.h
tests_unit_master_cli_test_ask_LDADD = $(UNIT_LIBS)
tests_unit_master_cli_test_config_SOURCES = tests/unit/master/cli/test_config.c \
	tests/unit/unit.h \
	master/cli/alone.c master/cli/alone.h \
	master/cli/check.c master/cli/check.h \
	master/cli/config.c master/cli/config.h \
	master/cli/eval.c master/cli/eval.h \
	master/cli/usage.c master/cli/usage.h
tests_unit_master_cli_test_config_LDADD = $(UNIT_LIBS)
tests_unit_master_cli_test_print_SOURCES = tests/unit/master/cli/test_print.c tests/unit/unit.h \
	master/cli/layout.c master/cli/layout.h \
	master/cli/print.c master/cli/print.h \
	master/cli/table.c master/cli/table.h \
	master/cli/text.c master/cli/text.h \
	master/cli/value.c master/cli/value.h
tests_unit_master_cli_test_print_LDADD = $(UNIT_LIBS)
tests_unit_master_cli_test_table_SOURCES = tests/unit/master/cli/test_table.c tests/unit/unit.h \
	master/cli/table.c master/cli/table.h \
	master/cli/text.c master/cli/text.h
tests_unit_master_cli_test_table_LDADD = $(UNIT_LIBS)
tests_unit_master_cli_test_text_SOURCES = tests/unit/master/cli/test_text.c tests/unit/unit.h \
	master/cli/text.c master/cli/text.h
tests_unit_master_cli_test_text_LDADD = $(UNIT_LIBS)
tests_unit_master_cli_test_value_SOURCES = tests/unit/master/cli/test_value.c tests/unit/unit.h \
	master/cli/text.c master/cli/text.h \
	master/cli/value.c master/cli/value.h
tests_unit_master_cli_test_value_LDADD = $(UNIT_LIBS)
