#include <stddef.h>
#include <sysexits.h>

#include "common/why.h"
#include "master/core.h"
#include "master/ctl/request.h"
#include "master/sched/sched.h"
#include "master/store/view.h"

/* postrider show: one message with everything that is known about it. */

struct ctl_show {
	struct ctl_request *request;
	const char *table;
	size_t rows;
};

static const struct {
	enum store_view_part part;
	const char *table;
} ctl_show_parts[] = {
    {STORE_VIEW_MESSAGE, "message"},
    {STORE_VIEW_DELIVERIES, "delivery"},
    {STORE_VIEW_RECIPIENTS, "recipient"},
    {STORE_VIEW_ATTEMPTS, "attempt"},
};

/* A delivery's row gets one column more: where the scheduler has it now. */
static bool
ctl_show_row(void *arg, const struct store_view_column *columns, size_t count)
{
	struct ctl_show *show = arg;
	struct store_view_column wide[PROTO_CONTROL_COLUMNS];
	const char *where = NULL;

	show->rows++;
	for (size_t i = 0; i < count && i < PROTO_CONTROL_COLUMNS - 1; i++) {
		wide[i] = columns[i];
		if (slice_is(slice_of(columns[i].name), "delivery_id"))
			where =
			    sched_where(show->request->core->sched, (uint64_t)columns[i].integer);
	}
	if (where != NULL && count < PROTO_CONTROL_COLUMNS &&
	    slice_is(slice_of(show->table), "delivery"))
		wide[count++] = (struct store_view_column){.name = "now",
							   .type = STORE_VIEW_TEXT,
							   .text = where,
							   .len = slice_of(where).len};
	ctl_request_view(show->request, show->table, wide, count);
	return true;
}

static bool
ctl_show_part(struct ctl_show *show, size_t part, int64_t id, struct why *why)
{
	struct store_view_out out = {.row = ctl_show_row, .arg = show};
	int64_t cursor = 0;

	show->table = ctl_show_parts[part].table;
	while (cursor >= 0)
		if (!store_view_message(show->request->core->store, id, ctl_show_parts[part].part,
					&cursor, out, why))
			return false;
	return true;
}

void
ctl_show(struct ctl_request *request)
{
	struct ctl_show show = {.request = request};
	struct why why = {0};
	unsigned long long id;

	if (request->command.count != 2 || !slice_number(request->command.words[1], &id) ||
	    id == 0 || id > INT64_MAX) {
		ctl_request_end(request, EX_USAGE, "usage: show ID, the number of a message");
		return;
	}
	for (size_t i = 0; i < sizeof(ctl_show_parts) / sizeof(ctl_show_parts[0]); i++) {
		if (!ctl_show_part(&show, i, (int64_t)id, &why)) {
			ctl_request_end(request, EX_IOERR, "%s", why.text);
			return;
		}
		if (show.rows == 0) {
			ctl_request_end(
			    request, EX_DATAERR,
			    "message %llu is not in the queue: delivered, bounced, removed, or "
			    "never here; the delivery record knows",
			    id);
			return;
		}
	}
	ctl_request_end(request, EX_OK, "%s", "");
}
