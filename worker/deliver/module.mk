libworker_a_SOURCES += \
	worker/deliver/ask.c worker/deliver/ask.h \
	worker/deliver/attempt.c worker/deliver/attempt.h \
	worker/deliver/body.c worker/deliver/body.h \
	worker/deliver/choice.c worker/deliver/choice.def worker/deliver/choice.h \
	worker/deliver/connect.c worker/deliver/connect.h \
	worker/deliver/deliver.c worker/deliver/deliver.h \
	worker/deliver/explain.c worker/deliver/explain.h \
	worker/deliver/family.c worker/deliver/family.h \
	worker/deliver/host.c worker/deliver/host.h \
	worker/deliver/job.c worker/deliver/job.h \
	worker/deliver/order.c worker/deliver/order.h \
	worker/deliver/pool.c worker/deliver/pool.h \
	worker/deliver/race.c worker/deliver/race.h \
	worker/deliver/report.c worker/deliver/report.h \
	worker/deliver/route.c worker/deliver/route.h \
	worker/deliver/state.h \
	worker/deliver/subject.c worker/deliver/subject.h \
	worker/deliver/transact.c worker/deliver/transact.h
