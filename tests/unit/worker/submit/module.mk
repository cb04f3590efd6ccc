SUBMIT_TESTS = tests/unit/worker/submit/test_command tests/unit/worker/submit/test_scan \
	tests/unit/worker/submit/test_segment tests/unit/worker/submit/test_session \
	tests/unit/worker/submit/test_intake
SUBMIT_TEST_LIBS = libworker.a libcommon.a $(WORKER_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)

SUBMIT_HARNESS = tests/unit/worker/submit/client.c tests/unit/worker/submit/harness.c \
	tests/unit/worker/submit/harness.h tests/unit/unit.h

check_PROGRAMS += $(SUBMIT_TESTS)
TESTS += $(SUBMIT_TESTS)

tests_unit_worker_submit_test_command_SOURCES = tests/unit/worker/submit/test_command.c \
	tests/unit/unit.h
tests_unit_worker_submit_test_command_LDADD = $(SUBMIT_TEST_LIBS)
tests_unit_worker_submit_test_scan_SOURCES = tests/unit/worker/submit/test_scan.c tests/unit/unit.h
tests_unit_worker_submit_test_scan_LDADD = $(SUBMIT_TEST_LIBS)
tests_unit_worker_submit_test_segment_SOURCES = tests/unit/worker/submit/test_segment.c \
	tests/unit/unit.h
tests_unit_worker_submit_test_segment_LDADD = $(SUBMIT_TEST_LIBS)
tests_unit_worker_submit_test_session_SOURCES = tests/unit/worker/submit/test_session.c \
	$(SUBMIT_HARNESS)
tests_unit_worker_submit_test_session_LDADD = $(SUBMIT_TEST_LIBS)
tests_unit_worker_submit_test_intake_SOURCES = tests/unit/worker/submit/test_intake.c \
	$(SUBMIT_HARNESS)
tests_unit_worker_submit_test_intake_LDADD = $(SUBMIT_TEST_LIBS)
