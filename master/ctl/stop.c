#include <sysexits.h>

#include "common/log.h"
#include "master/core.h"
#include "master/ctl/request.h"

/* postrider stop: as SIGTERM does. */
void
ctl_stop(struct ctl_request *request)
{
	log_info("control: stopping");
	core_stop(request->core, 0);
	ctl_request_end(request, EX_OK, "stopping");
}
