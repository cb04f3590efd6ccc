libmaster_a_SOURCES += \
	master/pool/bind.c master/pool/bind.h \
	master/pool/spawn.c master/pool/spawn.h \
	master/pool/spawner.c master/pool/spawner.h
