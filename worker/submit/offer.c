#include "worker/submit/offer.h"

#include <stddef.h>

#include "common/channel.h"
#include "common/frame.h"
#include "common/proto/submit.h"
#include "worker/submit/message.h"

enum {
	SUBMIT_OFFER_ROOM = WIRE_PACKET_MAX / 2, /* bytes of recipients in one packet */
};

/* How many recipients from `from` on fit into one packet beside the other fields. */
static size_t
submit_offer_count(const struct submit_message *message, size_t from)
{
	size_t bytes = 0;
	size_t count = 0;

	while (from + count < message->recipient_count && count < PROTO_SUBMIT_BATCH) {
		const struct proto_recipient *next = &message->recipients[from + count];

		bytes += next->address.len + next->orcpt.len + 16;
		if (bytes > SUBMIT_OFFER_ROOM && count > 0)
			break;
		count++;
	}
	return count;
}

void
submit_offer_send(struct channel *to_master, struct submit_message *message, uint64_t segment,
		  uint64_t offset)
{
	struct proto_submit *submit = &message->envelope;
	size_t sent = 0;

	submit->ticket = message->ticket;
	submit->segment = segment;
	submit->offset = offset;
	submit->size = message->scan.size;
	submit->crc32c = message->scan.crc32c;
	submit->eight_bit = message->scan.eight_bit;
	submit->needs_stuffing = message->scan.needs_stuffing;
	submit->longest_line = message->scan.longest;
	while (sent < message->recipient_count) {
		struct wire_writer writer;

		submit->recipients = message->recipients + sent;
		submit->recipient_count = submit_offer_count(message, sent);
		sent += submit->recipient_count;
		submit->more = sent < message->recipient_count;
		frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_SUBMIT);
		proto_submit_put(&writer, submit);
		channel_send(to_master, &writer, -1);
	}
}
