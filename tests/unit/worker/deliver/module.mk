DELIVER_TESTS = tests/unit/worker/deliver/test_connect \
	tests/unit/worker/deliver/test_deliver \
	tests/unit/worker/deliver/test_hosts \
	tests/unit/worker/deliver/test_order \
	tests/unit/worker/deliver/test_route
check_PROGRAMS += $(DELIVER_TESTS)
TESTS += $(DELIVER_TESTS)
DELIVER_TEST_LIBS = libworker.a libcommon.a $(WORKER_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)

DELIVER_STAGE = \
	tests/unit/common/settings/fixture.c tests/unit/common/settings/fixture.h \
	tests/unit/worker/deliver/peer.c tests/unit/worker/deliver/peer.h \
	tests/unit/worker/deliver/stage.c tests/unit/worker/deliver/stage.h \
	tests/unit/worker/resolve/packet.c tests/unit/worker/resolve/packet.h \
	tests/unit/worker/resolve/server.c tests/unit/worker/resolve/server.h \
	tests/unit/unit.h

tests_unit_worker_deliver_test_deliver_SOURCES = tests/unit/worker/deliver/test_deliver.c \
	$(DELIVER_STAGE)
tests_unit_worker_deliver_test_deliver_LDADD = $(DELIVER_TEST_LIBS)
tests_unit_worker_deliver_test_hosts_SOURCES = tests/unit/worker/deliver/test_hosts.c \
	$(DELIVER_STAGE)
tests_unit_worker_deliver_test_hosts_LDADD = $(DELIVER_TEST_LIBS)
tests_unit_worker_deliver_test_connect_SOURCES = tests/unit/worker/deliver/test_connect.c tests/unit/unit.h
tests_unit_worker_deliver_test_connect_LDADD = $(DELIVER_TEST_LIBS)
tests_unit_worker_deliver_test_order_SOURCES = tests/unit/worker/deliver/test_order.c tests/unit/unit.h
tests_unit_worker_deliver_test_order_LDADD = $(DELIVER_TEST_LIBS)
tests_unit_worker_deliver_test_route_SOURCES = tests/unit/worker/deliver/test_route.c tests/unit/unit.h
tests_unit_worker_deliver_test_route_LDADD = $(DELIVER_TEST_LIBS)
