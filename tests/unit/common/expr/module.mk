EXPR_GIVEN = tests/unit/common/expr/given.c tests/unit/common/expr/given.h tests/unit/unit.h

check_PROGRAMS += tests/unit/common/expr/test_block
TESTS += tests/unit/common/expr/test_block
tests_unit_common_expr_test_block_SOURCES = tests/unit/common/expr/test_block.c $(EXPR_GIVEN)
tests_unit_common_expr_test_block_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/common/expr/test_builtin
TESTS += tests/unit/common/expr/test_builtin
tests_unit_common_expr_test_builtin_SOURCES = tests/unit/common/expr/test_builtin.c $(EXPR_GIVEN)
tests_unit_common_expr_test_builtin_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/common/expr/test_eval
TESTS += tests/unit/common/expr/test_eval
tests_unit_common_expr_test_eval_SOURCES = tests/unit/common/expr/test_eval.c $(EXPR_GIVEN)
tests_unit_common_expr_test_eval_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/common/expr/test_expr
TESTS += tests/unit/common/expr/test_expr
tests_unit_common_expr_test_expr_SOURCES = tests/unit/common/expr/test_expr.c $(EXPR_GIVEN)
tests_unit_common_expr_test_expr_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/common/expr/test_parse
TESTS += tests/unit/common/expr/test_parse
tests_unit_common_expr_test_parse_SOURCES = tests/unit/common/expr/test_parse.c $(EXPR_GIVEN)
tests_unit_common_expr_test_parse_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/common/expr/test_value
TESTS += tests/unit/common/expr/test_value
tests_unit_common_expr_test_value_SOURCES = tests/unit/common/expr/test_value.c tests/unit/unit.h
tests_unit_common_expr_test_value_LDADD = $(UNIT_LIBS)
