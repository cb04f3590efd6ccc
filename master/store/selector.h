#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqlite3_stmt;
struct str;
struct why;

/*
 * Which deliveries a command is about: the SELECTOR of postrider(8), as a condition in SQL with
 * bound parameters only, and as a test on facts in memory. Pure; texts belong to the caller.
 */
enum store_selector_state {
	STORE_SELECTOR_ANY,
	STORE_SELECTOR_QUEUED, /* never tried */
	STORE_SELECTOR_DEFERRED,
	STORE_SELECTOR_HELD
};

/* What is set is combined by and. */
struct store_selector {
	int64_t message_id; /* 0: not asked for */
	const char *domain; /* NULL: not asked for; ASCII letters without case */
	const char *sender; /* as domain; "" is the null reverse-path */
	const char *rcpt;   /* as domain; of a pending recipient */
	enum store_selector_state state;
	int64_t older_than; /* message created at this second or before; 0: not asked for */
	bool all;           /* nothing else is needed */
};

/* The facts about one delivery that a selector looks at. */
struct store_selector_facts {
	int64_t message_id;
	const char *domain;
	const char *sender;
	const char *const *rcpts; /* pending ones */
	size_t rcpts_count;
	bool held;
	unsigned retry_num;
	int64_t created_at;
};

/* False when nothing is selected although `all` was not said. */
bool store_selector_check(const struct store_selector *selector, struct why *why);
/*
 * Appends a condition on a row d of delivery ("1" for all). Its parameters are named (:domain …)
 * and depend on nothing but which fields are set; no text of the selector is in it.
 */
void store_selector_where(const struct store_selector *selector, struct str *sql);
/* Binds those parameters; texts must live until the statement is reset. */
void store_selector_bind(const struct store_selector *selector, struct sqlite3_stmt *stmt);
/* The same condition on facts in memory. */
bool store_selector_matches(const struct store_selector *selector,
			    const struct store_selector_facts *facts);
