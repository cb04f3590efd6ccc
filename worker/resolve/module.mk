libworker_a_SOURCES += \
	worker/resolve/cache.c worker/resolve/cache.h \
	worker/resolve/mx.c worker/resolve/mx.h \
	worker/resolve/name.c worker/resolve/name.h \
	worker/resolve/resolve.c worker/resolve/resolve.h \
	worker/resolve/rr.c worker/resolve/rr.h \
	worker/resolve/servers.c worker/resolve/servers.h \
	worker/resolve/tcp.c worker/resolve/tcp.h \
	worker/resolve/udns.c worker/resolve/udns.h
