postrider_SOURCES = master/cli/main.c \
	master/cli/alone.c master/cli/alone.h \
	master/cli/ask.c master/cli/ask.h \
	master/cli/check.c master/cli/check.h \
	master/cli/config.c master/cli/config.h \
	master/cli/eval.c master/cli/eval.h \
	master/cli/layout.c master/cli/layout.h \
	master/cli/print.c master/cli/print.h \
	master/cli/table.c master/cli/table.h \
	master/cli/text.c master/cli/text.h \
	master/cli/usage.c master/cli/usage.h \
	master/cli/value.c master/cli/value.h
postrider_LDADD = libcommon.a $(COMMON_LIBS)

postrider_sendmail_SOURCES = master/cli/sendmail.c \
	master/cli/sendmail_client.c master/cli/sendmail_client.h \
	master/cli/sendmail_endpoint.c master/cli/sendmail_endpoint.h \
	master/cli/sendmail_message.c master/cli/sendmail_message.h \
	master/cli/sendmail_options.c master/cli/sendmail_options.h
postrider_sendmail_LDADD = libcommon.a $(COMMON_LIBS)

dist_man_MANS += master/cli/postrider.8 master/cli/postrider-sendmail.8
EXTRA_DIST += contrib/completion/postrider.bash
