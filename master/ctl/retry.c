#include <stdlib.h>
#include <sysexits.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/list.h"
#include "common/why.h"
#include "master/core.h"
#include "master/ctl/request.h"
#include "master/ctl/selector.h"
#include "master/sched/sched.h"
#include "master/store/mass.h"

/*
 * postrider retry: deliveries become due now, in steps of bounded size, each committed by itself;
 * to count them takes as many steps.
 * The expiry of a message is left alone.
 */
struct ctl_retry {
	struct store_mass mass;
	struct ctl_request *request;
	size_t changed;
};

static void
ctl_retry_end(struct ctl_retry *retry, int status, const char *text)
{
	struct ctl_request *request = retry->request;
	size_t changed = retry->changed;

	if (status != EX_OK)
		ctl_request_end(request, status, "%s", text);
	else
		ctl_request_end(request, EX_OK, "%zu %s %s", changed,
				changed == 1 ? "delivery" : "deliveries", text);
}

static void
ctl_retry_done(struct store_op *op, bool committed, void *arg)
{
	struct ctl_retry *retry = arg;
	struct core *core = retry->request->core;
	bool counting = retry->mass.action == STORE_MASS_COUNT;

	(void)op;
	if (!committed) {
		ctl_retry_end(retry, EX_IOERR, "the queue cannot be written");
		free(retry);
		return;
	}
	retry->changed += retry->mass.changed;
	for (size_t i = 0; !counting && i < retry->mass.lanes_count; i++)
		sched_lane_changed(core->sched, retry->mass.lanes[i]);
	if (retry->mass.finished) {
		ctl_retry_end(retry, EX_OK, counting ? "would be made due" : "made due");
		free(retry);
		return;
	}
	retry->mass.from = retry->mass.next;
	store_turn_add(core->store, &retry->mass.op);
}

void
ctl_retry(struct ctl_request *request)
{
	struct ctl_selector selector;
	struct ctl_retry *retry;
	struct why why = {0};

	if (!ctl_selector_parse(request, &selector, &why) ||
	    !store_selector_check(&selector.selector, &why)) {
		ctl_request_end(request, EX_USAGE, "%s", why.text);
		return;
	}
	retry = alloc_new(struct ctl_retry);
	retry->request = request;
	store_mass_init(&retry->mass, ctl_retry_done, retry);
	retry->mass.selector = selector.selector;
	retry->mass.action = selector.dry_run ? STORE_MASS_COUNT : STORE_MASS_RETRY;
	retry->mass.now = clock_wall_ms() / 1000;
	store_turn_add(request->core->store, &retry->mass.op);
}
