#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/expr/value.h"

/*
 * Answers of DNS that one evaluation already has. Evaluation never waits: when it meets a question
 * that is not here it stops, the caller finds the answer, adds it, and evaluates from the start.
 * A memo belongs to one decision about one delivery, and lives in its arena.
 */
struct arena;

enum expr_dns_type { EXPR_DNS_MX, EXPR_DNS_IPV4, EXPR_DNS_IPV6, EXPR_DNS_PTR, EXPR_DNS_TXT };

enum { EXPR_DNS_NAME = 255 };

/* A name as the expression wrote it, without a trailing dot; for PTR the text of an address. */
struct expr_question {
	char name[EXPR_DNS_NAME + 1];
	enum expr_dns_type type;
};

enum expr_answer { EXPR_ANSWER_FOUND, EXPR_ANSWER_NONE, EXPR_ANSWER_FAILED };

struct expr_memo;

struct expr_memo *expr_memo_new(struct arena *arena);

/*
 * FOUND comes with an array of texts (MX: hosts by preference without trailing dots; addresses;
 * names) or, for TXT, one text. NONE is NXDOMAIN and "no such record". FAILED is everything else
 * and comes with a text that says why. The value is copied into the memo's arena. A second answer
 * to the same question is ignored.
 */
void expr_memo_add(struct expr_memo *memo, const struct expr_question *question,
		   enum expr_answer answer, const struct expr_value *value);

/* False when the question was not answered yet. Names compare without case. */
bool expr_memo_find(const struct expr_memo *memo, const struct expr_question *question,
		    enum expr_answer *answer, struct expr_value *value);

/* "mx", "ipv4", "ipv6", "ptr", "txt". */
const char *expr_memo_type_name(enum expr_dns_type type);
