#include "common/expr/memo.h"

#include <strings.h>

#include "common/arena.h"

struct expr_memo_entry {
	struct expr_memo_entry *next;
	struct expr_question question;
	enum expr_answer answer;
	struct expr_value value;
};

struct expr_memo {
	struct arena *arena;
	struct expr_memo_entry *entries;
};

struct expr_memo *
expr_memo_new(struct arena *arena)
{
	struct expr_memo *memo = arena_zero(arena, struct expr_memo);

	memo->arena = arena;
	return memo;
}

void
expr_memo_add(struct expr_memo *memo, const struct expr_question *question, enum expr_answer answer,
	      const struct expr_value *value)
{
	struct expr_memo_entry *entry;
	struct expr_value known;

	if (expr_memo_find(memo, question, &answer, &known))
		return;
	entry = arena_zero(memo->arena, struct expr_memo_entry);
	entry->question = *question;
	entry->answer = answer;
	entry->value = expr_value_text((struct slice){"", 0});
	if (value != NULL)
		entry->value = expr_value_copy(memo->arena, value);
	entry->next = memo->entries;
	memo->entries = entry;
}

bool
expr_memo_find(const struct expr_memo *memo, const struct expr_question *question,
	       enum expr_answer *answer, struct expr_value *value)
{
	const struct expr_memo_entry *entry = memo->entries;

	while (entry != NULL && (entry->question.type != question->type ||
				 strcasecmp(entry->question.name, question->name) != 0))
		entry = entry->next;
	if (entry == NULL)
		return false;
	*answer = entry->answer;
	*value = entry->value;
	return true;
}

const char *
expr_memo_type_name(enum expr_dns_type type)
{
	static const char *const names[] = {
	    [EXPR_DNS_MX] = "mx",   [EXPR_DNS_IPV4] = "ipv4", [EXPR_DNS_IPV6] = "ipv6",
	    [EXPR_DNS_PTR] = "ptr", [EXPR_DNS_TXT] = "txt",
	};

	return names[type];
}
