RESOLVE_TESTS = \
	tests/unit/worker/resolve/test_cache \
	tests/unit/worker/resolve/test_mx \
	tests/unit/worker/resolve/test_name \
	tests/unit/worker/resolve/test_resolve \
	tests/unit/worker/resolve/test_rr \
	tests/unit/worker/resolve/test_servers
check_PROGRAMS += $(RESOLVE_TESTS)
TESTS += $(RESOLVE_TESTS)
RESOLVE_TEST_LIBS = libworker.a libcommon.a $(WORKER_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)

tests_unit_worker_resolve_test_cache_SOURCES = tests/unit/worker/resolve/test_cache.c
tests_unit_worker_resolve_test_cache_LDADD = $(RESOLVE_TEST_LIBS)

tests_unit_worker_resolve_test_mx_SOURCES = tests/unit/worker/resolve/test_mx.c \
	tests/unit/worker/resolve/packet.c tests/unit/worker/resolve/packet.h \
	tests/unit/worker/resolve/server.c tests/unit/worker/resolve/server.h
tests_unit_worker_resolve_test_mx_LDADD = $(RESOLVE_TEST_LIBS)

tests_unit_worker_resolve_test_name_SOURCES = tests/unit/worker/resolve/test_name.c
tests_unit_worker_resolve_test_name_LDADD = $(RESOLVE_TEST_LIBS)

tests_unit_worker_resolve_test_resolve_SOURCES = tests/unit/worker/resolve/test_resolve.c \
	tests/unit/worker/resolve/packet.c tests/unit/worker/resolve/packet.h \
	tests/unit/worker/resolve/server.c tests/unit/worker/resolve/server.h \
	tests/unit/worker/resolve/world.c tests/unit/worker/resolve/world.h
tests_unit_worker_resolve_test_resolve_LDADD = $(RESOLVE_TEST_LIBS)

tests_unit_worker_resolve_test_rr_SOURCES = tests/unit/worker/resolve/test_rr.c \
	tests/unit/worker/resolve/packet.c tests/unit/worker/resolve/packet.h
tests_unit_worker_resolve_test_rr_LDADD = $(RESOLVE_TEST_LIBS)

tests_unit_worker_resolve_test_servers_SOURCES = tests/unit/worker/resolve/test_servers.c \
	tests/unit/worker/resolve/packet.c tests/unit/worker/resolve/packet.h \
	tests/unit/worker/resolve/server.c tests/unit/worker/resolve/server.h \
	tests/unit/worker/resolve/world.c tests/unit/worker/resolve/world.h
tests_unit_worker_resolve_test_servers_LDADD = $(RESOLVE_TEST_LIBS)
