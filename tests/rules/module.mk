# The house rules as tests; exceptions lists what they have to bear.
RULES = \
	tests/rules/includes.sh \
	tests/rules/links.sh \
	tests/rules/sizes.sh \
	tests/rules/style.sh \
	tests/rules/docs.sh \
	tests/rules/examples.sh \
	tests/rules/words.sh
TESTS += $(RULES)
EXTRA_DIST += $(RULES) tests/rules/rule.sh tests/rules/exceptions
tests/rules/links.log: $(sbin_PROGRAMS) $(bin_PROGRAMS) $(pkglibexec_PROGRAMS)
tests/rules/examples.log: $(bin_PROGRAMS)
tests/rules/style.log: $(noinst_LIBRARIES)
