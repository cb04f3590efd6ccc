check_PROGRAMS += \
	tests/unit/common/settings/test_bundle \
	tests/unit/common/settings/test_mistakes \
	tests/unit/common/settings/test_sections \
	tests/unit/common/settings/test_values
TESTS += \
	tests/unit/common/settings/test_bundle \
	tests/unit/common/settings/test_mistakes \
	tests/unit/common/settings/test_sections \
	tests/unit/common/settings/test_values

tests_unit_common_settings_test_bundle_SOURCES = tests/unit/common/settings/test_bundle.c \
	tests/unit/common/settings/fixture.c tests/unit/common/settings/fixture.h tests/unit/unit.h \
	master/cli/check.c master/cli/check.h
tests_unit_common_settings_test_bundle_LDADD = $(UNIT_LIBS)

tests_unit_common_settings_test_mistakes_SOURCES = tests/unit/common/settings/test_mistakes.c \
	tests/unit/common/settings/fixture.c tests/unit/common/settings/fixture.h tests/unit/unit.h
tests_unit_common_settings_test_mistakes_LDADD = $(UNIT_LIBS)

tests_unit_common_settings_test_sections_SOURCES = tests/unit/common/settings/test_sections.c \
	tests/unit/common/settings/fixture.c tests/unit/common/settings/fixture.h tests/unit/unit.h
tests_unit_common_settings_test_sections_LDADD = $(UNIT_LIBS)

tests_unit_common_settings_test_values_SOURCES = tests/unit/common/settings/test_values.c \
	tests/unit/common/settings/fixture.c tests/unit/common/settings/fixture.h tests/unit/unit.h
tests_unit_common_settings_test_values_LDADD = $(UNIT_LIBS)
