postriderd_SOURCES = master/main.c
postriderd_LDADD = libmaster.a libcommon.a $(MASTER_LIBS) $(COMMON_LIBS)
