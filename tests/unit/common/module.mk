check_PROGRAMS += tests/unit/common/test_base tests/unit/common/test_parsers
TESTS += tests/unit/common/test_base tests/unit/common/test_parsers

tests_unit_common_test_base_SOURCES = tests/unit/common/test_base.c tests/unit/unit.h
tests_unit_common_test_base_LDADD = $(UNIT_LIBS)
tests_unit_common_test_parsers_SOURCES = tests/unit/common/test_parsers.c tests/unit/unit.h
tests_unit_common_test_parsers_LDADD = $(UNIT_LIBS)
