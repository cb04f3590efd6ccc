#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * The tokens of an expression, one at a time. A token's text is a slice of the expression, or of
 * the arena when a text had an escape that stands for another character. Words are not looked up
 * here: what one means depends on the setting.
 */
struct arena;
struct why;

enum expr_token_kind {
	EXPR_TOKEN_END,
	EXPR_TOKEN_WORD, /* begins with a letter, _, $ or, for durations, a digit */
	EXPR_TOKEN_INTEGER,
	EXPR_TOKEN_FLOAT,
	EXPR_TOKEN_TEXT, /* text is what stood between the quotes */
	EXPR_TOKEN_OPERATOR,
	EXPR_TOKEN_OPEN, /* ( */
	EXPR_TOKEN_CLOSE,
	EXPR_TOKEN_OPEN_ARRAY, /* [ */
	EXPR_TOKEN_CLOSE_ARRAY,
	EXPR_TOKEN_COMMA,
};

enum expr_operator {
	EXPR_OP_OR,
	EXPR_OP_AND,
	EXPR_OP_XOR,
	EXPR_OP_EQ,
	EXPR_OP_NE,
	EXPR_OP_LT,
	EXPR_OP_LE,
	EXPR_OP_GT,
	EXPR_OP_GE,
	EXPR_OP_ADD,
	EXPR_OP_SUB,
	EXPR_OP_MUL,
	EXPR_OP_DIV,
	EXPR_OP_NOT,
};

struct expr_token {
	enum expr_token_kind kind;
	enum expr_operator op; /* of OPERATOR */
	struct slice text;     /* as written, for TEXT without its quotes */
	int64_t integer;       /* of INTEGER */
	double real;           /* of FLOAT */
	size_t start;          /* bytes from the beginning of the expression */
	size_t end;
	unsigned column;
};

struct expr_lex {
	struct slice text;
	struct arena *arena;
	size_t at;       /* where the next token may begin */
	size_t counted;  /* column is that of this byte */
	unsigned column; /* 1-based, in characters */
};

void expr_lex_init(struct expr_lex *lex, struct slice text, struct arena *arena);
/* False on text that is no token: why tells what and where. */
bool expr_lex_next(struct expr_lex *lex, struct expr_token *token, struct why *why);

/* "||", "==", ... */
const char *expr_lex_operator_name(enum expr_operator op);
/*
 * The unspaced text around a place that was perhaps meant as one text: mx-1.example.org, ipv4-only,
 * 2001:db8::1.
 */
struct slice expr_lex_phrase(struct slice text, size_t at);
