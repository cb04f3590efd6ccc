SMTP_UNIT_LIBS = libworker.a libcommon.a $(WORKER_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)
SMTP_UNIT_TESTS = \
	tests/unit/worker/smtp/test_body tests/unit/worker/smtp/test_caps \
	tests/unit/worker/smtp/test_command tests/unit/worker/smtp/test_reply \
	tests/unit/worker/smtp/test_session tests/unit/worker/smtp/test_verdict
check_PROGRAMS += $(SMTP_UNIT_TESTS)
TESTS += $(SMTP_UNIT_TESTS)

tests_unit_worker_smtp_test_body_SOURCES = tests/unit/worker/smtp/test_body.c tests/unit/unit.h
tests_unit_worker_smtp_test_body_LDADD = $(SMTP_UNIT_LIBS)
tests_unit_worker_smtp_test_caps_SOURCES = tests/unit/worker/smtp/test_caps.c tests/unit/unit.h
tests_unit_worker_smtp_test_caps_LDADD = $(SMTP_UNIT_LIBS)
tests_unit_worker_smtp_test_command_SOURCES = \
	tests/unit/worker/smtp/test_command.c tests/unit/unit.h
tests_unit_worker_smtp_test_command_LDADD = $(SMTP_UNIT_LIBS)
tests_unit_worker_smtp_test_reply_SOURCES = tests/unit/worker/smtp/test_reply.c tests/unit/unit.h
tests_unit_worker_smtp_test_reply_LDADD = $(SMTP_UNIT_LIBS)
tests_unit_worker_smtp_test_verdict_SOURCES = \
	tests/unit/worker/smtp/test_verdict.c tests/unit/unit.h
tests_unit_worker_smtp_test_verdict_LDADD = $(SMTP_UNIT_LIBS)
tests_unit_worker_smtp_test_session_SOURCES = \
	tests/unit/worker/smtp/test_session.c tests/unit/unit.h
tests_unit_worker_smtp_test_session_LDADD = $(SMTP_UNIT_LIBS)
