STORE_TEST_LIBS = libmaster.a libcommon.a $(MASTER_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)
STORE_TEST_SOURCES = %D%/spool.c %D%/spool.h tests/unit/unit.h

store_tests = %D%/test_migrate %D%/test_turn
check_PROGRAMS += $(store_tests)
TESTS += $(store_tests)

%C%_test_migrate_SOURCES = %D%/test_migrate.c $(STORE_TEST_SOURCES)
%C%_test_migrate_LDADD = $(STORE_TEST_LIBS)
%C%_test_turn_SOURCES = %D%/test_turn.c $(STORE_TEST_SOURCES)
%C%_test_turn_LDADD = $(STORE_TEST_LIBS)
