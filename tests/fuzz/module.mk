# Each fuzz_NAME.c is an entry of libFuzzer. Under "make check" replay.c feeds it the seeds in
# corpus/NAME instead. To fuzz for real, link it with clang -fsanitize=fuzzer,address and the same
# libraries, without replay.c, and give the program a copy of the seeds.
FUZZ_LIBS = libcommon.a $(COMMON_LIBS)
EXTRA_DIST += tests/fuzz/corpus

check_PROGRAMS += tests/fuzz/fuzz_toml
TESTS += tests/fuzz/fuzz_toml
tests_fuzz_fuzz_toml_SOURCES = tests/fuzz/fuzz_toml.c tests/fuzz/replay.c
tests_fuzz_fuzz_toml_LDADD = $(FUZZ_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_expr
TESTS += tests/fuzz/fuzz_expr
tests_fuzz_fuzz_expr_SOURCES = tests/fuzz/fuzz_expr.c tests/fuzz/replay.c
tests_fuzz_fuzz_expr_LDADD = $(FUZZ_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_rr
TESTS += tests/fuzz/fuzz_rr
tests_fuzz_fuzz_rr_SOURCES = tests/fuzz/fuzz_rr.c tests/fuzz/replay.c
tests_fuzz_fuzz_rr_LDADD = libworker.a libcommon.a $(WORKER_LIBS) $(COMMON_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_settings
TESTS += tests/fuzz/fuzz_settings
tests_fuzz_fuzz_settings_SOURCES = tests/fuzz/fuzz_settings.c tests/fuzz/replay.c
tests_fuzz_fuzz_settings_LDADD = $(FUZZ_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_reply
TESTS += tests/fuzz/fuzz_reply
tests_fuzz_fuzz_reply_SOURCES = tests/fuzz/fuzz_reply.c tests/fuzz/replay.c
tests_fuzz_fuzz_reply_LDADD = libworker.a libcommon.a $(WORKER_LIBS) $(COMMON_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_submit
TESTS += tests/fuzz/fuzz_submit
tests_fuzz_fuzz_submit_SOURCES = tests/fuzz/fuzz_submit.c tests/fuzz/replay.c
tests_fuzz_fuzz_submit_LDADD = libworker.a libcommon.a $(WORKER_LIBS) $(COMMON_LIBS)
