#include "worker/deliver/family.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/alloc.h"
#include "common/map.h"

enum { DELIVER_FAMILY_MS = 3600000, DELIVER_FAMILY_HOSTS = 10000 };

struct deliver_family_host {
	int64_t v4_until; /* monotonic; 0: nothing is known against it */
	int64_t v6_until;
};

struct deliver_family {
	struct map *hosts;
};

struct deliver_family *
deliver_family_new(void)
{
	struct deliver_family *memory = alloc_new(struct deliver_family);

	memory->hosts = map_new();
	return memory;
}

void
deliver_family_free(struct deliver_family **memory)
{
	if (*memory == NULL)
		return;
	map_free(&(*memory)->hosts, free);
	free(*memory);
	*memory = NULL;
}

static int64_t *
deliver_family_until(struct deliver_family_host *host, int family)
{
	return family == AF_INET6 ? &host->v6_until : &host->v4_until;
}

void
deliver_family_failed(struct deliver_family *memory, const char *name, int family, int64_t now_ms)
{
	struct deliver_family_host *host = map_find(memory->hosts, name, strlen(name));

	if (host == NULL) {
		/* It only saves attempts: starting anew is cheaper than finding the oldest. */
		if (map_count(memory->hosts) >= DELIVER_FAMILY_HOSTS) {
			map_free(&memory->hosts, free);
			memory->hosts = map_new();
		}
		host = alloc_new(struct deliver_family_host);
		map_put(memory->hosts, name, strlen(name), host);
	}
	*deliver_family_until(host, family) = now_ms + DELIVER_FAMILY_MS;
}

void
deliver_family_worked(struct deliver_family *memory, const char *name, int family)
{
	struct deliver_family_host *host;

	if (map_count(memory->hosts) == 0)
		return;
	host = map_find(memory->hosts, name, strlen(name));
	if (host != NULL)
		*deliver_family_until(host, family) = 0;
}

bool
deliver_family_is_bad(const struct deliver_family *memory, const char *name, int family,
		      int64_t now_ms)
{
	struct deliver_family_host *host = map_find(memory->hosts, name, strlen(name));

	return host != NULL && *deliver_family_until(host, family) > now_ms;
}
