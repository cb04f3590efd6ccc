libcommon_a_SOURCES += \
	common/expr/ast.h \
	common/expr/block.c common/expr/block.h \
	common/expr/builtin.c common/expr/builtin.h \
	common/expr/builtin_array.c \
	common/expr/builtin_ask.c \
	common/expr/builtin_hash.c \
	common/expr/builtin_mail.c \
	common/expr/builtin_split.c \
	common/expr/builtin_text.c \
	common/expr/check.c common/expr/check.h \
	common/expr/eval.c common/expr/eval.h \
	common/expr/expr.c common/expr/expr.h \
	common/expr/lex.c common/expr/lex.h \
	common/expr/memo.c common/expr/memo.h \
	common/expr/number.c common/expr/number.h \
	common/expr/operator.c common/expr/operator.h \
	common/expr/parse.c common/expr/parse.h \
	common/expr/regex.c common/expr/regex.h \
	common/expr/scope.c common/expr/scope.h \
	common/expr/suggest.c common/expr/suggest.h \
	common/expr/utf8.c common/expr/utf8.h \
	common/expr/value.c common/expr/value.h \
	common/expr/warn.c common/expr/warn.h \
	common/tbl/constant.def \
	common/tbl/function.def \
	common/tbl/variable.def

dist_man_MANS += %D%/postrider-expr.7
