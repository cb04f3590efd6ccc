libmaster_a_SOURCES += \
	master/pool/bind.c master/pool/bind.h \
	master/pool/pool.c master/pool/pool.h \
	master/pool/spawn.c master/pool/spawn.h \
	master/pool/spawner.c master/pool/spawner.h \
	master/pool/worker.c master/pool/worker.h
