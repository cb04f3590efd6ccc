libworker_a_SOURCES += \
	worker/link.c worker/link.h

postrider_worker_SOURCES = worker/main.c
postrider_worker_LDADD = libworker.a libcommon.a $(WORKER_LIBS) $(COMMON_LIBS)

dist_man_MANS += %D%/postrider-worker.8
