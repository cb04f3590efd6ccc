check_PROGRAMS += \
	tests/unit/worker/resolve/test_cache \
	tests/unit/worker/resolve/test_name \
	tests/unit/worker/resolve/test_rr
TESTS += \
	tests/unit/worker/resolve/test_cache \
	tests/unit/worker/resolve/test_name \
	tests/unit/worker/resolve/test_rr
RESOLVE_TEST_LIBS = libworker.a libcommon.a $(WORKER_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)

tests_unit_worker_resolve_test_cache_SOURCES = tests/unit/worker/resolve/test_cache.c
tests_unit_worker_resolve_test_cache_LDADD = $(RESOLVE_TEST_LIBS)

tests_unit_worker_resolve_test_name_SOURCES = tests/unit/worker/resolve/test_name.c
tests_unit_worker_resolve_test_name_LDADD = $(RESOLVE_TEST_LIBS)

tests_unit_worker_resolve_test_rr_SOURCES = tests/unit/worker/resolve/test_rr.c \
	tests/unit/worker/resolve/packet.c tests/unit/worker/resolve/packet.h
tests_unit_worker_resolve_test_rr_LDADD = $(RESOLVE_TEST_LIBS)
