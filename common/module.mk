libcommon_a_SOURCES += \
	common/alloc.c common/alloc.h \
	common/arena.c common/arena.h \
	common/clock.c common/clock.h \
	common/heap.c common/heap.h \
	common/launch.c common/launch.h \
	common/list.h \
	common/log.c common/log.h \
	common/map.c common/map.h \
	common/privilege.c common/privilege.h \
	common/random.c common/random.h \
	common/sandbox.c common/sandbox.h \
	common/str.c common/str.h \
	common/tbl/syscall.def \
	common/why.c common/why.h

include common/proto/module.mk
