check_PROGRAMS += tests/unit/common/test_base
TESTS += tests/unit/common/test_base
tests_unit_common_test_base_SOURCES = tests/unit/common/test_base.c tests/unit/unit.h
tests_unit_common_test_base_LDADD = $(UNIT_LIBS)
