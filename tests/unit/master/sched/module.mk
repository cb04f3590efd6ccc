SCHED_TEST_LIBS = libmaster.a libcommon.a $(MASTER_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)
# The fake pool stands before the archive: its members of these names are then not taken.
SCHED_TEST_SOURCES = %D%/field.c %D%/field.h tests/fake/pool.c tests/fake/pool.h \
	tests/unit/master/store/spool.c tests/unit/master/store/spool.h tests/unit/unit.h

sched_tests = %D%/test_retry %D%/test_sched %D%/test_misfortune %D%/test_window %D%/test_history %D%/test_relay
check_PROGRAMS += $(sched_tests)
TESTS += $(sched_tests)

%C%_test_retry_SOURCES = %D%/test_retry.c tests/unit/unit.h
%C%_test_retry_LDADD = $(SCHED_TEST_LIBS)
%C%_test_sched_SOURCES = %D%/test_sched.c $(SCHED_TEST_SOURCES)
%C%_test_sched_LDADD = $(SCHED_TEST_LIBS)
%C%_test_misfortune_SOURCES = %D%/test_misfortune.c $(SCHED_TEST_SOURCES)
%C%_test_misfortune_LDADD = $(SCHED_TEST_LIBS)
%C%_test_window_SOURCES = %D%/test_window.c $(SCHED_TEST_SOURCES)
%C%_test_window_LDADD = $(SCHED_TEST_LIBS)
%C%_test_history_SOURCES = %D%/test_history.c $(SCHED_TEST_SOURCES)
%C%_test_history_LDADD = $(SCHED_TEST_LIBS)
%C%_test_relay_SOURCES = %D%/test_relay.c $(SCHED_TEST_SOURCES)
%C%_test_relay_LDADD = $(SCHED_TEST_LIBS)
