# The whole program against real peers in a private network; needs python3-pytest, python3-dnspython,
# nsd, unbound, ldnsutils and postfix (for smtp-sink), and skips with a word where they are missing.
EXTRA_DIST += \
	tests/e2e/conftest.py \
	tests/e2e/nameserver.py \
	tests/e2e/procs.py \
	tests/e2e/rider.py \
	tests/e2e/run \
	tests/e2e/sink.py \
	tests/e2e/smtpsink.py \
	tests/e2e/submitter.py \
	tests/e2e/tap.py \
	tests/e2e/test_config.py \
	tests/e2e/test_crash.py \
	tests/e2e/test_delivery.py \
	tests/e2e/test_explain.py \
	tests/e2e/test_eyeballs.py \
	tests/e2e/test_limits.py \
	tests/e2e/test_lab.py \
	tests/e2e/test_links.py \
	tests/e2e/test_mx.py \
	tests/e2e/test_queue.py \
	tests/e2e/test_relay.py \
	tests/e2e/test_rules.py \
	tests/e2e/test_sandbox.py \
	tests/e2e/test_seed.py \
	tests/e2e/test_source.py \
	tests/e2e/test_strategy.py \
	tests/e2e/test_submit.py \
	tests/e2e/test_timeouts.py

.PHONY: check-e2e
check-e2e: $(sbin_PROGRAMS) $(bin_PROGRAMS) $(pkglibexec_PROGRAMS)
	$(srcdir)/tests/e2e/run -b $(builddir)
