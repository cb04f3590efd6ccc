#include "common/settings/machine.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/domain.h"
#include "common/netaddr.h"
#include "common/settings/settings.h"

enum { SETTINGS_MACHINE_NAME = 256, SETTINGS_MACHINE_LISTED = 8 };

static struct settings_place
settings_machine_place(const struct settings *settings, enum setting_id id)
{
	struct settings_origin origin = settings_origin(settings, id);

	return (struct settings_place){origin.line, origin.column};
}

static void
settings_machine_bind(const struct settings *settings, const struct netaddr *address,
		      struct settings_complaints *complaints)
{
	bool v4 = netaddr_family(address) == AF_INET;
	enum setting_id id =
	    v4 ? SETTING_QUEUE_OUTBOUND_SOURCE_IP_V4 : SETTING_QUEUE_OUTBOUND_SOURCE_IP_V6;
	const char *why = NULL;
	char text[NETADDR_TEXT];
	int fd = socket(netaddr_family(address), SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, &address->sa.any, netaddr_len(address)) != 0)
		why =
		    errno == EADDRNOTAVAIL ? "is not an address of this machine" : strerror(errno);
	if (why != NULL)
		settings_complaint_warn(
		    complaints, settings_machine_place(settings, id), settings_table_row(id)->key,
		    "%s %s: nothing can be sent from it", netaddr_text(text, address), why);
	if (fd >= 0)
		close(fd);
}

static bool
settings_machine_is_private(const struct netaddr *address)
{
	static const char *const prefixes[] = {
	    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7",
	};
	struct netaddr_prefix prefix;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (netaddr_parse_prefix(slice_of(prefixes[i]), &prefix) &&
		    netaddr_contains(&prefix, address))
			return true;
	}
	return false;
}

/* Addresses of one family that the world could see as the sender's. */
static size_t
settings_machine_global(const struct ifaddrs *all, int family, struct str *names)
{
	char text[NETADDR_TEXT];
	struct netaddr address;
	size_t count = 0;

	for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
		if (one->ifa_addr == NULL || one->ifa_addr->sa_family != family ||
		    !(one->ifa_flags & IFF_UP) ||
		    !netaddr_from_sockaddr(one->ifa_addr,
					   family == AF_INET ? sizeof(struct sockaddr_in)
							     : sizeof(struct sockaddr_in6),
					   &address) ||
		    !netaddr_is_usable(&address) || settings_machine_is_private(&address))
			continue;
		if (count++ < SETTINGS_MACHINE_LISTED)
			str_printf(names, "%s%s", names->len ? ", " : "",
				   netaddr_text(text, &address));
	}
	return count;
}

static void
settings_machine_choice(const struct settings *settings, const struct ifaddrs *all, int family,
			struct settings_complaints *complaints)
{
	enum setting_id id = family == AF_INET ? SETTING_QUEUE_OUTBOUND_SOURCE_IP_V4
					       : SETTING_QUEUE_OUTBOUND_SOURCE_IP_V6;
	struct str names = {0};
	size_t count = settings_machine_global(all, family, &names);

	if (count > 1 && !settings_is_given(settings, id))
		settings_complaint_warn(
		    complaints, (struct settings_place){1, 1}, settings_table_row(id)->key,
		    "this machine has %zu global addresses (%s%s), and the "
		    "system will pick one: list those to send from",
		    count, str_c(&names), count > SETTINGS_MACHINE_LISTED ? ", ..." : "");
	str_free(&names);
}

void
settings_machine_check(const struct settings *settings, struct settings_complaints *complaints)
{
	struct ifaddrs *all = NULL;
	size_t count;
	const struct netaddr *addresses = settings_source_addresses(settings, &count);

	for (size_t i = 0; i < count; i++)
		settings_machine_bind(settings, &addresses[i], complaints);
	if (getifaddrs(&all) != 0)
		return;
	settings_machine_choice(settings, all, AF_INET, complaints);
	settings_machine_choice(settings, all, AF_INET6, complaints);
	freeifaddrs(all);
}

char *
settings_machine_hostname(void)
{
	char name[SETTINGS_MACHINE_NAME] = "";
	size_t len;

	if (gethostname(name, sizeof(name) - 1) != 0)
		name[0] = '\0';
	len = strlen(name);
	while (len > 0 && name[len - 1] == '.')
		name[--len] = '\0';
	domain_lower(name, len);
	return alloc_str(domain_is_valid((struct slice){name, len}) ? name : "localhost");
}
