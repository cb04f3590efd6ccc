#include "master/envelope.h"

#include <assert.h>
#include <string.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/domain.h"
#include "common/list.h"
#include "common/map.h"
#include "common/proto/submit.h"
#include "common/settings/settings.h"
#include "master/store/arrive.h"
#include "master/store/delivery.h"
#include "master/store/id.h"
#include "master/subject.h"

struct envelope_recipient {
	struct list link;
	struct store_arrive_recipient row;
};

/* The recipients at one domain. */
struct envelope_group {
	struct list link;
	char domain[DOMAIN_TEXT];
	struct list recipients;
	size_t count;
};

struct envelope {
	struct arena *arena;
	struct proto_submit submit; /* without recipients; its texts are in the arena */
	struct list groups;
	size_t group_count;
	size_t recipient_count;
	struct map *by_domain; /* made when there are many groups */
};

enum { ENVELOPE_MANY = 8 };

struct envelope *
envelope_new(struct arena *arena)
{
	struct envelope *envelope = arena_zero(arena, struct envelope);

	envelope->arena = arena;
	list_init(&envelope->groups);
	return envelope;
}

static struct slice
envelope_copy(struct envelope *envelope, struct slice text)
{
	return (struct slice){arena_copy(envelope->arena, text.data, text.len), text.len};
}

void
envelope_begin(struct envelope *envelope, const struct proto_submit *submit)
{
	struct proto_submit *copy = &envelope->submit;

	*copy = *submit;
	copy->sender = envelope_copy(envelope, submit->sender);
	copy->envid = envelope_copy(envelope, submit->envid);
	copy->tag = envelope_copy(envelope, submit->tag);
	copy->client = envelope_copy(envelope, submit->client);
	copy->client_name = envelope_copy(envelope, submit->client_name);
	copy->recipients = NULL;
	copy->recipient_count = 0;
}

static void
envelope_free_map(void *arg)
{
	struct map *map = arg;

	map_free(&map, NULL);
}

/* One by one among few, by map among many. */
static struct envelope_group *
envelope_find(struct envelope *envelope, const char *domain)
{
	struct envelope_group *group;

	if (envelope->by_domain != NULL)
		return map_find(envelope->by_domain, domain, strlen(domain));
	list_each (group, &envelope->groups, link) {
		if (strcmp(group->domain, domain) == 0)
			return group;
	}
	return NULL;
}

static void
envelope_index(struct envelope *envelope)
{
	struct envelope_group *group;

	envelope->by_domain = map_new();
	arena_on_free(envelope->arena, envelope_free_map, envelope->by_domain);
	list_each (group, &envelope->groups, link)
		map_put(envelope->by_domain, group->domain, strlen(group->domain), group);
}

static struct envelope_group *
envelope_group(struct envelope *envelope, const char *domain)
{
	struct envelope_group *group = envelope_find(envelope, domain);

	if (group != NULL)
		return group;
	group = arena_zero(envelope->arena, struct envelope_group);
	memcpy(group->domain, domain, strlen(domain) + 1);
	list_init(&group->recipients);
	list_append(&envelope->groups, &group->link);
	envelope->group_count++;
	if (envelope->by_domain != NULL)
		map_put(envelope->by_domain, group->domain, strlen(group->domain), group);
	else if (envelope->group_count > ENVELOPE_MANY)
		envelope_index(envelope);
	return group;
}

bool
envelope_add(struct envelope *envelope, const struct proto_submit *submit)
{
	for (size_t i = 0; i < submit->recipient_count; i++) {
		const struct proto_recipient *from = &submit->recipients[i];
		struct envelope_recipient *recipient;
		struct envelope_group *group;
		char domain[DOMAIN_TEXT];

		if (++envelope->recipient_count > PROTO_SUBMIT_RECIPIENTS ||
		    !domain_normalize(domain_of(from->address), domain))
			return false;
		recipient = arena_zero(envelope->arena, struct envelope_recipient);
		recipient->row.address =
		    arena_copy(envelope->arena, from->address.data, from->address.len);
		if (from->orcpt.len > 0)
			recipient->row.orcpt =
			    arena_copy(envelope->arena, from->orcpt.data, from->orcpt.len);
		recipient->row.notify = from->notify;
		group = envelope_group(envelope, domain);
		list_append(&group->recipients, &recipient->link);
		group->count++;
	}
	return true;
}

size_t
envelope_recipients(const struct envelope *envelope)
{
	return envelope->recipient_count;
}

/* When it is given up, and when the sender is first told: fixed now (settings.md, queue.schedule).
 */
static void
envelope_schedule(struct envelope *envelope, const struct settings *settings,
		  struct store_arrive_delivery *delivery, int64_t now)
{
	struct slice *recipients =
	    arena_array(envelope->arena, delivery->recipients_count, sizeof(*recipients));
	struct subject_facts facts = {.sender = envelope->submit.sender,
				      .rcpt_domain = slice_of(delivery->domain),
				      .recipients = recipients,
				      .recipient_count = delivery->recipients_count,
				      .priority = envelope->submit.priority,
				      .size = (int64_t)envelope->submit.size};
	struct settings_answer notify = {0};
	struct subject *subject;
	int64_t expire = 0;

	for (size_t i = 0; i < delivery->recipients_count; i++)
		recipients[i] = slice_of(delivery->recipients[i].address);
	subject = subject_new(&facts);
	settings_eval_duration_ms(settings, SETTING_QUEUE_SCHEDULE_EXPIRE, subject_env(subject),
				  &expire);
	settings_eval(settings, SETTING_QUEUE_SCHEDULE_NOTIFY, subject_env(subject), &notify);
	delivery->next_attempt_at = now;
	delivery->expires_at = now + (expire + 999) / 1000;
	if (notify.count > 0)
		delivery->next_notify_at = now + (notify.integers[0] + 999) / 1000;
	subject_free(&subject);
}

static void
envelope_fill_delivery(struct envelope *envelope, struct envelope_group *group, struct store *store,
		       struct store_arrive_delivery *delivery)
{
	struct store_arrive_recipient *rows =
	    arena_array(envelope->arena, group->count, sizeof(*rows));
	struct envelope_recipient *recipient;
	size_t i = 0;

	list_each (recipient, &group->recipients, link) {
		rows[i] = recipient->row;
		rows[i++].id = store_id_next(store, STORE_ID_RECIPIENT);
	}
	delivery->id = store_id_next(store, STORE_ID_DELIVERY);
	delivery->domain = group->domain;
	delivery->recipients = rows;
	delivery->recipients_count = group->count;
}

static void
envelope_fill_message(struct envelope *envelope, struct store_arrive *arrive)
{
	const struct proto_submit *submit = &envelope->submit;
	struct slice domain = domain_of(submit->sender);
	char *sender_domain = arena_copy(envelope->arena, domain.data, domain.len);

	domain_lower(sender_domain, domain.len);
	arrive->sender = submit->sender.data;
	arrive->sender_domain = sender_domain;
	arrive->size = (int64_t)submit->size;
	arrive->segment_id = (int64_t)submit->segment;
	arrive->offset = (int64_t)submit->offset;
	arrive->crc32c = submit->crc32c;
	arrive->eight_bit = submit->eight_bit;
	arrive->needs_stuffing = submit->needs_stuffing;
	arrive->longest_line = submit->longest_line;
	arrive->smtputf8 = submit->smtputf8;
	arrive->requiretls = submit->requiretls;
	arrive->priority = submit->priority;
	arrive->envid = submit->envid.len ? submit->envid.data : NULL;
	arrive->ret = (enum store_ret)submit->ret;
	arrive->tag = submit->tag.len ? submit->tag.data : NULL;
	arrive->origin = submit->client.data;
	arrive->arrived_from = submit->client_name.len ? submit->client_name.data : NULL;
}

void
envelope_fill(struct envelope *envelope, struct store *store, const struct settings *settings,
	      struct store_arrive *arrive)
{
	struct store_arrive_delivery *deliveries =
	    arena_array(envelope->arena, envelope->group_count, sizeof(*deliveries));
	struct envelope_group *group;
	size_t i = 0;

	arrive->message_id = store_id_next(store, STORE_ID_MESSAGE);
	arrive->created_at = clock_wall_ms() / 1000;
	envelope_fill_message(envelope, arrive);
	list_each (group, &envelope->groups, link) {
		envelope_fill_delivery(envelope, group, store, &deliveries[i]);
		envelope_schedule(envelope, settings, &deliveries[i], arrive->created_at);
		i++;
	}
	arrive->deliveries = deliveries;
	arrive->deliveries_count = i;
}

static const char *
envelope_text(const char *text)
{
	return text ? text : "";
}

struct store_delivery *
envelope_row(struct arena *arena, const struct store_arrive *arrive, size_t index)
{
	const struct store_arrive_delivery *from = &arrive->deliveries[index];
	struct store_delivery *row = arena_zero(arena, struct store_delivery);

	row->id = from->id;
	row->lane_id = from->lane_id;
	row->next_attempt_at = from->next_attempt_at;
	row->next_notify_at = from->next_notify_at;
	row->expires_at = from->expires_at;
	row->last = (struct store_last){.class = "",
					.step = "",
					.enhanced = "",
					.reply = "",
					.host = "",
					.ip = "",
					.tls_error = ""};
	row->domain = from->domain;
	row->message_id = arrive->message_id;
	row->sender = arrive->sender;
	row->created_at = arrive->created_at;
	row->size = arrive->size;
	row->segment_id = arrive->segment_id;
	row->offset = arrive->offset;
	row->crc32c = arrive->crc32c;
	row->eight_bit = arrive->eight_bit;
	row->needs_stuffing = arrive->needs_stuffing;
	row->longest_line = arrive->longest_line;
	row->smtputf8 = arrive->smtputf8;
	row->requiretls = arrive->requiretls;
	row->priority = arrive->priority;
	row->envid = envelope_text(arrive->envid);
	row->ret = (int)arrive->ret;
	row->tag = envelope_text(arrive->tag);
	row->recipients = arena_array(arena, from->recipients_count, sizeof(*row->recipients));
	row->recipients_count = from->recipients_count;
	for (size_t i = 0; i < from->recipients_count; i++) {
		row->recipients[i].id = from->recipients[i].id;
		row->recipients[i].address = from->recipients[i].address;
		row->recipients[i].orcpt = envelope_text(from->recipients[i].orcpt);
		row->recipients[i].notify = from->recipients[i].notify;
	}
	return row;
}
