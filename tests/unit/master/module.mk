MASTER_TEST_LIBS = libmaster.a libcommon.a $(MASTER_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)
# The fake pool stands before the archive: its members of these names are then not taken.
DOOR_TEST_SOURCES = %D%/door.c %D%/door.h \
	tests/unit/master/sched/field.c tests/unit/master/sched/field.h \
	tests/fake/pool.c tests/fake/pool.h \
	tests/unit/master/store/spool.c tests/unit/master/store/spool.h tests/unit/unit.h

master_tests = %D%/test_record %D%/test_lend %D%/test_intake
check_PROGRAMS += $(master_tests)
TESTS += $(master_tests)

%C%_test_record_SOURCES = %D%/test_record.c tests/unit/unit.h
%C%_test_record_LDADD = $(MASTER_TEST_LIBS)
%C%_test_lend_SOURCES = %D%/test_lend.c $(DOOR_TEST_SOURCES)
%C%_test_lend_LDADD = $(MASTER_TEST_LIBS)
%C%_test_intake_SOURCES = %D%/test_intake.c $(DOOR_TEST_SOURCES)
%C%_test_intake_LDADD = $(MASTER_TEST_LIBS)
