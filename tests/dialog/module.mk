check_PROGRAMS += tests/dialog/run
TESTS += tests/dialog/run
EXTRA_DIST += tests/dialog/smtp

tests_dialog_run_SOURCES = tests/dialog/run.c tests/dialog/load.c tests/dialog/peer.c \
	tests/dialog/dialog.h
tests_dialog_run_LDADD = libworker.a libcommon.a $(WORKER_LIBS) $(COMMON_LIBS)
