postrider_SOURCES = master/cli/main.c \
	master/cli/eval.c master/cli/eval.h
postrider_LDADD = libcommon.a $(COMMON_LIBS)

postrider_sendmail_SOURCES = master/cli/sendmail.c
postrider_sendmail_LDADD = libcommon.a $(COMMON_LIBS)
