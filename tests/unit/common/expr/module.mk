check_PROGRAMS += tests/unit/common/expr/test_expr
TESTS += tests/unit/common/expr/test_expr
tests_unit_common_expr_test_expr_SOURCES = tests/unit/common/expr/test_expr.c \
	tests/unit/common/expr/given.c tests/unit/common/expr/given.h tests/unit/unit.h
tests_unit_common_expr_test_expr_LDADD = $(UNIT_LIBS)
