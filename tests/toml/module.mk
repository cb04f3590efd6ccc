# The conformance cases themselves are not part of this project; tests/toml/conformance says where
# it looks for them and is skipped without them.
check_PROGRAMS += tests/toml/decoder
TESTS += tests/toml/conformance
EXTRA_DIST += tests/toml/conformance
tests_toml_decoder_SOURCES = tests/toml/decoder.c
tests_toml_decoder_LDADD = libcommon.a $(COMMON_LIBS)
