check_PROGRAMS += tests/unit/common/test_base tests/unit/common/test_parsers
TESTS += tests/unit/common/test_base tests/unit/common/test_parsers

tests_unit_common_test_base_SOURCES = tests/unit/common/test_base.c tests/unit/unit.h
tests_unit_common_test_base_LDADD = $(UNIT_LIBS)
tests_unit_common_test_parsers_SOURCES = tests/unit/common/test_parsers.c tests/unit/unit.h
tests_unit_common_test_parsers_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/common/test_sandbox
TESTS += tests/unit/common/test_sandbox
tests_unit_common_test_sandbox_SOURCES = tests/unit/common/test_sandbox.c tests/unit/unit.h \
	tests/unit/common/sandbox_acts.c tests/unit/common/sandbox_acts.h \
	tests/unit/common/sandbox_libs.c tests/unit/common/sandbox_libs.h
tests_unit_common_test_sandbox_LDADD = libcommon.a $(WORKER_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/common/test_privilege
TESTS += tests/unit/common/test_privilege
tests_unit_common_test_privilege_SOURCES = tests/unit/common/test_privilege.c tests/unit/unit.h
tests_unit_common_test_privilege_LDADD = libcommon.a $(SECCOMP_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/common/test_channel tests/unit/common/test_wire
TESTS += tests/unit/common/test_channel tests/unit/common/test_wire
tests_unit_common_test_channel_SOURCES = tests/unit/common/test_channel.c tests/unit/unit.h
tests_unit_common_test_channel_LDADD = $(UNIT_LIBS)
tests_unit_common_test_wire_SOURCES = tests/unit/common/test_wire.c tests/unit/unit.h
tests_unit_common_test_wire_LDADD = $(UNIT_LIBS)
