#include "master/store/selector.h"

#include <sqlite3.h>
#include <string.h>
#include <strings.h>

#include "common/str.h"
#include "common/why.h"

bool
store_selector_check(const struct store_selector *selector, struct why *why)
{
	if (selector->all || selector->message_id != 0 || selector->domain != NULL ||
	    selector->sender != NULL || selector->rcpt != NULL ||
	    selector->state != STORE_SELECTOR_ANY || selector->older_than != 0)
		return true;
	why_set(why, "nothing is selected: --all means everything");
	return false;
}

static void
selector_and(struct str *sql, size_t start, const char *condition)
{
	if (sql->len > start)
		str_text(sql, " AND ");
	str_text(sql, condition);
}

/* What costs no look-up in another table comes first. */
void
store_selector_where(const struct store_selector *selector, struct str *sql)
{
	static const char *const states[] = {
	    [STORE_SELECTOR_QUEUED] = "d.state = 0 AND d.retry_num <= 0",
	    [STORE_SELECTOR_DEFERRED] = "d.state = 0 AND d.retry_num > 0",
	    [STORE_SELECTOR_HELD] = "d.state <> 0",
	};
	size_t start = sql->len;

	if (selector->message_id != 0)
		selector_and(sql, start, "d.message_id = :message");
	if (selector->state != STORE_SELECTOR_ANY)
		selector_and(sql, start, states[selector->state]);
	if (selector->domain != NULL)
		selector_and(sql, start,
			     "d.lane_id IN (SELECT l.id FROM domain AS o JOIN lane AS l"
			     " ON l.domain_id = o.id WHERE o.name = lower(:domain))");
	if (selector->older_than != 0)
		selector_and(sql, start,
			     "(SELECT m.created_at FROM message AS m WHERE m.id = d.message_id)"
			     " <= :older");
	if (selector->sender != NULL)
		selector_and(sql, start,
			     "(SELECT m.sender FROM message AS m WHERE m.id = d.message_id)"
			     " = :sender COLLATE NOCASE");
	if (selector->rcpt != NULL)
		selector_and(sql, start,
			     "EXISTS (SELECT 1 FROM recipient AS r WHERE r.delivery_id = d.id"
			     " AND r.state = 0 AND r.address = :rcpt COLLATE NOCASE)");
	if (sql->len == start)
		str_text(sql, "1");
}

static void
selector_bind_text(struct sqlite3_stmt *stmt, const char *name, const char *text)
{
	int place = sqlite3_bind_parameter_index(stmt, name);

	if (place > 0 && text != NULL)
		sqlite3_bind_text(stmt, place, text, -1, SQLITE_STATIC);
}

static void
selector_bind_int(struct sqlite3_stmt *stmt, const char *name, int64_t value)
{
	int place = sqlite3_bind_parameter_index(stmt, name);

	if (place > 0)
		sqlite3_bind_int64(stmt, place, value);
}

void
store_selector_bind(const struct store_selector *selector, struct sqlite3_stmt *stmt)
{
	selector_bind_int(stmt, ":message", selector->message_id);
	selector_bind_int(stmt, ":older", selector->older_than);
	selector_bind_text(stmt, ":domain", selector->domain);
	selector_bind_text(stmt, ":sender", selector->sender);
	selector_bind_text(stmt, ":rcpt", selector->rcpt);
}

static bool
selector_has_rcpt(const struct store_selector_facts *facts, const char *rcpt)
{
	for (size_t i = 0; i < facts->rcpts_count; i++)
		if (strcasecmp(facts->rcpts[i], rcpt) == 0)
			return true;
	return false;
}

static bool
selector_has_state(const struct store_selector_facts *facts, enum store_selector_state state)
{
	switch (state) {
	case STORE_SELECTOR_ANY:
		return true;
	case STORE_SELECTOR_QUEUED:
		return !facts->held && facts->retry_num == 0;
	case STORE_SELECTOR_DEFERRED:
		return !facts->held && facts->retry_num > 0;
	case STORE_SELECTOR_HELD:
		return facts->held;
	}
	return false;
}

bool
store_selector_matches(const struct store_selector *selector,
		       const struct store_selector_facts *facts)
{
	return (selector->message_id == 0 || selector->message_id == facts->message_id) &&
	       (selector->domain == NULL || strcasecmp(selector->domain, facts->domain) == 0) &&
	       (selector->sender == NULL || strcasecmp(selector->sender, facts->sender) == 0) &&
	       (selector->rcpt == NULL || selector_has_rcpt(facts, selector->rcpt)) &&
	       (selector->older_than == 0 || facts->created_at <= selector->older_than) &&
	       selector_has_state(facts, selector->state);
}
