#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"
#include "common/why.h"
#include "master/core.h"
#include "master/ctl/request.h"
#include "master/generation.h"
#include "master/intake.h"
#include "master/pool/pool.h"
#include "master/sched/sched.h"
#include "master/sched/state.h"
#include "master/store/db.h"
#include "master/store/store.h"
#include "master/store/turn.h"
#include "master/store/view.h"

/* postrider status: what the daemon has, does and did, and each of its workers. */

static void
ctl_status_queue(struct ctl_request *request, const struct store_view_counts *counts)
{
	struct core *core = request->core;
	const struct sched_figures *figures = sched_figures(core->sched);
	const struct store_stats *stats = store_db_stats(core->store);
	struct proto_value values[] = {
	    ctl_request_integer("pid", getpid()),
	    ctl_request_time("started_at", core->started_ms / 1000),
	    ctl_request_integer("generation", (int64_t)core->generation->number),
	    ctl_request_integer("messages", (int64_t)counts->messages),
	    ctl_request_integer("queued", (int64_t)counts->queued),
	    ctl_request_integer("deferred", (int64_t)counts->deferred),
	    ctl_request_integer("held", (int64_t)counts->held),
	    ctl_request_integer("in_flight", (int64_t)sched_in_flight(core->sched)),
	    ctl_request_integer("uncommitted", (int64_t)store_turn_pending(core->store)),
	    ctl_request_integer("accepted", (int64_t)intake_accepted(core->intake)),
	    ctl_request_integer("delivered", (int64_t)figures->delivered),
	    ctl_request_integer("temporary", (int64_t)figures->deferred),
	    ctl_request_integer("permanent", (int64_t)figures->bounced),
	    ctl_request_integer("sessions_opened", (int64_t)figures->sessions_opened),
	    ctl_request_integer("commits", (int64_t)stats->commits),
	    ctl_request_typed("commit_max", PROTO_VALUE_DURATION, stats->commit_max_us / 1000),
	    ctl_request_typed("wal", PROTO_VALUE_SIZE, stats->wal_bytes),
	};
	struct proto_row row = {.table = slice_of("queue"),
				.count = sizeof(values) / sizeof(values[0]),
				.values = values};

	ctl_request_row(request, &row);
}

/* Messages per second since the worker was started. */
static int64_t
ctl_status_rate(const struct pool_worker *worker)
{
	int64_t ms = clock_mono_ms() - worker->started_ms;

	return ms > 0 ? (int64_t)worker->stat.messages * 1000 / ms : 0;
}

static void
ctl_status_worker(struct ctl_request *request, const struct pool_worker *worker)
{
	struct proto_value values[] = {
	    ctl_request_text("worker", worker->name),
	    ctl_request_integer("pid", worker->pid),
	    ctl_request_text("state", pool_worker_state_name(worker->state)),
	    ctl_request_integer("generation", (int64_t)worker->generation),
	    ctl_request_integer("sessions", worker->stat.sessions),
	    ctl_request_integer("idle", worker->stat.idle),
	    ctl_request_integer("messages", (int64_t)worker->stat.messages),
	    ctl_request_integer("per_second", ctl_status_rate(worker)),
	    ctl_request_typed("memory", PROTO_VALUE_SIZE, (int64_t)worker->stat.memory),
	    ctl_request_typed("cpu", PROTO_VALUE_DURATION, (int64_t)worker->stat.cpu_us / 1000),
	};
	struct proto_row row = {.table = slice_of("worker"),
				.count = sizeof(values) / sizeof(values[0]),
				.values = values};

	ctl_request_row(request, &row);
}

void
ctl_status(struct ctl_request *request)
{
	const struct pool_worker *worker = NULL;
	struct store_view_counts counts;
	struct why why = {0};

	if (!store_view_counts(request->core->store, &counts, &why)) {
		ctl_request_end(request, EX_IOERR, "%s", why.text);
		return;
	}
	ctl_status_queue(request, &counts);
	while ((worker = pool_next(request->core->pool, worker)) != NULL)
		ctl_status_worker(request, worker);
	ctl_request_end(request, EX_OK, "%s", "");
}
