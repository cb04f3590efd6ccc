#include <stddef.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/why.h"
#include "master/core.h"
#include "master/ctl/request.h"
#include "master/ctl/selector.h"
#include "master/store/view.h"

/* postrider list: deliveries of a selector, page by page as fast as the client takes them. */

enum { CTL_LIST_PAGE = 200 };

struct ctl_list {
	struct ctl_request *request;
	struct ctl_selector selector;
	int64_t cursor;
	long left; /* rows that may still be sent; -1: all */
	long sent;
};

static bool
ctl_list_row(void *arg, const struct store_view_column *columns, size_t count)
{
	struct ctl_list *list = arg;

	ctl_request_view(list->request, "delivery", columns, count);
	list->sent++;
	return true;
}

static void
ctl_list_resume(struct ctl_request *request)
{
	struct ctl_list *list = request->state;
	struct store_view_out out = {.row = ctl_list_row, .arg = list};
	struct why why = {0};

	while (list->cursor >= 0 && list->left != 0 && !ctl_request_is_gone(request)) {
		long before = list->sent;
		unsigned page = CTL_LIST_PAGE;

		if (ctl_request_is_full(request))
			return;
		if (list->left > 0 && list->left < CTL_LIST_PAGE)
			page = (unsigned)list->left;
		if (!store_view_list(request->core->store, &list->selector.selector, &list->cursor,
				     page, out, &why)) {
			ctl_request_end(request, EX_IOERR, "%s", why.text);
			return;
		}
		if (list->left > 0)
			list->left -= list->sent - before;
	}
	ctl_request_end(request, EX_OK, "%s", "");
}

void
ctl_list(struct ctl_request *request)
{
	struct ctl_list *list = arena_zero(request->arena, struct ctl_list);
	struct why why = {0};

	if (!ctl_selector_parse(request, &list->selector, &why)) {
		ctl_request_end(request, EX_USAGE, "%s", why.text);
		return;
	}
	list->request = request;
	list->left = list->selector.limit > 0 ? list->selector.limit : -1;
	if (!list->selector.given)
		list->selector.selector.all = true;
	request->state = list;
	request->resume = ctl_list_resume;
	ctl_list_resume(request);
}
