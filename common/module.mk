libcommon_a_SOURCES += \
	common/alloc.c common/alloc.h \
	common/arena.c common/arena.h \
	common/channel.c common/channel.h \
	common/clock.c common/clock.h \
	common/crc32c.c common/crc32c.h \
	common/domain.c common/domain.h \
	common/frame.c common/frame.h \
	common/heap.c common/heap.h \
	common/launch.c common/launch.h \
	common/list.h \
	common/log.c common/log.h \
	common/mailbox.c common/mailbox.h \
	common/map.c common/map.h \
	common/netaddr.c common/netaddr.h \
	common/outcome.c common/outcome.h \
	common/privilege.c common/privilege.h \
	common/quantity.c common/quantity.h \
	common/random.c common/random.h \
	common/sandbox.c common/sandbox.h \
	common/str.c common/str.h \
	common/why.c common/why.h \
	common/wire.c common/wire.h \
	common/xtext.c common/xtext.h \
	common/tbl/command.def \
	common/tbl/frame.def \
	common/tbl/step.def \
	common/tbl/syscall.def

include common/proto/module.mk
