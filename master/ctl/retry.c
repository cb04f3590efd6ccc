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
 * postrider retry: deliveries become due now, in steps of bounded size, each committed by itself.
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

	(void)op;
	if (!committed) {
		ctl_retry_end(retry, EX_IOERR, "the queue cannot be written");
		free(retry);
		return;
	}
	retry->changed += retry->mass.changed;
	for (size_t i = 0; i < retry->mass.lanes_count; i++)
		sched_lane_changed(core->sched, retry->mass.lanes[i]);
	if (retry->mass.finished) {
		ctl_retry_end(retry, EX_OK, "made due");
		free(retry);
		return;
	}
	retry->mass.from = retry->mass.next;
	store_turn_add(core->store, &retry->mass.op);
}

/* Only counts; reads in bounded steps and needs no commit. */
static void
ctl_retry_count(struct ctl_retry *retry)
{
	struct why why = {0};

	retry->mass.action = STORE_MASS_COUNT;
	do {
		if (!store_mass_step(retry->request->core->store, &retry->mass, &why)) {
			ctl_retry_end(retry, EX_IOERR, why.text);
			free(retry);
			return;
		}
		retry->changed += retry->mass.changed;
		retry->mass.from = retry->mass.next;
	} while (!retry->mass.finished);
	ctl_retry_end(retry, EX_OK, "would be made due");
	free(retry);
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
	retry->mass.action = STORE_MASS_RETRY;
	retry->mass.now = clock_wall_ms() / 1000;
	if (selector.dry_run)
		ctl_retry_count(retry);
	else
		store_turn_add(request->core->store, &retry->mass.op);
}
