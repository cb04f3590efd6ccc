#include "common/settings/cross.h"

#include <string.h>

#include "common/expr/block.h"
#include "common/settings/load.h"
#include "common/settings/similar.h"

static struct settings_place
settings_cross_place(const struct settings_slot *slot, size_t branch)
{
	struct expr_place place = expr_block_place(slot->block, branch);

	return (struct settings_place){place.line, place.column};
}

static const char *
settings_cross_similar_relay(const struct settings *settings, struct slice id)
{
	enum { MOST = 64 };
	const char *ids[MOST + 1];
	size_t count = 0;

	for (size_t i = 0; i < settings->relays.count && count < MOST; i++)
		ids[count++] = settings->relays.list[i].id;
	ids[count] = NULL;
	return settings_similar_word(id, ids);
}

/* D18: a message for a relay that is not there waits; it is better not to get that far. */
static void
settings_cross_relay(struct settings_loader *loader, struct slice id, struct settings_place at)
{
	const char *key = settings_table_row(SETTING_QUEUE_OUTBOUND_NEXT_HOP)->key;
	const char *similar;

	if (settings_relay_find(loader->settings, id) != NULL)
		return;
	if (slice_is(id, "local")) {
		settings_complaint_warn(loader->complaints, at, key,
					"there is no [remote.local], so such mail waits: add one "
					"with protocol = \"lmtp\"");
		return;
	}
	similar = settings_cross_similar_relay(loader->settings, id);
	settings_complaint_error(loader->complaints, at, key,
				 "there is no [remote.%.*s]%s%s%s: add it, or write false to "
				 "deliver to the mail hosts of the domain",
				 SLICE_ARG(id), similar ? "; did you mean '" : "",
				 similar ? similar : "", similar ? "'" : "");
}

static void
settings_cross_relays(struct settings_loader *loader)
{
	const struct settings_slot *slot =
	    &loader->settings->slots[SETTING_QUEUE_OUTBOUND_NEXT_HOP];

	for (size_t i = 0; slot->block != NULL && i <= slot->block->rule_count; i++) {
		const struct settings_branch *branch = &slot->branches[i];

		if (branch->constant && !branch->datum.unset)
			settings_cross_relay(loader, branch->datum.text,
					     settings_cross_place(slot, i));
	}
}

/* The strategy when no delivery changes it, else 0. */
static int
settings_cross_strategy(const struct settings *settings)
{
	const struct settings_slot *slot = &settings->slots[SETTING_QUEUE_OUTBOUND_IP_STRATEGY];

	if (slot->block == NULL || slot->block->rule_count > 0 || !slot->branches[0].constant)
		return 0;
	return (int)slot->branches[0].datum.integer;
}

static bool
settings_cross_has_list(const struct settings_slot *slot)
{
	return slot->given && !(slot->block->rule_count == 0 && slot->branches[0].constant &&
				slot->branches[0].datum.unset);
}

static void
settings_cross_sources(struct settings_loader *loader)
{
	const struct settings_slot *slots = loader->settings->slots;
	const struct settings_slot *v4 = &slots[SETTING_QUEUE_OUTBOUND_SOURCE_IP_V4];
	const struct settings_slot *v6 = &slots[SETTING_QUEUE_OUTBOUND_SOURCE_IP_V6];
	int strategy = settings_cross_strategy(loader->settings);
	bool has4 = settings_cross_has_list(v4);
	bool has6 = settings_cross_has_list(v6);

	/* A list that is wrong is complained of already. */
	if ((v4->node != NULL && !v4->given) || (v6->node != NULL && !v6->given))
		return;
	if (has4 && !has6 && strategy != SETTINGS_IPV4_ONLY)
		settings_complaint_warn(loader->complaints, v4->at, "queue.outbound.source-ip.v4",
					"IPv6 has no list, so the system picks the address there: "
					"add source-ip.v6, or use ip-strategy = \"ipv4_only\"");
	if (has6 && !has4 && strategy != SETTINGS_IPV6_ONLY)
		settings_complaint_warn(loader->complaints, v6->at, "queue.outbound.source-ip.v6",
					"IPv4 has no list, so the system picks the address there: "
					"add source-ip.v4, or use ip-strategy = \"ipv6_only\"");
}

/* Certificate and key are there together, and are what they should be. */
static void
settings_cross_submit_tls(struct settings_loader *loader)
{
	const struct settings_slot *slots = loader->settings->slots;
	const struct settings_slot *certificate = &slots[SETTING_SUBMIT_TLS_CERTIFICATE];
	const struct settings_slot *key = &slots[SETTING_SUBMIT_TLS_PRIVATE_KEY];
	const struct settings_slot *require = &slots[SETTING_SUBMIT_TLS_REQUIRE];
	const struct settings_slot *both[] = {certificate, key};

	for (size_t i = 0; i < 2; i++) {
		struct slice text = both[i]->datum.text;

		if (text.len > 0 && !slice_starts_nocase(slice_trim(text), "-----BEGIN") &&
		    !(loader->source->blanked && text.data[0] == '*'))
			settings_complaint_error(
			    loader->complaints, both[i]->at,
			    i ? "submit.tls.private-key" : "submit.tls.certificate",
			    "is not PEM: write \"%%{file:/PATH}%%\" for the contents of a file");
	}
	if (!certificate->datum.unset && key->datum.unset)
		settings_complaint_error(loader->complaints, certificate->at,
					 "submit.tls.certificate",
					 "has no submit.tls.private-key: add it");
	if (certificate->datum.unset && !key->datum.unset)
		settings_complaint_error(loader->complaints, key->at, "submit.tls.private-key",
					 "has no submit.tls.certificate: add it");
	if (require->datum.integer && certificate->datum.unset)
		settings_complaint_error(loader->complaints, require->at, "submit.tls.require",
					 "needs submit.tls.certificate and submit.tls.private-key");
}

/* Reports of an unknown origin are not sent, whatever the file asks for. */
static void
settings_cross_reports(struct settings_loader *loader)
{
	const struct settings_slot *slots = loader->settings->slots;
	const struct settings_slot *send = &slots[SETTING_REPORT_TLS_AGGREGATE_SEND];

	if (send->given && !slots[SETTING_REPORT_DOMAIN].given &&
	    !(send->block->rule_count == 0 && send->branches[0].constant &&
	      send->branches[0].datum.integer == SETTINGS_NEVER))
		settings_complaint_warn(loader->complaints, send->at, "report.tls.aggregate.send",
					"reports would come from %s: set report.domain",
					loader->settings->report_domain);
}

void
settings_cross_check(struct settings_loader *loader)
{
	settings_cross_relays(loader);
	settings_cross_sources(loader);
	settings_cross_submit_tls(loader);
	settings_cross_reports(loader);
}
