MASTER_TEST_LIBS = libmaster.a libcommon.a $(MASTER_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)

master_tests = %D%/test_record
check_PROGRAMS += $(master_tests)
TESTS += $(master_tests)

%C%_test_record_SOURCES = %D%/test_record.c tests/unit/unit.h
%C%_test_record_LDADD = $(MASTER_TEST_LIBS)
