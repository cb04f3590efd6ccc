#include <sysexits.h>

#include "common/why.h"
#include "master/core.h"
#include "master/ctl/request.h"

/* postrider reload: as SIGHUP does, with the answer for whoever asked. */
void
ctl_reload(struct ctl_request *request)
{
	struct why why = {0};

	if (core_reload(request->core, &why))
		ctl_request_end(request, EX_OK, "the new configuration is in force");
	else
		ctl_request_end(request, EX_CONFIG,
				"%s: the old configuration stays; see: postrider check", why.text);
}
