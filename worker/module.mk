postrider_worker_SOURCES = worker/main.c
postrider_worker_LDADD = libworker.a libcommon.a $(WORKER_LIBS) $(COMMON_LIBS)
