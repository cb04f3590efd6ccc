#include "worker/deliver/ask.h"

#include <string.h>

#include "common/arena.h"
#include "common/expr/expr.h"
#include "common/netaddr.h"
#include "worker/resolve/name.h"
#include "worker/resolve/resolve.h"

/* More questions than this in one run of one setting is a loop of the author's making. */
enum { DELIVER_ASK_MOST = 64 };

struct deliver_ask {
	struct arena *arena;
	struct resolve *resolve;
	struct expr_memo *memo;
	struct resolve_query *query; /* under way */
	unsigned asked;
	struct expr_env *env;
	deliver_ask_eval_fn eval;
	deliver_ask_done_fn done;
	void *arg;
};

struct deliver_ask *
deliver_ask_new(struct arena *arena, struct resolve *resolve)
{
	struct deliver_ask *ask = arena_zero(arena, struct deliver_ask);

	ask->arena = arena;
	ask->resolve = resolve;
	ask->memo = expr_memo_new(arena);
	return ask;
}

static void
deliver_ask_put(struct deliver_ask *ask, enum expr_answer answer, const struct expr_value *value)
{
	expr_memo_add(ask->memo, &ask->env->question, answer, value);
}

static void
deliver_ask_fail(struct deliver_ask *ask, const char *why)
{
	struct expr_value text = expr_value_text(slice_of(why));

	deliver_ask_put(ask, EXPR_ANSWER_FAILED, &text);
}

static struct expr_value
deliver_ask_record(struct deliver_ask *ask, const struct resolve_record *record)
{
	char *text = arena_alloc(ask->arena, NETADDR_TEXT);
	struct netaddr address;

	switch (ask->env->question.type) {
	case EXPR_DNS_MX:
		return expr_value_text(slice_of(arena_str(ask->arena, record->mx.host)));
	case EXPR_DNS_IPV4:
		address = netaddr_from_v4(record->a, 0);
		return expr_value_text(slice_of(netaddr_text(text, &address)));
	case EXPR_DNS_IPV6:
		address = netaddr_from_v6(&record->aaaa, 0);
		return expr_value_text(slice_of(netaddr_text(text, &address)));
	case EXPR_DNS_PTR:
		return expr_value_text(slice_of(arena_str(ask->arena, record->ptr)));
	case EXPR_DNS_TXT:
		break;
	}
	return expr_value_text((struct slice){
	    arena_copy(ask->arena, record->txt.data, record->txt.len), record->txt.len});
}

/* TXT is one text: the records joined in the order of the answer. */
static struct expr_value
deliver_ask_join(struct deliver_ask *ask, const struct expr_value *items, size_t count)
{
	struct str all = {0};
	struct expr_value value;

	for (size_t i = 0; i < count; i++)
		str_bytes(&all, items[i].text.data, items[i].text.len);
	value = expr_value_text((struct slice){arena_copy(ask->arena, all.data, all.len), all.len});
	str_free(&all);
	return value;
}

static void
deliver_ask_found(struct deliver_ask *ask, const struct resolve_answer *answer)
{
	struct expr_value *items = arena_array(ask->arena, answer->count, sizeof(*items));
	struct expr_value value;

	for (size_t i = 0; i < answer->count; i++)
		items[i] = deliver_ask_record(ask, &answer->records[i]);
	value = ask->env->question.type == EXPR_DNS_TXT
		    ? deliver_ask_join(ask, items, answer->count)
		    : expr_value_array(items, answer->count);
	deliver_ask_put(ask, EXPR_ANSWER_FOUND, &value);
}

static void deliver_ask_go(struct deliver_ask *ask);

static void
deliver_ask_on_answer(const struct resolve_answer *answer, void *arg)
{
	struct deliver_ask *ask = arg;

	ask->query = NULL;
	if (answer->status == RESOLVE_OK)
		deliver_ask_found(ask, answer);
	else if (resolve_status_is_temporary(answer->status))
		deliver_ask_fail(ask, answer->detail);
	else
		deliver_ask_put(ask, EXPR_ANSWER_NONE, NULL);
	deliver_ask_go(ask);
}

/* The name to ask for; NULL: there cannot be an answer. */
static const char *
deliver_ask_name(const struct expr_question *question, char reverse[RESOLVE_NAME_REVERSE])
{
	struct netaddr address;

	if (question->type != EXPR_DNS_PTR)
		return question->name;
	if (!netaddr_parse(slice_of(question->name), 0, &address))
		return NULL;
	return resolve_name_reverse(reverse, &address.sa.any);
}

/* False: it was answered at once. */
static bool
deliver_ask_question(struct deliver_ask *ask)
{
	static const enum resolve_type types[] = {
	    [EXPR_DNS_MX] = RESOLVE_MX,     [EXPR_DNS_IPV4] = RESOLVE_A,
	    [EXPR_DNS_IPV6] = RESOLVE_AAAA, [EXPR_DNS_PTR] = RESOLVE_PTR,
	    [EXPR_DNS_TXT] = RESOLVE_TXT,
	};
	char reverse[RESOLVE_NAME_REVERSE];
	const char *name = deliver_ask_name(&ask->env->question, reverse);

	if (++ask->asked > DELIVER_ASK_MOST) {
		deliver_ask_fail(ask, "too many questions");
		return false;
	}
	if (name == NULL) {
		deliver_ask_put(ask, EXPR_ANSWER_NONE, NULL);
		return false;
	}
	ask->query = resolve_start(ask->resolve, name, types[ask->env->question.type],
				   deliver_ask_on_answer, ask);
	return true;
}

static void
deliver_ask_go(struct deliver_ask *ask)
{
	ask->env->memo = ask->memo;
	while (ask->eval(ask->env, ask->arg) == EXPR_WAIT)
		if (deliver_ask_question(ask))
			return;
	ask->done(ask->arg);
}

void
deliver_ask_run(struct deliver_ask *ask, struct expr_env *env, deliver_ask_eval_fn eval,
		deliver_ask_done_fn done, void *arg)
{
	ask->env = env;
	ask->eval = eval;
	ask->done = done;
	ask->arg = arg;
	ask->asked = 0;
	deliver_ask_go(ask);
}

void
deliver_ask_cancel(struct deliver_ask *ask)
{
	resolve_cancel(&ask->query);
}
