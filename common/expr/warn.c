#include "common/expr/warn.h"

#include "common/expr/ast.h"
#include "common/expr/lex.h"
#include "common/str.h"

static bool
expr_warn_is_text(const struct expr_node *node)
{
	return node->kind == EXPR_NODE_CONSTANT && node->value.type == EXPR_TEXT;
}

/* `x == 'a'`: sets x and 'a', whichever side they are on. */
static bool
expr_warn_is_test(const struct expr_node *node, const struct expr_node **subject,
		  const struct expr_node **text)
{
	if (node->kind != EXPR_NODE_CHAIN || node->arg_count != 2 || node->ops[1] != EXPR_OP_EQ)
		return false;
	*text = node->args[expr_warn_is_text(node->args[1]) ? 1 : 0];
	*subject = node->args[*text == node->args[0] ? 1 : 0];
	return expr_warn_is_text(*text) && (*subject)->kind == EXPR_NODE_VARIABLE;
}

/* `x == 'a' || 'b'`, the mistake of many: the second text is always true. */
static void
expr_warn_text(const struct expr_node *chain, size_t at, expr_warn_fn warn, void *arg)
{
	const struct expr_node *operand = chain->args[at];
	const struct expr_node *subject = NULL;
	const struct expr_node *text = NULL;
	struct str message = {0};
	bool tested = false;

	for (size_t i = at; i-- > 0 && !tested && chain->ops[1] == EXPR_OP_OR;)
		tested = expr_warn_is_test(chain->args[i], &subject, &text);
	str_printf(&message, "The text '%.*s' as an operand of %s is always %s",
		   SLICE_ARG(operand->value.text), expr_lex_operator_name(chain->ops[1]),
		   operand->value.text.len > 0 ? "true" : "false");
	if (tested)
		str_printf(&message, ": write contains(['%.*s', '%.*s'], %s)",
			   SLICE_ARG(text->value.text), SLICE_ARG(operand->value.text),
			   expr_scope_variable(subject->variable)->name);
	else
		str_text(&message, ": to ask whether x is one of several texts write "
				   "contains(['a', 'b'], x)");
	warn(operand->column, str_c(&message), arg);
	str_free(&message);
}

static void
expr_warn_logic(const struct expr_node *chain, expr_warn_fn warn, void *arg)
{
	for (size_t i = 0; i < chain->arg_count; i++) {
		if (expr_warn_is_text(chain->args[i]))
			expr_warn_text(chain, i, warn, arg);
	}
}

static void
expr_warn_units(const struct expr_node *chain, expr_warn_fn warn, void *arg)
{
	const struct expr_node *seconds = NULL;
	bool duration = false;

	for (size_t i = 0; i < chain->arg_count; i++) {
		duration = duration || chain->args[i]->duration;
		if (chain->args[i]->seconds && seconds == NULL)
			seconds = chain->args[i];
	}
	if (duration && seconds != NULL)
		warn(seconds->column,
		     "expires_in counts seconds and a duration milliseconds: compare it with "
		     "expires_in_ms instead",
		     arg);
}

/* A sum or product with a duration is one; dividing is how people make seconds of it. */
static void
expr_warn_carry(struct expr_node *node)
{
	bool sum = node->kind == EXPR_NODE_NEGATE ||
		   (node->kind == EXPR_NODE_CHAIN &&
		    (node->ops[1] == EXPR_OP_ADD || node->ops[1] == EXPR_OP_SUB));
	bool product = node->kind == EXPR_NODE_CHAIN && node->ops[1] == EXPR_OP_MUL;

	for (size_t i = 1; i < node->arg_count && node->kind == EXPR_NODE_CHAIN; i++)
		product = product && node->ops[i] == EXPR_OP_MUL;
	for (size_t i = 0; i < node->arg_count; i++) {
		node->duration = node->duration || ((sum || product) && node->args[i]->duration);
		node->seconds = node->seconds || (sum && node->args[i]->seconds);
	}
}

void
expr_warn_node(struct expr_node *node, expr_warn_fn warn, void *arg)
{
	expr_warn_carry(node);
	if (warn == NULL || node->kind != EXPR_NODE_CHAIN)
		return;
	switch (node->ops[1]) {
	case EXPR_OP_OR:
	case EXPR_OP_AND:
	case EXPR_OP_XOR:
		expr_warn_logic(node, warn, arg);
		break;
	case EXPR_OP_EQ:
	case EXPR_OP_NE:
	case EXPR_OP_LT:
	case EXPR_OP_LE:
	case EXPR_OP_GT:
	case EXPR_OP_GE:
		expr_warn_units(node, warn, arg);
		break;
	default:
		break;
	}
}
