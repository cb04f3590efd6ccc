libmaster_a_SOURCES += \
	master/core.c master/core.h \
	master/daemon.c master/daemon.h \
	master/envelope.c master/envelope.h \
	master/explain.c master/explain.h \
	master/generation.c master/generation.h \
	master/intake.c master/intake.h \
	master/lend.c master/lend.h \
	master/listen.c master/listen.h \
	master/record.c master/record.h \
	master/route.c master/route.h \
	master/subject.c master/subject.h \
	master/turn.c master/turn.h

postriderd_SOURCES = master/main.c
postriderd_LDADD = libmaster.a libcommon.a $(MASTER_LIBS) $(COMMON_LIBS)

dist_man_MANS += %D%/postriderd.8
