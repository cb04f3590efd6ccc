libmaster_a_SOURCES += \
	master/ctl/ctl.c master/ctl/ctl.h \
	master/ctl/explain.c \
	master/ctl/list.c \
	master/ctl/peer.c master/ctl/peer.h \
	master/ctl/reload.c \
	master/ctl/request.c master/ctl/request.h \
	master/ctl/retry.c \
	master/ctl/selector.c master/ctl/selector.h \
	master/ctl/show.c \
	master/ctl/status.c \
	master/ctl/stop.c \
	master/ctl/workers.c
