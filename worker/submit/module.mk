libworker_a_SOURCES += \
	worker/submit/body.c worker/submit/body.h \
	worker/submit/command.c worker/submit/command.h \
	worker/submit/dialog.c worker/submit/dialog.h \
	worker/submit/intake.c worker/submit/intake.h \
	worker/submit/listener.c worker/submit/listener.h \
	worker/submit/message.c worker/submit/message.h \
	worker/submit/offer.c worker/submit/offer.h \
	worker/submit/scan.c worker/submit/scan.h \
	worker/submit/segment.c worker/submit/segment.h \
	worker/submit/session.c worker/submit/session.h \
	worker/submit/submit.c worker/submit/submit.h \
	worker/submit/trace.c worker/submit/trace.h
