TOML_TESTS = \
	tests/unit/common/toml/test_datetime \
	tests/unit/common/toml/test_define \
	tests/unit/common/toml/test_number \
	tests/unit/common/toml/test_parse \
	tests/unit/common/toml/test_scan \
	tests/unit/common/toml/test_tree \
	tests/unit/common/toml/test_value
check_PROGRAMS += $(TOML_TESTS)
TESTS += $(TOML_TESTS)
tests_unit_common_toml_test_datetime_SOURCES = tests/unit/common/toml/test_datetime.c \
	tests/unit/unit.h
tests_unit_common_toml_test_datetime_LDADD = $(UNIT_LIBS)
tests_unit_common_toml_test_define_SOURCES = tests/unit/common/toml/test_define.c \
	tests/unit/unit.h tests/unit/common/toml/complaint.h
tests_unit_common_toml_test_define_LDADD = $(UNIT_LIBS)
tests_unit_common_toml_test_number_SOURCES = tests/unit/common/toml/test_number.c \
	tests/unit/unit.h
tests_unit_common_toml_test_number_LDADD = $(UNIT_LIBS)
tests_unit_common_toml_test_parse_SOURCES = tests/unit/common/toml/test_parse.c \
	tests/unit/unit.h
tests_unit_common_toml_test_parse_LDADD = $(UNIT_LIBS)
tests_unit_common_toml_test_scan_SOURCES = tests/unit/common/toml/test_scan.c \
	tests/unit/unit.h
tests_unit_common_toml_test_scan_LDADD = $(UNIT_LIBS)
tests_unit_common_toml_test_tree_SOURCES = tests/unit/common/toml/test_tree.c \
	tests/unit/unit.h
tests_unit_common_toml_test_tree_LDADD = $(UNIT_LIBS)
tests_unit_common_toml_test_value_SOURCES = tests/unit/common/toml/test_value.c \
	tests/unit/unit.h tests/unit/common/toml/complaint.h
tests_unit_common_toml_test_value_LDADD = $(UNIT_LIBS)
