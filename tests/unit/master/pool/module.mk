check_PROGRAMS += tests/unit/master/pool/fake_worker tests/unit/master/pool/test_spawner
TESTS += tests/unit/master/pool/test_spawner

POOL_TEST_LIBS = libmaster.a libcommon.a $(MASTER_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)
tests_unit_master_pool_fake_worker_SOURCES = tests/unit/master/pool/fake_worker.c
tests_unit_master_pool_fake_worker_LDADD = libcommon.a $(SECCOMP_LIBS) $(COMMON_LIBS)
tests_unit_master_pool_test_spawner_SOURCES = tests/unit/master/pool/test_spawner.c \
	tests/unit/unit.h
tests_unit_master_pool_test_spawner_LDADD = $(POOL_TEST_LIBS)

check_PROGRAMS += tests/unit/master/pool/test_pool
TESTS += tests/unit/master/pool/test_pool
tests_unit_master_pool_test_pool_SOURCES = tests/unit/master/pool/test_pool.c tests/unit/unit.h
tests_unit_master_pool_test_pool_LDADD = $(POOL_TEST_LIBS)
