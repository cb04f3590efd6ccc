#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/expr/expr.h"
#include "common/why.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every answer of DNS is this; five questions are enough to see all kinds of answers. */
enum { FUZZ_QUESTIONS = 5 };

static void
fuzz_warn(unsigned column, const char *text, void *arg)
{
	assert(column > 0 && text[0] != '\0');
}

static void
fuzz_answer(struct expr_env *env, unsigned turn)
{
	struct expr_value item = expr_value_text(slice_of("192.0.2.1"));
	struct expr_value list = expr_value_array(&item, 1);

	expr_memo_add(env->memo, &env->question, (enum expr_answer)(turn % 3),
		      env->question.type == EXPR_DNS_TXT ? &item : &list);
}

/* Whatever compiles has a value that can be printed, or says why it has none. */
static void
fuzz_evaluate(struct arena *arena, const struct expr *expr, const struct expr_value *variables)
{
	struct expr_env env = {.variables = variables, .arena = arena};
	struct why why = {0};
	struct expr_value value;
	enum expr_status status = EXPR_WAIT;
	struct str text = {0};

	env.memo = expr_memo_new(arena);
	for (unsigned turn = 0; status == EXPR_WAIT && turn < FUZZ_QUESTIONS; turn++) {
		env.captures.count = 0;
		status = expr_eval(expr, &env, &value, &why);
		if (status == EXPR_WAIT)
			fuzz_answer(&env, turn);
	}
	assert(status != EXPR_FAILED || why.text[0] != '\0');
	if (status == EXPR_OK) {
		expr_value_print(&text, &value);
		assert(text.len > 0);
	}
	str_free(&text);
}

/* Reads like an expression that was written for any setting, about text of a stranger. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct expr_value variables[EXPR_VARIABLE_COUNT];
	struct arena *arena = arena_new();
	struct slice text = {(const char *)data, size};
	struct why why = {0};
	struct expr *expr;

	expr_scope_blank(variables);
	variables[EXPR_VAR_SENDER] = expr_value_text(slice_of("b\xff@\xc3\x89x.org"));
	variables[EXPR_VAR_MX] = expr_value_text(slice_of("mx1.example.org"));
	variables[EXPR_VAR_RETRY_NUM] = expr_value_integer(INT64_MIN);
	variables[EXPR_VAR_PRIORITY] = expr_value_integer(INT64_MAX);
	variables[EXPR_VAR_RECIPIENTS] = expr_value_array(&variables[EXPR_VAR_SENDER], 2);
	expr = expr_compile(arena, text, expr_scope_all(), fuzz_warn, NULL, &why);
	if (expr == NULL)
		assert(why.column > 0 && why.column <= size + 1 && why.text[0] != '\0');
	else
		fuzz_evaluate(arena, expr, variables);
	arena_free(&arena);
	return 0;
}
