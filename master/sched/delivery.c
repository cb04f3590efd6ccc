#include "master/sched/delivery.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/log.h"
#include "master/sched/state.h"
#include "master/store/delivery.h"
#include "master/subject.h"

static const char *const sched_place_names[SCHED_PLACES] = {
    [SCHED_NOWHERE] = "nowhere",   [SCHED_WAITING] = "waiting", [SCHED_OUT] = "out",
    [SCHED_SETTLING] = "settling", [SCHED_STUCK] = "stuck",
};

static size_t
sched_delivery_text_size(const struct store_delivery *row)
{
	size_t size = sizeof("none") + strlen(row->sender) + strlen(row->envid) + strlen(row->tag) +
		      strlen(row->last.class) + strlen(row->last.reply) +
		      strlen(row->last.tls_error);

	for (size_t i = 0; i < row->recipients_count; i++)
		size += strlen(row->recipients[i].address) + strlen(row->recipients[i].orcpt);
	return size;
}

/* Copies a text behind *end, which moves on. */
static struct slice
sched_delivery_pack(char **end, const char *text)
{
	struct slice slice = {*end, strlen(text)};

	memcpy(*end, text, slice.len);
	*end += slice.len;
	return slice;
}

static void
sched_delivery_copy_numbers(struct sched_delivery *delivery, const struct store_delivery *row)
{
	delivery->id = (uint64_t)row->id;
	delivery->message = (uint64_t)row->message_id;
	delivery->rev = row->rev;
	delivery->retry_num = row->retry_num;
	delivery->notify_num = row->notify_num;
	delivery->due_at = row->next_attempt_at;
	delivery->created_at = row->created_at;
	delivery->expires_at = row->expires_at;
	delivery->size = row->size;
	delivery->segment = row->segment_id;
	delivery->offset = row->offset;
	delivery->crc32c = row->crc32c;
	delivery->longest_line = row->longest_line;
	delivery->eight_bit = row->eight_bit;
	delivery->needs_stuffing = row->needs_stuffing;
	delivery->smtputf8 = row->smtputf8;
	delivery->requiretls = row->requiretls;
	delivery->priority = (int8_t)row->priority;
	delivery->ret = (uint8_t)row->ret;
}

struct sched_delivery *
sched_delivery_new(const struct store_delivery *row)
{
	size_t count = row->recipients_count;
	size_t head = sizeof(struct sched_delivery) + count * sizeof(struct sched_recipient);
	struct sched_delivery *delivery = alloc_array(1, head + sched_delivery_text_size(row));
	char *end = (char *)delivery + head;

	list_init(&delivery->link);
	list_init(&delivery->company);
	sched_delivery_copy_numbers(delivery, row);
	delivery->sender = sched_delivery_pack(&end, row->sender);
	delivery->envid = sched_delivery_pack(&end, row->envid);
	delivery->tag = sched_delivery_pack(&end, row->tag);
	delivery->last_status = sched_delivery_pack(&end, row->last.reply);
	delivery->last_error =
	    sched_delivery_pack(&end, *row->last.class ? row->last.class : "none");
	delivery->last_tls_error = sched_delivery_pack(&end, row->last.tls_error);
	delivery->recipients = (struct sched_recipient *)(delivery + 1);
	delivery->recipient_count = count;
	for (size_t i = 0; i < count; i++) {
		delivery->recipients[i].id = (uint64_t)row->recipients[i].id;
		delivery->recipients[i].address =
		    sched_delivery_pack(&end, row->recipients[i].address);
		delivery->recipients[i].orcpt = sched_delivery_pack(&end, row->recipients[i].orcpt);
		delivery->recipients[i].notify = (uint8_t)row->recipients[i].notify;
	}
	return delivery;
}

void
sched_delivery_free(struct sched_delivery **delivery)
{
	if (*delivery == NULL)
		return;
	list_remove(&(*delivery)->link);
	for (size_t i = 0; i < (*delivery)->recipient_count; i++)
		free((*delivery)->recipients[i].owned_reply);
	free(*delivery);
	*delivery = NULL;
}

const char *
sched_delivery_place_name(enum sched_place place)
{
	return sched_place_names[place];
}

void
sched_delivery_move(struct sched_delivery *delivery, enum sched_place place)
{
	if (log_wants(LOG_LEVEL_DEBUG))
		log_debug("delivery=%llu %s -> %s", (unsigned long long)delivery->id,
			  sched_place_names[delivery->place], sched_place_names[place]);
	list_remove(&delivery->link);
	delivery->place = place;
}

struct sched_recipient *
sched_delivery_recipient(struct sched_delivery *delivery, uint64_t id)
{
	for (size_t i = 0; i < delivery->recipient_count; i++)
		if (delivery->recipients[i].id == id)
			return &delivery->recipients[i];
	return NULL;
}

void
sched_delivery_report(struct sched_recipient *recipient, const struct outcome *outcome)
{
	assert(!recipient->settled);
	free(recipient->owned_reply);
	recipient->owned_reply = alloc_copy(outcome->reply.data, outcome->reply.len);
	recipient->outcome = *outcome;
	recipient->outcome.reply.data = recipient->owned_reply;
	recipient->reported = true;
}

bool
sched_delivery_has_open(const struct sched_delivery *delivery)
{
	for (size_t i = 0; i < delivery->recipient_count; i++)
		if (!delivery->recipients[i].reported)
			return true;
	return false;
}

bool
sched_delivery_is_begun(const struct sched_delivery *delivery)
{
	if (delivery->writing > 0)
		return true;
	for (size_t i = 0; i < delivery->recipient_count; i++)
		if (delivery->recipients[i].reported)
			return true;
	return false;
}

struct subject *
sched_delivery_subject(const struct sched_delivery *delivery)
{
	struct slice *recipients = alloc_array(delivery->recipient_count, sizeof(*recipients));
	struct subject_facts facts = {.sender = delivery->sender,
				      .rcpt_domain = slice_of(delivery->lane->destination->name),
				      .recipients = recipients,
				      .recipient_count = delivery->recipient_count,
				      .priority = delivery->priority,
				      .size = delivery->size,
				      .retry_num = delivery->retry_num,
				      .notify_num = delivery->notify_num,
				      .expires_at = delivery->expires_at,
				      .last_status = delivery->last_status,
				      .last_error = delivery->last_error,
				      .last_tls_error = delivery->last_tls_error};
	struct subject *subject;

	for (size_t i = 0; i < delivery->recipient_count; i++)
		recipients[i] = delivery->recipients[i].address;
	subject = subject_new(&facts);
	free(recipients);
	return subject;
}
