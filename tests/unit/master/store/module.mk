STORE_TEST_LIBS = libmaster.a libcommon.a $(MASTER_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)
STORE_TEST_SOURCES = %D%/spool.c %D%/spool.h tests/unit/unit.h

store_tests = %D%/test_migrate %D%/test_turn %D%/test_settle %D%/test_lane \
	%D%/test_segment %D%/test_selector %D%/test_view
check_PROGRAMS += $(store_tests)
TESTS += $(store_tests)

%C%_test_migrate_SOURCES = %D%/test_migrate.c $(STORE_TEST_SOURCES)
%C%_test_migrate_LDADD = $(STORE_TEST_LIBS)
%C%_test_turn_SOURCES = %D%/test_turn.c $(STORE_TEST_SOURCES)
%C%_test_turn_LDADD = $(STORE_TEST_LIBS)
%C%_test_settle_SOURCES = %D%/test_settle.c $(STORE_TEST_SOURCES)
%C%_test_settle_LDADD = $(STORE_TEST_LIBS)
%C%_test_lane_SOURCES = %D%/test_lane.c $(STORE_TEST_SOURCES)
%C%_test_lane_LDADD = $(STORE_TEST_LIBS)
%C%_test_segment_SOURCES = %D%/test_segment.c $(STORE_TEST_SOURCES)
%C%_test_segment_LDADD = $(STORE_TEST_LIBS)
%C%_test_selector_SOURCES = %D%/test_selector.c $(STORE_TEST_SOURCES)
%C%_test_selector_LDADD = $(STORE_TEST_LIBS)
%C%_test_view_SOURCES = %D%/test_view.c $(STORE_TEST_SOURCES)
%C%_test_view_LDADD = $(STORE_TEST_LIBS)
