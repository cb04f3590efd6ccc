libcommon_a_SOURCES += \
	common/alloc.c common/alloc.h \
	common/arena.c common/arena.h \
	common/clock.c common/clock.h \
	common/heap.c common/heap.h \
	common/list.h \
	common/log.c common/log.h \
	common/map.c common/map.h \
	common/random.c common/random.h \
	common/str.c common/str.h \
	common/why.c common/why.h

include common/proto/module.mk
