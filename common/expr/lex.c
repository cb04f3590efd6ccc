#include "common/expr/lex.h"

#include <string.h>

#include "common/arena.h"
#include "common/expr/number.h"
#include "common/expr/utf8.h"
#include "common/why.h"

/* Longer spellings before those they begin with. */
static const struct {
	const char *text;
	enum expr_operator op;
} expr_lex_operators[] = {
    {"||", EXPR_OP_OR}, {"|", EXPR_OP_OR},  {"&&", EXPR_OP_AND}, {"&", EXPR_OP_AND},
    {"^", EXPR_OP_XOR}, {"==", EXPR_OP_EQ}, {"=<", EXPR_OP_LE},  {"=>", EXPR_OP_GE},
    {"=", EXPR_OP_EQ},  {"!=", EXPR_OP_NE}, {"!", EXPR_OP_NOT},  {"<=", EXPR_OP_LE},
    {"<", EXPR_OP_LT},  {">=", EXPR_OP_GE}, {">", EXPR_OP_GT},   {"+", EXPR_OP_ADD},
    {"-", EXPR_OP_SUB}, {"*", EXPR_OP_MUL}, {"/", EXPR_OP_DIV},
};

static const struct {
	char c;
	enum expr_token_kind kind;
} expr_lex_marks[] = {
    {'(', EXPR_TOKEN_OPEN},        {')', EXPR_TOKEN_CLOSE}, {'[', EXPR_TOKEN_OPEN_ARRAY},
    {']', EXPR_TOKEN_CLOSE_ARRAY}, {',', EXPR_TOKEN_COMMA},
};

void
expr_lex_init(struct expr_lex *lex, struct slice text, struct arena *arena)
{
	*lex = (struct expr_lex){.text = text, .arena = arena, .column = 1};
}

const char *
expr_lex_operator_name(enum expr_operator op)
{
	static const char *const names[] = {
	    [EXPR_OP_OR] = "||", [EXPR_OP_AND] = "&&", [EXPR_OP_XOR] = "^", [EXPR_OP_EQ] = "==",
	    [EXPR_OP_NE] = "!=", [EXPR_OP_LT] = "<",   [EXPR_OP_LE] = "<=", [EXPR_OP_GT] = ">",
	    [EXPR_OP_GE] = ">=", [EXPR_OP_ADD] = "+",  [EXPR_OP_SUB] = "-", [EXPR_OP_MUL] = "*",
	    [EXPR_OP_DIV] = "/", [EXPR_OP_NOT] = "!",
	};

	return names[op];
}

static bool
expr_lex_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
expr_lex_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static bool
expr_lex_is_word(char c)
{
	return expr_lex_is_letter(c) || expr_lex_is_digit(c) || c == '.';
}

static bool
expr_lex_is_phrase(char c)
{
	return expr_lex_is_word(c) || c == '-' || c == ':' || c == '@';
}

struct slice
expr_lex_phrase(struct slice text, size_t at)
{
	size_t start = at;
	size_t end = at;

	while (start > 0 && expr_lex_is_phrase(text.data[start - 1]))
		start--;
	while (end < text.len && expr_lex_is_phrase(text.data[end]))
		end++;
	return (struct slice){text.data + start, end - start};
}

static unsigned
expr_lex_column(struct expr_lex *lex, size_t at)
{
	struct slice passed = {lex->text.data + lex->counted, at - lex->counted};

	lex->column += (unsigned)expr_utf8_count(passed);
	lex->counted = at;
	return lex->column;
}

static bool
expr_lex_invalid(struct expr_lex *lex, const struct expr_token *token, struct why *why)
{
	struct slice rest = {lex->text.data + lex->at, lex->text.len - lex->at};
	struct slice phrase = expr_lex_phrase(lex->text, lex->at);
	struct str shown = {0};
	uint32_t code;
	size_t len = expr_utf8_next(rest, &code);

	str_printable(&shown, rest.data, len);
	if (phrase.len > 1 && (rest.data[0] == ':' || rest.data[0] == '@'))
		why_at(why, 0, token->column,
		       "Invalid character '%s': a text needs inner quotes: '%.*s'", str_c(&shown),
		       SLICE_ARG(phrase));
	else
		why_at(why, 0, token->column, "Invalid character '%s'", str_c(&shown));
	str_free(&shown);
	return false;
}

/* Digits and dots. */
static bool
expr_lex_number(struct expr_lex *lex, struct expr_token *token, struct why *why)
{
	struct slice phrase = expr_lex_phrase(lex->text, token->start);
	size_t dots = 0;

	for (size_t i = 0; i < token->text.len; i++)
		dots += token->text.data[i] == '.';
	if (dots == 0) {
		token->kind = EXPR_TOKEN_INTEGER;
		if (expr_number_integer(token->text, &token->integer))
			return true;
		why_at(why, 0, token->column, "Invalid integer value \"%.*s\": it is too large",
		       SLICE_ARG(token->text));
		return false;
	}
	token->kind = EXPR_TOKEN_FLOAT;
	if (dots == 1 && expr_number_float(token->text, &token->real))
		return true;
	why_at(why, 0, token->column,
	       dots > 1 ? "Invalid float value \"%.*s\": a text needs inner quotes: '%.*s'"
			: "Invalid float value \"%.*s\"",
	       SLICE_ARG(token->text), SLICE_ARG(phrase));
	return false;
}

static bool
expr_lex_word(struct expr_lex *lex, struct expr_token *token, struct why *why)
{
	bool letters = false;
	size_t end = lex->at;

	while (end < lex->text.len && expr_lex_is_word(lex->text.data[end])) {
		letters = letters || expr_lex_is_letter(lex->text.data[end]);
		end++;
	}
	token->text = (struct slice){lex->text.data + lex->at, end - lex->at};
	lex->at = end;
	token->end = end;
	token->kind = EXPR_TOKEN_WORD;
	return letters || expr_lex_number(lex, token, why);
}

/* The character a kept backslash changes the next one into, or that one itself. */
static char
expr_lex_escape(char c)
{
	return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

/*
 * The backslash of an escape is kept, so that regular expressions keep theirs; only n, r and t
 * behind one become the character they name.
 */
static bool
expr_lex_text(struct expr_lex *lex, struct expr_token *token, struct why *why)
{
	char quote = lex->text.data[lex->at];
	size_t start = lex->at + 1;
	size_t end = start;
	bool changed = false;

	while (end < lex->text.len && lex->text.data[end] != quote) {
		if (lex->text.data[end++] != '\\' || end == lex->text.len)
			continue;
		changed = changed || expr_lex_escape(lex->text.data[end]) != lex->text.data[end];
		end++;
	}
	if (end >= lex->text.len) {
		why_at(why, 0, token->column, "Unterminated text: the closing %c is missing",
		       quote);
		return false;
	}
	token->kind = EXPR_TOKEN_TEXT;
	token->text = (struct slice){lex->text.data + start, end - start};
	token->end = end + 1;
	lex->at = end + 1;
	if (!expr_utf8_is_valid(token->text)) {
		why_at(why, 0, token->column, "Invalid UTF-8 in a text");
		return false;
	}
	if (changed) {
		char *copy = arena_copy(lex->arena, token->text.data, token->text.len);

		for (size_t i = 0; i + 1 < token->text.len; i++) {
			if (copy[i] != '\\')
				continue;
			i++;
			copy[i] = expr_lex_escape(copy[i]);
		}
		token->text.data = copy;
	}
	return true;
}

static bool
expr_lex_mark(struct expr_lex *lex, struct expr_token *token)
{
	struct slice rest = {lex->text.data + lex->at, lex->text.len - lex->at};

	for (size_t i = 0; i < sizeof(expr_lex_marks) / sizeof(expr_lex_marks[0]); i++) {
		if (rest.data[0] != expr_lex_marks[i].c)
			continue;
		token->kind = expr_lex_marks[i].kind;
		token->end = ++lex->at;
		token->text = (struct slice){rest.data, 1};
		return true;
	}
	for (size_t i = 0; i < sizeof(expr_lex_operators) / sizeof(expr_lex_operators[0]); i++) {
		size_t len = strlen(expr_lex_operators[i].text);

		if (rest.len < len || memcmp(rest.data, expr_lex_operators[i].text, len) != 0)
			continue;
		token->kind = EXPR_TOKEN_OPERATOR;
		token->op = expr_lex_operators[i].op;
		lex->at += len;
		token->end = lex->at;
		token->text = (struct slice){rest.data, len};
		return true;
	}
	return false;
}

bool
expr_lex_next(struct expr_lex *lex, struct expr_token *token, struct why *why)
{
	while (lex->at < lex->text.len && memchr(" \t\r\n", lex->text.data[lex->at], 4) != NULL)
		lex->at++;
	*token = (struct expr_token){.start = lex->at, .end = lex->at};
	token->column = expr_lex_column(lex, lex->at);
	if (lex->at == lex->text.len)
		return true;
	if (expr_lex_is_word(lex->text.data[lex->at]))
		return expr_lex_word(lex, token, why);
	if (lex->text.data[lex->at] == '\'' || lex->text.data[lex->at] == '"')
		return expr_lex_text(lex, token, why);
	return expr_lex_mark(lex, token) || expr_lex_invalid(lex, token, why);
}
