#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/netaddr.h"
#include "common/settings/complaint.h"
#include "common/str.h"

/* Relays: the remote.<id> tables. Made by the loader, in its arena; read-only afterwards. */
struct arena;
struct toml_node;

struct settings_relay {
	const char *id;
	const char *host;       /* name, IP address, or the path when is_unix */
	struct netaddr literal; /* with port; family AF_UNSPEC when host is a name or a path */
	uint16_t port;
	bool is_unix; /* LMTP over a local socket */
	bool lmtp;
	bool implicit_tls; /* TLS from the first byte */
	bool allow_invalid_certs;
	const char *username; /* NULL: no authentication */
	const char *secret;
	struct settings_place at;
};

struct settings_relays {
	struct settings_relay *list; /* in the order of the file */
	size_t count;
};

/* Reads the `remote` table; what is wrong is added to complaints, relays that stand are kept. */
struct settings_relays settings_relay_load(struct arena *arena, const struct toml_node *remote,
					   struct settings_complaints *complaints);
