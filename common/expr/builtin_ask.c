#include "common/expr/builtin.h"

#include <string.h>

#include "common/arena.h"
#include "common/expr/eval.h"
#include "common/why.h"

/* Addresses a query of type ip gives at most. */
enum { EXPR_BUILTIN_ASK_ADDRESSES = 10 };

static struct slice
expr_builtin_ask_text(struct expr_run *run, const struct expr_value *value)
{
	return expr_value_stringify(value, run->env->arena);
}

void
expr_builtin_ask_config_get(struct expr_run *run, unsigned column, const struct expr_value *args,
			    struct expr_value *result)
{
	const struct expr_lookup *lookup = run->env->lookup;
	struct slice key = expr_builtin_ask_text(run, &args[0]);

	if (lookup == NULL || lookup->config_get == NULL ||
	    !lookup->config_get(key, result, run->env->lookup_arg))
		*result = expr_value_text((struct slice){"", 0});
}

void
expr_builtin_ask_key_get(struct expr_run *run, unsigned column, const struct expr_value *args,
			 struct expr_value *result)
{
	const struct expr_lookup *lookup = run->env->lookup;
	struct slice store = expr_builtin_ask_text(run, &args[0]);
	struct slice key = expr_builtin_ask_text(run, &args[1]);

	if (lookup == NULL || lookup->key_get == NULL ||
	    !lookup->key_get(store, key, result, run->env->lookup_arg))
		*result = expr_value_text((struct slice){"", 0});
}

typedef bool expr_builtin_ask_fn(struct slice a, struct slice b, void *arg);

static struct expr_value
expr_builtin_ask_truth(struct expr_run *run, const struct expr_value *args, expr_builtin_ask_fn *fn)
{
	struct slice a = expr_builtin_ask_text(run, &args[0]);
	struct slice b = expr_builtin_ask_text(run, &args[1]);

	return expr_value_integer(fn != NULL && fn(a, b, run->env->lookup_arg));
}

void
expr_builtin_ask_key_exists(struct expr_run *run, unsigned column, const struct expr_value *args,
			    struct expr_value *result)
{
	const struct expr_lookup *lookup = run->env->lookup;

	*result = expr_builtin_ask_truth(run, args, lookup ? lookup->key_exists : NULL);
}

void
expr_builtin_ask_is_local_domain(struct expr_run *run, unsigned column,
				 const struct expr_value *args, struct expr_value *result)
{
	const struct expr_lookup *lookup = run->env->lookup;

	*result = expr_builtin_ask_truth(run, args, lookup ? lookup->is_local_domain : NULL);
}

void
expr_builtin_ask_is_local_address(struct expr_run *run, unsigned column,
				  const struct expr_value *args, struct expr_value *result)
{
	const struct expr_lookup *lookup = run->env->lookup;

	*result = expr_builtin_ask_truth(run, args, lookup ? lookup->is_local_address : NULL);
}

/* The memo's answer; a question it has not met stops the run. */
static enum expr_answer
expr_builtin_ask_memo(struct expr_run *run, struct slice name, enum expr_dns_type type,
		      struct expr_value *value)
{
	struct expr_env *env = run->env;
	struct expr_question question = {.type = type};
	enum expr_answer answer = EXPR_ANSWER_NONE;

	if (name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	/* What cannot be a name does not exist, and nobody needs to be asked. */
	if (name.len == 0 || name.len > EXPR_DNS_NAME || memchr(name.data, '\0', name.len) != NULL)
		return EXPR_ANSWER_NONE;
	memcpy(question.name, name.data, name.len);
	if (env->memo == NULL) {
		*value = expr_value_text(slice_of("there is nobody to ask here"));
		return EXPR_ANSWER_FAILED;
	}
	if (!expr_memo_find(env->memo, &question, &answer, value)) {
		env->question = question;
		run->status = EXPR_WAIT;
	}
	return answer;
}

static void
expr_builtin_ask_fail(struct expr_run *run, unsigned column, struct slice name, struct slice type,
		      const struct expr_value *reason)
{
	struct slice text = expr_builtin_ask_text(run, reason);
	struct str shown = {0};

	str_text(&shown, "dns_query(\"");
	str_printable(&shown, name.data, name.len);
	str_text(&shown, "\", \"");
	str_printable(&shown, type.data, type.len);
	str_text(&shown, "\") failed");
	if (text.len > 0) {
		str_text(&shown, ": ");
		str_printable(&shown, text.data, text.len);
	}
	run->status = EXPR_FAILED;
	why_at(run->why, run->env->line, column, "%s", str_c(&shown));
	str_free(&shown);
}

/* One family may fail while the other has addresses; with none at all a failure is the answer. */
static enum expr_answer
expr_builtin_ask_addresses(struct expr_run *run, struct slice name, struct expr_value *value)
{
	enum expr_answer answers[2];
	struct expr_value values[2];
	struct expr_value *items;
	size_t count = 0;

	answers[0] = expr_builtin_ask_memo(run, name, EXPR_DNS_IPV4, &values[0]);
	if (run->status != EXPR_OK)
		return EXPR_ANSWER_NONE;
	answers[1] = expr_builtin_ask_memo(run, name, EXPR_DNS_IPV6, &values[1]);
	if (run->status != EXPR_OK)
		return EXPR_ANSWER_NONE;
	items = arena_array(run->env->arena, EXPR_BUILTIN_ASK_ADDRESSES, sizeof(*items));
	for (size_t i = 0; i < 2; i++) {
		const struct expr_value *list;
		size_t listed = 0;

		if (answers[i] == EXPR_ANSWER_FAILED)
			*value = values[i];
		if (answers[i] == EXPR_ANSWER_FOUND)
			expr_value_to_list(&values[i], &list, &listed);
		for (size_t j = 0; j < listed && count < EXPR_BUILTIN_ASK_ADDRESSES; j++)
			items[count++] = list[j];
	}
	if (count == 0)
		return answers[0] == EXPR_ANSWER_FAILED || answers[1] == EXPR_ANSWER_FAILED
			   ? EXPR_ANSWER_FAILED
			   : EXPR_ANSWER_NONE;
	*value = expr_value_array(items, count);
	return EXPR_ANSWER_FOUND;
}

void
expr_builtin_ask_dns_query(struct expr_run *run, unsigned column, const struct expr_value *args,
			   struct expr_value *result)
{
	struct slice name = expr_builtin_ask_text(run, &args[0]);
	struct slice word = expr_builtin_ask_text(run, &args[1]);
	enum expr_answer answer = EXPR_ANSWER_NONE;
	struct expr_value value;
	unsigned type = 0;

	while (type <= EXPR_DNS_TXT && !slice_is_nocase(word, expr_memo_type_name(type)))
		type++;
	if (slice_is_nocase(word, "ip"))
		answer = expr_builtin_ask_addresses(run, name, &value);
	else if (type <= EXPR_DNS_TXT)
		answer = expr_builtin_ask_memo(run, name, type, &value);
	if (run->status != EXPR_OK)
		return;
	if (answer == EXPR_ANSWER_FOUND)
		*result = value;
	else if (answer == EXPR_ANSWER_FAILED)
		expr_builtin_ask_fail(run, column, name, word, &value);
	else if (type == EXPR_DNS_TXT || (type > EXPR_DNS_TXT && !slice_is_nocase(word, "ip")))
		*result = expr_value_text((struct slice){"", 0});
	else
		*result = expr_value_array(NULL, 0);
}
