postrider_SOURCES = master/cli/main.c \
	master/cli/eval.c master/cli/eval.h
postrider_LDADD = libcommon.a $(COMMON_LIBS)

postrider_sendmail_SOURCES = master/cli/sendmail.c \
	master/cli/sendmail_client.c master/cli/sendmail_client.h \
	master/cli/sendmail_endpoint.c master/cli/sendmail_endpoint.h \
	master/cli/sendmail_message.c master/cli/sendmail_message.h \
	master/cli/sendmail_options.c master/cli/sendmail_options.h
postrider_sendmail_LDADD = libcommon.a $(COMMON_LIBS)

dist_man_MANS += master/cli/postrider-sendmail.8
