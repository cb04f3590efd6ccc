libcommon_a_SOURCES += \
	common/toml/datetime.c common/toml/datetime.h \
	common/toml/define.c common/toml/define.h \
	common/toml/key.c common/toml/key.h \
	common/toml/number.c common/toml/number.h \
	common/toml/parse.c common/toml/parse.h \
	common/toml/scan.c common/toml/scan.h \
	common/toml/string.c common/toml/string.h \
	common/toml/tree.c common/toml/tree.h \
	common/toml/value.c common/toml/value.h
