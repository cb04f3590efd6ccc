#pragma once

#include <stddef.h>

#include "common/netaddr.h"
#include "common/str.h"

/* The name servers of /etc/resolv.conf, see resolv.conf(5): the default of resolver.servers. Pure.
 */
enum { SETTINGS_RESOLVCONF_MAX = 3 };

/*
 * The first three usable `nameserver` lines, with port 53; when there is none, 127.0.0.1 as the C
 * library has it. Lines that are not understood, and zones behind an address, are skipped.
 */
size_t settings_resolvconf_parse(struct slice text,
				 struct netaddr servers[SETTINGS_RESOLVCONF_MAX]);
