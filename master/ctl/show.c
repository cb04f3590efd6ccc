#include <stddef.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/why.h"
#include "master/core.h"
#include "master/ctl/request.h"
#include "master/sched/sched.h"
#include "master/store/view.h"

/* postrider show: one message with everything that is known about it. */

struct ctl_show {
	struct ctl_request *request;
	const char *table;
	int64_t id;
	size_t part;    /* of ctl_show_parts, that is being sent */
	int64_t cursor; /* in it */
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

enum { CTL_SHOW_PARTS = sizeof(ctl_show_parts) / sizeof(ctl_show_parts[0]) };

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

/* Goes on where it stood, as fast as the client takes it. */
static void
ctl_show_resume(struct ctl_request *request)
{
	struct ctl_show *show = request->state;
	struct store_view_out out = {.row = ctl_show_row, .arg = show};
	struct why why = {0};

	while (show->part < CTL_SHOW_PARTS && !ctl_request_is_gone(request)) {
		if (ctl_request_is_full(request))
			return;
		show->table = ctl_show_parts[show->part].table;
		if (!store_view_message(request->core->store, show->id,
					ctl_show_parts[show->part].part, &show->cursor, out,
					&why)) {
			ctl_request_end(request, EX_IOERR, "%s", why.text);
			return;
		}
		if (show->cursor >= 0)
			continue;
		show->part++;
		show->cursor = 0;
		if (show->rows == 0) {
			ctl_request_end(
			    request, EX_DATAERR,
			    "message %lld is not in the queue: delivered, bounced, removed, or "
			    "never here; the delivery record knows",
			    (long long)show->id);
			return;
		}
	}
	ctl_request_end(request, EX_OK, "%s", "");
}

void
ctl_show(struct ctl_request *request)
{
	struct ctl_show *show = arena_zero(request->arena, struct ctl_show);
	unsigned long long id;

	if (request->command.count != 2 || !slice_number(request->command.words[1], &id) ||
	    id == 0 || id > INT64_MAX) {
		ctl_request_end(request, EX_USAGE, "usage: show ID, the number of a message");
		return;
	}
	show->request = request;
	show->id = (int64_t)id;
	request->state = show;
	request->resume = ctl_show_resume;
	ctl_show_resume(request);
}
