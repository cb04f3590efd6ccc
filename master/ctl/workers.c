#include <sysexits.h>

#include "common/log.h"
#include "master/core.h"
#include "master/ctl/request.h"
#include "master/pool/pool.h"

enum { CTL_WORKERS_MOST = 256 };

/* postrider workers: until the next reload or start, which go by worker.count again. */
void
ctl_workers(struct ctl_request *request)
{
	unsigned long long count;

	if (request->command.count != 2 || !slice_number(request->command.words[1], &count) ||
	    count > CTL_WORKERS_MOST) {
		ctl_request_end(request, EX_USAGE, "usage: workers N, from 0 to %d",
				CTL_WORKERS_MOST);
		return;
	}
	pool_set_count(request->core->pool, PROTO_ROLE_DELIVER, (unsigned)count);
	log_info("control: %llu deliver workers from now on", count);
	ctl_request_end(request, EX_OK, "%llu deliver workers from now on", count);
}
