#include <sysexits.h>

#include "common/why.h"
#include "master/core.h"
#include "master/ctl/request.h"

static void
ctl_reload_done(const char *error, void *arg)
{
	if (error == NULL)
		ctl_request_end(arg, EX_OK, "the new configuration is in force");
	else
		ctl_request_end(arg, EX_CONFIG, "%s: the old configuration stays", error);
}

/* postrider reload: as SIGHUP does, with the answer for whoever asked. */
void
ctl_reload(struct ctl_request *request)
{
	struct why why = {0};

	if (!core_reload(request->core, ctl_reload_done, request, &why))
		ctl_request_end(request, EX_CONFIG,
				"%s: the old configuration stays; see: postrider check", why.text);
}
