# Measurements, built by `make bench`; not part of make check. BENCHFLAGS: arguments of bench.
EXTRA_PROGRAMS = %D%/store_bench
CLEANFILES += %D%/store_bench
EXTRA_DIST += %D%/bench %D%/lab.py %D%/postfix.py %D%/probe.py %D%/rider.py
%C%_store_bench_SOURCES = %D%/store_bench.c
%C%_store_bench_LDADD = libmaster.a libcommon.a $(MASTER_LIBS) $(COMMON_LIBS)

.PHONY: bench bench-store
bench: postriderd postrider-worker
	PYTHONDONTWRITEBYTECODE=1 $(srcdir)/%D%/bench -b . $(BENCHFLAGS)
bench-store: %D%/store_bench
	%D%/store_bench
