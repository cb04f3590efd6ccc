# Unit tests mirror the tree: tests/unit/common/toml/test_parse.c tests common/toml/parse.c.
# One libcheck program per module; the harness runs them in parallel.
# Tests wait for events; what is stuck for a minute is broken, what is slow on a busy machine is not.
AM_TESTS_ENVIRONMENT = CK_DEFAULT_TIMEOUT=60; export CK_DEFAULT_TIMEOUT;
UNIT_LIBS = libcommon.a $(COMMON_LIBS) $(CHECK_LIBS)

if HAVE_CHECK
include tests/unit/common/module.mk
include tests/unit/common/toml/module.mk
include tests/unit/common/expr/module.mk
include tests/unit/common/settings/module.mk
include tests/unit/master/module.mk
include tests/unit/master/cli/module.mk
include tests/unit/master/store/module.mk
include tests/unit/master/sched/module.mk
include tests/unit/master/pool/module.mk
include tests/unit/worker/module.mk
include tests/unit/worker/resolve/module.mk
include tests/unit/worker/smtp/module.mk
include tests/unit/worker/deliver/module.mk
include tests/unit/worker/submit/module.mk
endif
include tests/dialog/module.mk
include tests/toml/module.mk
include tests/sendmail/module.mk
include tests/fuzz/module.mk
include tests/rules/module.mk
include tests/e2e/module.mk
include tests/bench/module.mk
