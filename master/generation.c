#include "master/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/log.h"
#include "common/settings/bundle.h"
#include "common/settings/complaint.h"
#include "common/settings/file.h"
#include "common/settings/machine.h"
#include "common/settings/macro.h"
#include "common/settings/relay.h"
#include "common/settings/resolvconf.h"
#include "common/settings/settings.h"
#include "common/str.h"
#include "common/why.h"
#include "master/pool/pool.h"

enum { GENERATION_FILES_SPARE = 128 };

static const char generation_resolv_conf[] = "/etc/resolv.conf";

/* What goes into bundles beside the configuration. */
struct generation_parts {
	struct settings_source source;
	struct settings_bundle_facts facts;
	struct netaddr servers[SETTINGS_BUNDLE_SERVERS];
	struct str ca;
	char *hostname;
};

static void
generation_servers(struct generation_parts *parts, const struct settings *settings)
{
	const struct settings_endpoint *given;
	struct str text = {0};
	size_t count;

	given = settings_endpoints(settings, SETTING_RESOLVER_SERVERS, &count);
	for (size_t i = 0; i < count && i < SETTINGS_BUNDLE_SERVERS; i++)
		parts->servers[i] = given[i].address;
	if (count > SETTINGS_BUNDLE_SERVERS)
		count = SETTINGS_BUNDLE_SERVERS;
	if (count == 0) {
		settings_file_read(generation_resolv_conf, &text, NULL);
		count =
		    settings_resolvconf_parse((struct slice){text.data, text.len}, parts->servers);
		str_free(&text);
	}
	parts->facts.servers = parts->servers;
	parts->facts.server_count = count;
}

/* A sealed copy in memory: neither side can change it any more. */
static int
generation_seal(const struct str *text, struct why *why)
{
	int fd = memfd_create("postrider-bundle", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	while (fd >= 0 && done < text->len) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (fd >= 0 && done == text->len &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		return fd;
	why_errno(why, "cannot make the workers' bundle");
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
generation_bundle(struct generation *generation, struct generation_parts *parts, struct why *why)
{
	static const enum settings_role roles[PROTO_ROLES] = {
	    [PROTO_ROLE_DELIVER] = SETTINGS_ROLE_DELIVER,
	    [PROTO_ROLE_SUBMIT] = SETTINGS_ROLE_SUBMIT,
	};

	for (size_t i = 0; i < PROTO_ROLES; i++) {
		struct str out = {0};
		bool good =
		    settings_bundle_write(&parts->source, roles[i], &parts->facts, &out, why);

		if (good) {
			generation->bundles[i] = generation_seal(&out, why);
			good = generation->bundles[i] >= 0;
		}
		str_free(&out);
		if (!good)
			return false;
	}
	return true;
}

static struct generation *
generation_make(struct generation_parts *parts, uint64_t number,
		struct settings_complaints *complaints, struct why *why)
{
	struct generation *generation = alloc_new(struct generation);

	generation->number = number;
	for (size_t i = 0; i < PROTO_ROLES; i++)
		generation->bundles[i] = -1;
	generation->settings = settings_load(&parts->source, complaints);
	if (generation->settings == NULL) {
		why_set(why, "the configuration has errors");
		generation_free(&generation);
		return NULL;
	}
	generation_servers(parts, generation->settings);
	if (!settings_file_read(settings_text(generation->settings, SETTING_TLS_CA_FILE),
				&parts->ca, NULL))
		log_warn("tls.ca-file %s cannot be read: no certificate can be verified",
			 settings_text(generation->settings, SETTING_TLS_CA_FILE));
	parts->facts.ca = (struct slice){parts->ca.data, parts->ca.len};
	parts->facts.generation = number;
	parts->facts.hostname = parts->hostname;
	if (!generation_bundle(generation, parts, why))
		generation_free(&generation);
	return generation;
}

struct generation *
generation_load(const char *path, uint64_t number, struct settings_complaints *complaints,
		struct why *why)
{
	struct generation_parts parts = {0};
	struct generation *generation = NULL;
	struct str text = {0};

	parts.hostname = settings_machine_hostname();
	if (settings_file_read(path, &text, why)) {
		parts.source.file = path;
		parts.source.text = (struct slice){text.data, text.len};
		parts.source.hostname = parts.hostname;
		parts.source.macro = settings_macro_system;
		generation = generation_make(&parts, number, complaints, why);
	}
	str_free(&text);
	str_free(&parts.ca);
	free(parts.hostname);
	return generation;
}

void
generation_free(struct generation **generation)
{
	if (*generation == NULL)
		return;
	for (size_t i = 0; i < PROTO_ROLES; i++)
		if ((*generation)->bundles[i] >= 0)
			close((*generation)->bundles[i]);
	settings_free(&(*generation)->settings);
	free(*generation);
	*generation = NULL;
}

static void
generation_add_port(struct sandbox_rules *rules, uint16_t port)
{
	for (size_t i = 0; i < rules->port_count; i++)
		if (rules->ports[i] == port)
			return;
	if (rules->port_count < SANDBOX_PORTS)
		rules->ports[rules->port_count++] = port;
}

/* The only ports a deliver worker may connect to: so it cannot submit mail to its own daemon. */
static void
generation_ports(const struct generation *generation, struct sandbox_rules *rules)
{
	const struct settings_endpoint *servers;
	const struct settings_relay *relays;
	size_t count;

	generation_add_port(rules, 25);
	generation_add_port(rules, 443);
	generation_add_port(rules, 53);
	servers = settings_endpoints(generation->settings, SETTING_RESOLVER_SERVERS, &count);
	for (size_t i = 0; i < count; i++)
		generation_add_port(rules, netaddr_port(&servers[i].address));
	relays = settings_relays(generation->settings, &count);
	for (size_t i = 0; i < count; i++) {
		if (relays[i].is_unix)
			rules->unix_relay = true;
		else
			generation_add_port(rules, relays[i].port);
	}
}

void
generation_births(const struct generation *generation, struct pool_birth births[PROTO_ROLES])
{
	unsigned sessions =
	    (unsigned)settings_integer(generation->settings, SETTING_WORKER_MAX_SESSIONS);
	unsigned clients =
	    (unsigned)settings_integer(generation->settings, SETTING_SUBMIT_MAX_CONNECTIONS);

	for (size_t i = 0; i < PROTO_ROLES; i++) {
		births[i] = (struct pool_birth){.bundle = generation->bundles[i]};
		/* A session has a socket, and a large message a descriptor of its own. */
		births[i].files =
		    GENERATION_FILES_SPARE + 2 * (i == PROTO_ROLE_DELIVER ? sessions : clients);
	}
	generation_ports(generation, &births[PROTO_ROLE_DELIVER].rules);
}

unsigned
generation_workers(const struct generation *generation, enum proto_role role)
{
	int64_t count = settings_integer(generation->settings, role == PROTO_ROLE_DELIVER
								   ? SETTING_WORKER_COUNT
								   : SETTING_SUBMIT_WORKERS);
	long processors;

	if (count >= 0)
		return (unsigned)count;
	processors = sysconf(_SC_NPROCESSORS_ONLN);
	return processors > 0 ? (unsigned)processors : 1;
}
