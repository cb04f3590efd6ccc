#include "common/expr/parse.h"

#include <string.h>

#include "common/arena.h"
#include "common/expr/ast.h"
#include "common/expr/lex.h"
#include "common/why.h"

/* Bounds of recursion here and in whoever walks the tree. */
enum { EXPR_PARSE_DEPTH = 100, EXPR_PARSE_INDEXES = 8 };

/* From loosest to tightest. */
enum expr_parse_level {
	EXPR_PARSE_OR,
	EXPR_PARSE_AND,
	EXPR_PARSE_XOR,
	EXPR_PARSE_EQUALITY,
	EXPR_PARSE_RELATION,
	EXPR_PARSE_SUM,
	EXPR_PARSE_PRODUCT,
	EXPR_PARSE_UNARY,
};

static const enum expr_parse_level expr_parse_levels[] = {
    [EXPR_OP_OR] = EXPR_PARSE_OR,       [EXPR_OP_AND] = EXPR_PARSE_AND,
    [EXPR_OP_XOR] = EXPR_PARSE_XOR,     [EXPR_OP_EQ] = EXPR_PARSE_EQUALITY,
    [EXPR_OP_NE] = EXPR_PARSE_EQUALITY, [EXPR_OP_LT] = EXPR_PARSE_RELATION,
    [EXPR_OP_LE] = EXPR_PARSE_RELATION, [EXPR_OP_GT] = EXPR_PARSE_RELATION,
    [EXPR_OP_GE] = EXPR_PARSE_RELATION, [EXPR_OP_ADD] = EXPR_PARSE_SUM,
    [EXPR_OP_SUB] = EXPR_PARSE_SUM,     [EXPR_OP_MUL] = EXPR_PARSE_PRODUCT,
    [EXPR_OP_DIV] = EXPR_PARSE_PRODUCT, [EXPR_OP_NOT] = EXPR_PARSE_UNARY,
};

struct expr_parse {
	struct arena *arena;
	struct expr_lex lex;
	struct expr_token token; /* the next one */
	struct slice before;     /* text of the one before it, for messages */
	unsigned depth;
	struct why *why;
};

/* Operands or items while their number is not known. */
struct expr_parse_list {
	struct expr_node **items;
	unsigned char *ops;
	size_t count;
	size_t room;
};

static struct expr_node *expr_parse_chain(struct expr_parse *parse, enum expr_parse_level level);

static bool
expr_parse_advance(struct expr_parse *parse)
{
	parse->before = parse->token.text;
	return expr_lex_next(&parse->lex, &parse->token, parse->why);
}

static struct expr_node *
expr_parse_node(struct expr_parse *parse, enum expr_node_kind kind, const struct expr_token *token)
{
	struct expr_node *node = arena_zero(parse->arena, struct expr_node);

	node->kind = kind;
	node->column = token->column;
	node->start = token->start;
	node->name = token->text;
	return node;
}

static void
expr_parse_push(struct expr_parse *parse, struct expr_parse_list *list, struct expr_node *node,
		enum expr_operator op)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 4;
		struct expr_node **items =
		    arena_array(parse->arena, room, sizeof(struct expr_node *));
		unsigned char *ops = arena_array(parse->arena, room, 1);

		if (list->count > 0) {
			memcpy(items, list->items, list->count * sizeof(struct expr_node *));
			memcpy(ops, list->ops, list->count);
		}
		list->items = items;
		list->ops = ops;
		list->room = room;
	}
	list->items[list->count] = node;
	list->ops[list->count++] = (unsigned char)op;
}

static void
expr_parse_adopt(struct expr_node *node, const struct expr_parse_list *list)
{
	node->args = list->items;
	node->ops = list->ops;
	node->arg_count = list->count;
}

static bool
expr_parse_is_operator(const struct expr_parse *parse, enum expr_operator op)
{
	return parse->token.kind == EXPR_TOKEN_OPERATOR && parse->token.op == op;
}

/* What stands where an operand should. */
static struct expr_node *
expr_parse_missing(struct expr_parse *parse)
{
	const struct expr_token *token = &parse->token;

	if (token->kind == EXPR_TOKEN_OPERATOR)
		why_at(parse->why, 0, token->column, "An operand is missing before \"%.*s\"",
		       SLICE_ARG(token->text));
	else if (parse->before.len > 0)
		why_at(parse->why, 0, token->column, "An operand is missing after \"%.*s\"",
		       SLICE_ARG(parse->before));
	else
		why_at(parse->why, 0, token->column, "Unmatched %s \"%.*s\"",
		       token->kind == EXPR_TOKEN_COMMA ? "comma" : "close parenthesis",
		       SLICE_ARG(token->text));
	return NULL;
}

/* What stands behind a complete expression though nothing may. */
static bool
expr_parse_surplus(struct expr_parse *parse)
{
	const struct expr_token *token = &parse->token;

	switch (token->kind) {
	case EXPR_TOKEN_CLOSE:
		why_at(parse->why, 0, token->column, "Unmatched close parenthesis");
		break;
	case EXPR_TOKEN_CLOSE_ARRAY:
		why_at(parse->why, 0, token->column, "Unmatched close bracket");
		break;
	case EXPR_TOKEN_COMMA:
		why_at(parse->why, 0, token->column,
		       "Unexpected comma: a list is written [a, b], with brackets");
		break;
	default:
		why_at(
		    parse->why, 0, token->column,
		    "Unexpected \"%.*s\": an operator is missing before it, or a text needs inner "
		    "quotes: '%.*s'",
		    SLICE_ARG(token->text), SLICE_ARG(slice_trim(parse->lex.text)));
		break;
	}
	return false;
}

/* Items up to the closing mark, which is taken. open is the token that began the list. */
static bool
expr_parse_items(struct expr_parse *parse, const struct expr_token *open,
		 enum expr_token_kind close, struct expr_parse_list *list)
{
	while (parse->token.kind != close) {
		struct expr_node *item;

		if (parse->token.kind == EXPR_TOKEN_END) {
			why_at(parse->why, 0, open->column, "Unmatched open %s",
			       close == EXPR_TOKEN_CLOSE ? "parenthesis" : "bracket");
			return false;
		}
		item = expr_parse_chain(parse, EXPR_PARSE_OR);
		if (item == NULL)
			return false;
		expr_parse_push(parse, list, item, EXPR_OP_OR);
		if (parse->token.kind == close || parse->token.kind == EXPR_TOKEN_END)
			continue;
		if (parse->token.kind != EXPR_TOKEN_COMMA) {
			why_at(parse->why, 0, parse->token.column,
			       "A comma is missing before \"%.*s\"", SLICE_ARG(parse->token.text));
			return false;
		}
		if (!expr_parse_advance(parse))
			return false;
	}
	return expr_parse_advance(parse);
}

static struct expr_node *
expr_parse_word(struct expr_parse *parse)
{
	struct expr_token word = parse->token;
	struct expr_parse_list list = {0};
	struct expr_token open;
	struct expr_node *node;

	if (!expr_parse_advance(parse))
		return NULL;
	if (parse->token.kind != EXPR_TOKEN_OPEN)
		return expr_parse_node(parse, EXPR_NODE_WORD, &word);
	node = expr_parse_node(parse, EXPR_NODE_CALL, &word);
	node->tight = parse->token.start == word.end;
	open = parse->token;
	if (!expr_parse_advance(parse) || !expr_parse_items(parse, &open, EXPR_TOKEN_CLOSE, &list))
		return NULL;
	expr_parse_adopt(node, &list);
	return node;
}

static struct expr_node *
expr_parse_array(struct expr_parse *parse)
{
	struct expr_token open = parse->token;
	struct expr_node *node = expr_parse_node(parse, EXPR_NODE_ARRAY, &open);
	struct expr_parse_list list = {0};

	if (!expr_parse_advance(parse) ||
	    !expr_parse_items(parse, &open, EXPR_TOKEN_CLOSE_ARRAY, &list))
		return NULL;
	expr_parse_adopt(node, &list);
	return node;
}

static struct expr_node *
expr_parse_parenthesis(struct expr_parse *parse)
{
	struct expr_token open = parse->token;
	struct expr_node *node;

	if (!expr_parse_advance(parse))
		return NULL;
	if (parse->token.kind == EXPR_TOKEN_END) {
		why_at(parse->why, 0, open.column, "Unmatched open parenthesis");
		return NULL;
	}
	node = expr_parse_chain(parse, EXPR_PARSE_OR);
	if (node == NULL)
		return NULL;
	if (parse->token.kind == EXPR_TOKEN_END) {
		why_at(parse->why, 0, open.column, "Unmatched open parenthesis");
		return NULL;
	}
	if (parse->token.kind != EXPR_TOKEN_CLOSE) {
		expr_parse_surplus(parse);
		return NULL;
	}
	return expr_parse_advance(parse) ? node : NULL;
}

static struct expr_node *
expr_parse_literal(struct expr_parse *parse)
{
	struct expr_node *node = expr_parse_node(parse, EXPR_NODE_CONSTANT, &parse->token);

	if (parse->token.kind == EXPR_TOKEN_INTEGER)
		node->value = expr_value_integer(parse->token.integer);
	else if (parse->token.kind == EXPR_TOKEN_FLOAT)
		node->value = expr_value_float(parse->token.real);
	else
		node->value = expr_value_text(parse->token.text);
	node->literal = parse->token.kind == EXPR_TOKEN_TEXT;
	return expr_parse_advance(parse) ? node : NULL;
}

static struct expr_node *
expr_parse_primary(struct expr_parse *parse)
{
	switch (parse->token.kind) {
	case EXPR_TOKEN_INTEGER:
	case EXPR_TOKEN_FLOAT:
	case EXPR_TOKEN_TEXT:
		return expr_parse_literal(parse);
	case EXPR_TOKEN_WORD:
		return expr_parse_word(parse);
	case EXPR_TOKEN_OPEN_ARRAY:
		return expr_parse_array(parse);
	case EXPR_TOKEN_OPEN:
		return expr_parse_parenthesis(parse);
	default:
		return expr_parse_missing(parse);
	}
}

static struct expr_node *
expr_parse_index(struct expr_parse *parse, struct expr_node *array)
{
	struct expr_token open = parse->token;
	struct expr_node *node = expr_parse_node(parse, EXPR_NODE_INDEX, &open);
	struct expr_parse_list list = {0};
	struct expr_node *index;

	if (!expr_parse_advance(parse))
		return NULL;
	if (parse->token.kind == EXPR_TOKEN_CLOSE_ARRAY) {
		why_at(parse->why, 0, parse->token.column, "Missing array index");
		return NULL;
	}
	if (parse->token.kind == EXPR_TOKEN_END) {
		why_at(parse->why, 0, open.column, "Unmatched open bracket");
		return NULL;
	}
	index = expr_parse_chain(parse, EXPR_PARSE_OR);
	if (index == NULL)
		return NULL;
	if (parse->token.kind != EXPR_TOKEN_CLOSE_ARRAY) {
		why_at(parse->why, 0, open.column, "Unmatched open bracket");
		return NULL;
	}
	expr_parse_push(parse, &list, array, EXPR_OP_OR);
	expr_parse_push(parse, &list, index, EXPR_OP_OR);
	expr_parse_adopt(node, &list);
	return expr_parse_advance(parse) ? node : NULL;
}

static struct expr_node *
expr_parse_postfix(struct expr_parse *parse)
{
	struct expr_node *node = expr_parse_primary(parse);

	for (int count = 0; node != NULL && parse->token.kind == EXPR_TOKEN_OPEN_ARRAY; count++) {
		if (count == EXPR_PARSE_INDEXES) {
			why_at(parse->why, 0, parse->token.column,
			       "More than %d indexes behind one another", EXPR_PARSE_INDEXES);
			return NULL;
		}
		node = expr_parse_index(parse, node);
	}
	return node;
}

static struct expr_node *
expr_parse_unary(struct expr_parse *parse)
{
	bool negate = expr_parse_is_operator(parse, EXPR_OP_SUB);
	struct expr_parse_list list = {0};
	struct expr_node *operand = NULL;
	struct expr_node *node;

	if (parse->depth == EXPR_PARSE_DEPTH) {
		why_at(parse->why, 0, parse->token.column,
		       "The expression is nested more than %d levels deep", EXPR_PARSE_DEPTH);
		return NULL;
	}
	parse->depth++;
	if (!negate && !expr_parse_is_operator(parse, EXPR_OP_NOT)) {
		node = expr_parse_postfix(parse);
	} else {
		node = expr_parse_node(parse, negate ? EXPR_NODE_NEGATE : EXPR_NODE_NOT,
				       &parse->token);
		if (expr_parse_advance(parse))
			operand = expr_parse_unary(parse);
		expr_parse_push(parse, &list, operand, EXPR_OP_NOT);
		expr_parse_adopt(node, &list);
		node = operand ? node : NULL;
	}
	parse->depth--;
	return node;
}

static struct expr_node *
expr_parse_chain(struct expr_parse *parse, enum expr_parse_level level)
{
	struct expr_parse_list list = {0};
	struct expr_node *chain = NULL;
	struct expr_node *operand;

	if (level == EXPR_PARSE_UNARY)
		return expr_parse_unary(parse);
	operand = expr_parse_chain(parse, level + 1);
	while (operand != NULL && parse->token.kind == EXPR_TOKEN_OPERATOR &&
	       expr_parse_levels[parse->token.op] == level) {
		enum expr_operator op = parse->token.op;

		if (chain == NULL) {
			chain = expr_parse_node(parse, EXPR_NODE_CHAIN, &parse->token);
			expr_parse_push(parse, &list, operand, op);
		}
		if (!expr_parse_advance(parse))
			return NULL;
		operand = expr_parse_chain(parse, level + 1);
		expr_parse_push(parse, &list, operand, op);
	}
	if (operand == NULL || chain == NULL)
		return operand;
	expr_parse_adopt(chain, &list);
	return chain;
}

/* `()` and nothing else, which some configurations use for "unset". */
static bool
expr_parse_is_empty(struct slice text)
{
	bool open = false;
	bool closed = false;

	for (size_t i = 0; i < text.len; i++) {
		if (memchr(" \t\r\n", text.data[i], 4) != NULL)
			continue;
		if (text.data[i] == '(' && !open)
			open = true;
		else if (text.data[i] == ')' && open && !closed)
			closed = true;
		else
			return false;
	}
	return open == closed;
}

bool
expr_parse(struct arena *arena, struct slice text, struct expr_node **root, struct why *why)
{
	struct expr_parse parse = {.arena = arena, .why = why};

	*root = NULL;
	if (expr_parse_is_empty(text))
		return true;
	expr_lex_init(&parse.lex, text, arena);
	if (!expr_parse_advance(&parse))
		return false;
	parse.before = (struct slice){0};
	*root = expr_parse_chain(&parse, EXPR_PARSE_OR);
	if (*root == NULL)
		return false;
	return parse.token.kind == EXPR_TOKEN_END || expr_parse_surplus(&parse);
}
