libcommon_a_SOURCES += \
	common/settings/ask.c common/settings/ask.h \
	common/settings/block.c common/settings/block.h \
	common/settings/bundle.c common/settings/bundle.h \
	common/settings/compile.c common/settings/compile.h \
	common/settings/complaint.c common/settings/complaint.h \
	common/settings/convert.c common/settings/convert.h \
	common/settings/cross.c common/settings/cross.h \
	common/settings/eval.c \
	common/settings/file.c common/settings/file.h \
	common/settings/fill.c common/settings/fill.h \
	common/settings/foreign.c common/settings/foreign.h \
	common/settings/limiter.c common/settings/limiter.h \
	common/settings/load.c common/settings/load.h \
	common/settings/lookup.c common/settings/lookup.h \
	common/settings/machine.c common/settings/machine.h \
	common/settings/macro.c common/settings/macro.h \
	common/settings/member.c common/settings/member.h \
	common/settings/place.c common/settings/place.h \
	common/settings/plain.c common/settings/plain.h \
	common/settings/print.c common/settings/print.h \
	common/settings/quota.c common/settings/quota.h \
	common/settings/relay.c common/settings/relay.h \
	common/settings/resolvconf.c common/settings/resolvconf.h \
	common/settings/settings.c common/settings/settings.h \
	common/settings/similar.c common/settings/similar.h \
	common/settings/table.c common/settings/table.h \
	common/tbl/setting.def

dist_man_MANS += common/settings/postrider.toml.5
