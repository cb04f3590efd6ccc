# Measurements, built by `make bench`; not part of make check.
EXTRA_PROGRAMS = %D%/store_bench
CLEANFILES += %D%/store_bench
%C%_store_bench_SOURCES = %D%/store_bench.c
%C%_store_bench_LDADD = libmaster.a libcommon.a $(MASTER_LIBS) $(COMMON_LIBS)

.PHONY: bench
bench: %D%/store_bench
	%D%/store_bench
