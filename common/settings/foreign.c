#include "common/settings/foreign.h"

#include <stddef.h>

#define SETTINGS_FOREIGN_PART "is a part of Stalwart that has no meaning here: not read"
#define SETTINGS_FOREIGN_SIGN "has no meaning here: messages are not signed"
#define SETTINGS_FOREIGN_LIMIT \
	"has no meaning here: write queue.outbound.connection.max-sessions and worker.count"
#define SETTINGS_FOREIGN_NEWER(instead)                                                         \
	"is of the configuration of Stalwart 0.13 and later: write it in the form of 0.11 and " \
	"0.12, as " instead

static const struct settings_foreign settings_foreign_rows[] = {
    {"server.listener", false, SETTINGS_FOREIGN_PART},
    {"server.tls", false, SETTINGS_FOREIGN_PART},
    {"server.socket", false, SETTINGS_FOREIGN_PART},
    {"server.max-connections", false, SETTINGS_FOREIGN_PART},
    {"server.proxy", false, SETTINGS_FOREIGN_PART},
    {"server.run-as", false, SETTINGS_FOREIGN_PART},
    {"server.security", false, SETTINGS_FOREIGN_PART},
    {"server.fail2ban", false, SETTINGS_FOREIGN_PART},
    {"server.auto-ban", false, SETTINGS_FOREIGN_PART},
    {"server.blocked-ip", false, SETTINGS_FOREIGN_PART},
    {"server.allowed-ip", false, SETTINGS_FOREIGN_PART},
    {"server.asn", false, SETTINGS_FOREIGN_PART},
    {"server.http", false, SETTINGS_FOREIGN_PART},
    {"server.thread-pool", false, SETTINGS_FOREIGN_PART},
    {"server.response", false, SETTINGS_FOREIGN_PART},
    {"server.protocol", false, SETTINGS_FOREIGN_PART},
    {"server.bind", false, SETTINGS_FOREIGN_PART},
    {"server.url", false, SETTINGS_FOREIGN_PART},
    {"store", false, SETTINGS_FOREIGN_PART},
    {"storage", false, SETTINGS_FOREIGN_PART},
    {"session", false, SETTINGS_FOREIGN_PART},
    {"directory", false, SETTINGS_FOREIGN_PART},
    {"jmap", false, SETTINGS_FOREIGN_PART},
    {"imap", false, SETTINGS_FOREIGN_PART},
    {"pop3", false, SETTINGS_FOREIGN_PART},
    {"managesieve", false, SETTINGS_FOREIGN_PART},
    {"auth", false, SETTINGS_FOREIGN_PART},
    {"authentication", false, SETTINGS_FOREIGN_PART},
    {"authorization", false, SETTINGS_FOREIGN_PART},
    {"certificate", false, SETTINGS_FOREIGN_PART},
    {"acme", false, SETTINGS_FOREIGN_PART},
    {"tracer", false, SETTINGS_FOREIGN_PART},
    {"tracing", false, SETTINGS_FOREIGN_PART},
    {"cluster", false, SETTINGS_FOREIGN_PART},
    {"spam-filter", false, SETTINGS_FOREIGN_PART},
    {"sieve", false, SETTINGS_FOREIGN_PART},
    {"signature", false, SETTINGS_FOREIGN_PART},
    {"dkim", false, SETTINGS_FOREIGN_PART},
    {"oauth", false, SETTINGS_FOREIGN_PART},
    {"http", false, SETTINGS_FOREIGN_PART},
    {"http-lookup", false, SETTINGS_FOREIGN_PART},
    {"webhook", false, SETTINGS_FOREIGN_PART},
    {"email", false, SETTINGS_FOREIGN_PART},
    {"changes", false, SETTINGS_FOREIGN_PART},
    {"calendar", false, SETTINGS_FOREIGN_PART},
    {"contacts", false, SETTINGS_FOREIGN_PART},
    {"file-storage", false, SETTINGS_FOREIGN_PART},
    {"dav", false, SETTINGS_FOREIGN_PART},
    {"sharing", false, SETTINGS_FOREIGN_PART},
    {"form", false, SETTINGS_FOREIGN_PART},
    {"version", false, SETTINGS_FOREIGN_PART},
    {"config", false, SETTINGS_FOREIGN_PART},
    {"management", false, SETTINGS_FOREIGN_PART},
    {"global", false, SETTINGS_FOREIGN_PART},
    {"enterprise", false, SETTINGS_FOREIGN_PART},
    {"webadmin", false, SETTINGS_FOREIGN_PART},
    {"sql", false, SETTINGS_FOREIGN_PART},
    {"cache", false, SETTINGS_FOREIGN_PART},
    {"object-storage", false, SETTINGS_FOREIGN_PART},
    {"blob", false, SETTINGS_FOREIGN_PART},
    {"fts", false, SETTINGS_FOREIGN_PART},
    {"resources", false, SETTINGS_FOREIGN_PART},
    {"metrics.prometheus", false, SETTINGS_FOREIGN_PART},
    {"metrics.open-telemetry", false, SETTINGS_FOREIGN_PART},
    {"metrics.history", false, SETTINGS_FOREIGN_PART},
    {"metrics.disabled-events", false, SETTINGS_FOREIGN_PART},
    {"metrics.alerts", false, SETTINGS_FOREIGN_PART},
    {"queue.path", false, SETTINGS_FOREIGN_PART},
    {"queue.hash", false, SETTINGS_FOREIGN_PART},
    {"queue.limiter.inbound", false, SETTINGS_FOREIGN_PART},
    {"report.analysis", false, SETTINGS_FOREIGN_PART},
    {"report.dkim", false, SETTINGS_FOREIGN_PART},
    {"report.spf", false, SETTINGS_FOREIGN_PART},
    {"report.dmarc", false, SETTINGS_FOREIGN_PART},
    {"report.path", false, SETTINGS_FOREIGN_PART},
    {"report.hash", false, SETTINGS_FOREIGN_PART},
    {"resolver.type", false, SETTINGS_FOREIGN_PART},
    {"resolver.custom", false, SETTINGS_FOREIGN_PART},
    {"resolver.preserve-intermediates", false, SETTINGS_FOREIGN_PART},
    {"resolver.concurrency", false, SETTINGS_FOREIGN_PART},
    {"resolver.edns", false, SETTINGS_FOREIGN_PART},
    {"resolver.try-tcp-on-error", false, SETTINGS_FOREIGN_PART},
    {"resolver.public-suffix", false, SETTINGS_FOREIGN_PART},
    {"report.dsn.sign", false, SETTINGS_FOREIGN_SIGN},
    {"report.tls.aggregate.sign", false, SETTINGS_FOREIGN_SIGN},
    {"submit.users", false,
     "has no meaning here: who may submit is decided by submit.networks and the permissions of "
     "sockets"},
    {"queue.outbound.concurrency", false, SETTINGS_FOREIGN_LIMIT},
    {"queue.threads", false, SETTINGS_FOREIGN_LIMIT},
    {"queue.outbound.threads", false, SETTINGS_FOREIGN_LIMIT},
    {"queue.strategy", true,
     SETTINGS_FOREIGN_NEWER("queue.outbound.next-hop and queue.schedule.*")},
    {"queue.route", true, SETTINGS_FOREIGN_NEWER("remote.ID and queue.outbound.next-hop")},
    {"queue.connection", true,
     SETTINGS_FOREIGN_NEWER(
	 "queue.outbound.source-ip.*, queue.outbound.hostname and queue.outbound.timeouts.*")},
    {"queue.tls", true, SETTINGS_FOREIGN_NEWER("queue.outbound.tls.*")},
    {"queue.virtual", true, SETTINGS_FOREIGN_NEWER("queue.outbound.connection.max-sessions")},
    {"queue.source-ip", true, SETTINGS_FOREIGN_NEWER("queue.outbound.hostname with local_ip")},
};

const struct settings_foreign *
settings_foreign_find(struct slice key)
{
	for (size_t i = 0; i < sizeof(settings_foreign_rows) / sizeof(settings_foreign_rows[0]);
	     i++) {
		if (slice_is(key, settings_foreign_rows[i].key))
			return &settings_foreign_rows[i];
	}
	return NULL;
}
