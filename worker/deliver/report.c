#include "worker/deliver/report.h"

#include "common/channel.h"
#include "common/frame.h"
#include "common/proto/result.h"
#include "worker/deliver/state.h"

enum { DELIVER_REPORT_FLUSH_MS = 1000 };

void
deliver_report_result(struct deliver *deliver, uint64_t job, uint64_t recipient,
		      const struct outcome *outcome, const struct proto_result_facts *facts)
{
	struct proto_result_recipient one = {.id = recipient, .outcome = *outcome};
	struct proto_result result = {
	    .job = job, .facts = *facts, .recipient_count = 1, .recipients = &one};
	struct wire_writer writer;

	if (one.outcome.reply.len > OUTCOME_REPLY_MAX)
		one.outcome.reply.len = OUTCOME_REPLY_MAX;
	deliver->messages += outcome->class == OUTCOME_DELIVERED;
	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_RESULT);
	proto_result_put(&writer, &result);
	channel_send(deliver->channel, &writer, -1);
}

void
deliver_report_dot(struct deliver *deliver, uint64_t job)
{
	struct wire_writer writer;

	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_DOT);
	wire_put_u64(&writer, job);
	channel_send(deliver->channel, &writer, -1);
	/* It must be the master's before the peer can have the message. */
	if (channel_queued(deliver->channel) > 0)
		channel_flush(deliver->channel, DELIVER_REPORT_FLUSH_MS);
}

void
deliver_report_done(struct deliver *deliver, const struct proto_done *done)
{
	struct proto_done cut = *done;
	struct wire_writer writer;

	if (cut.hosts.len > PROTO_RESULT_HOSTS)
		cut.hosts.len = PROTO_RESULT_HOSTS;
	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_DONE);
	proto_result_put_done(&writer, &cut);
	channel_send(deliver->channel, &writer, -1);
}
