POOL_TEST_LIBS = libmaster.a libcommon.a $(MASTER_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)

# What the tests run as the worker's binary.
check_PROGRAMS += tests/unit/master/pool/fake_worker
tests_unit_master_pool_fake_worker_SOURCES = tests/unit/master/pool/fake_worker.c
tests_unit_master_pool_fake_worker_LDADD = libcommon.a $(SECCOMP_LIBS) $(COMMON_LIBS)

POOL_TESTS = \
	tests/unit/master/pool/test_bind \
	tests/unit/master/pool/test_pool \
	tests/unit/master/pool/test_spawner
check_PROGRAMS += $(POOL_TESTS)
TESTS += $(POOL_TESTS)

tests_unit_master_pool_test_bind_SOURCES = tests/unit/master/pool/test_bind.c tests/unit/unit.h \
	tests/unit/master/pool/spawner_peer.c tests/unit/master/pool/spawner_peer.h
tests_unit_master_pool_test_bind_LDADD = $(POOL_TEST_LIBS)
tests_unit_master_pool_test_pool_SOURCES = tests/unit/master/pool/test_pool.c tests/unit/unit.h
tests_unit_master_pool_test_pool_LDADD = $(POOL_TEST_LIBS)
tests_unit_master_pool_test_spawner_SOURCES = tests/unit/master/pool/test_spawner.c \
	tests/unit/unit.h \
	tests/unit/master/pool/spawner_peer.c tests/unit/master/pool/spawner_peer.h
tests_unit_master_pool_test_spawner_LDADD = $(POOL_TEST_LIBS)
