SCHEMA_SQL = %D%/001-queue.sql %D%/002-views.sql

libmaster_a_SOURCES += %D%/migrations.h
nodist_libmaster_a_SOURCES += %D%/migrations.c
BUILT_SOURCES += %D%/migrations.c
CLEANFILES += %D%/migrations.c
EXTRA_DIST += $(SCHEMA_SQL) %D%/embed.awk
dist_man_MANS += %D%/postrider-queue.5

%D%/migrations.c: $(SCHEMA_SQL) %D%/embed.awk
	$(AM_V_GEN)$(MKDIR_P) %D% && cd $(srcdir) && $(AWK) -f %D%/embed.awk $(SCHEMA_SQL) \
		> $(abs_builddir)/$@.tmp && mv $(abs_builddir)/$@.tmp $(abs_builddir)/$@
