libworker_a_SOURCES += \
	worker/smtp/body.c worker/smtp/body.h \
	worker/smtp/caps.c worker/smtp/caps.h \
	worker/smtp/command.c worker/smtp/command.h \
	worker/smtp/io.c worker/smtp/io.h \
	worker/smtp/message.h \
	worker/smtp/reply.c worker/smtp/reply.h \
	worker/smtp/session.c worker/smtp/session.h worker/smtp/session_state.h \
	worker/smtp/step.c worker/smtp/step.h \
	worker/smtp/transaction.c worker/smtp/transaction.h \
	worker/smtp/trouble.h \
	worker/smtp/verdict.c worker/smtp/verdict.h
