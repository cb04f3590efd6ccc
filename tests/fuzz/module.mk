# Each fuzz_NAME.c is an entry of libFuzzer. Under "make check" replay.c feeds it the seeds in
# corpus/NAME instead. To fuzz for real, link it with clang -fsanitize=fuzzer,address and the same
# libraries, without replay.c, and give the program a copy of the seeds.
FUZZ_LIBS = libcommon.a $(COMMON_LIBS)
EXTRA_DIST += tests/fuzz/corpus

check_PROGRAMS += tests/fuzz/fuzz_toml
TESTS += tests/fuzz/fuzz_toml
tests_fuzz_fuzz_toml_SOURCES = tests/fuzz/fuzz_toml.c tests/fuzz/replay.c
tests_fuzz_fuzz_toml_LDADD = $(FUZZ_LIBS)
