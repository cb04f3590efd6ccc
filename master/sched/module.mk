libmaster_a_SOURCES += \
	master/sched/company.c master/sched/company.h \
	master/sched/delivery.c master/sched/delivery.h \
	master/sched/destination.c master/sched/destination.h \
	master/sched/feed.c master/sched/feed.h \
	master/sched/job.c master/sched/job.h \
	master/sched/lane.c master/sched/lane.h \
	master/sched/load.c master/sched/load.h \
	master/sched/past.c master/sched/past.h \
	master/sched/report.c master/sched/report.h \
	master/sched/retry.c master/sched/retry.h \
	master/sched/sched.c master/sched/sched.h \
	master/sched/settle.c master/sched/settle.h \
	master/sched/state.h \
	master/sched/verdict.c master/sched/verdict.h \
	master/sched/worker.c master/sched/worker.h \
	master/sched/write.c master/sched/write.h
