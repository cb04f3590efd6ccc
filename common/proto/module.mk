libcommon_a_SOURCES += \
	common/proto/control.c common/proto/control.h \
	common/proto/explain.c common/proto/explain.h \
	common/proto/hello.c common/proto/hello.h \
	common/proto/job.c common/proto/job.h \
	common/proto/result.c common/proto/result.h \
	common/proto/session.c common/proto/session.h \
	common/proto/submit.c common/proto/submit.h
