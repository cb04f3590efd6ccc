libmaster_a_SOURCES += \
	%D%/arrive.c %D%/arrive.h \
	%D%/checkpoint.c %D%/checkpoint.h \
	%D%/db.c %D%/db.h \
	%D%/delivery.c %D%/delivery.h \
	%D%/edited.c %D%/edited.h \
	%D%/id.c %D%/id.h \
	%D%/lane.c %D%/lane.h \
	%D%/mass.c %D%/mass.h \
	%D%/migrate.c %D%/migrate.h \
	%D%/reconcile.c %D%/reconcile.h \
	%D%/reserve.c %D%/reserve.h \
	%D%/segment.c %D%/segment.h \
	%D%/scan.c %D%/scan.h \
	%D%/selector.c %D%/selector.h \
	%D%/settle.c %D%/settle.h \
	%D%/store.h \
	%D%/turn.c %D%/turn.h \
	%D%/view.c %D%/view.h
