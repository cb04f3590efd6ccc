#pragma once

#include <stdbool.h>

#include "common/netaddr.h"

/*
 * Where the daemon takes mail: the first "unix:" entry of submit.listen, else the first entry. The
 * configuration is for the daemon's eyes where it holds secrets, so one that cannot be read or
 * understood is no error: the place the program was built with is meant then.
 */
struct cli_sendmail_endpoint {
	char path[108];         /* of the Unix socket; "" when there is an address */
	struct netaddr address; /* AF_UNSPEC when there is a path */
};

/* config_path: of -C, or NULL for $POSTRIDER_CONFIG and the usual place. */
void cli_sendmail_endpoint_find(const char *config_path, struct cli_sendmail_endpoint *endpoint);
