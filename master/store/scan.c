#include "master/store/scan.h"

#include <sqlite3.h>

#include "common/str.h"
#include "master/store/db.h"
#include "master/store/selector.h"
#include "master/store/store.h"

sqlite3_stmt *
store_scan(struct store *store, const struct store_selector *selector, const char *only,
	   int64_t from, int64_t until, struct why *why)
{
	struct str sql = {0};
	sqlite3_stmt *stmt = NULL;

	str_text(&sql, "SELECT d.id, d.lane_id, (");
	str_text(&sql, only);
	str_text(&sql, ") AND (");
	store_selector_where(selector, &sql);
	str_text(&sql, ") FROM delivery AS d WHERE d.id > :from AND d.id <= :until");
	if (selector->message_id != 0)
		str_text(&sql, " AND d.message_id = :message");
	str_text(&sql, " ORDER BY d.id");
	if (sqlite3_prepare_v2(store->db, sql.data, -1, &stmt, NULL) != SQLITE_OK)
		store_db_error(store, sql.data, why);
	str_free(&sql);
	if (stmt == NULL)
		return NULL;
	store_selector_bind(selector, stmt);
	store_db_int(stmt, sqlite3_bind_parameter_index(stmt, ":from"), from);
	store_db_int(stmt, sqlite3_bind_parameter_index(stmt, ":until"), until);
	return stmt;
}
