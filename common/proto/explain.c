#include "common/proto/explain.h"

#include "common/proto/job.h"
#include "common/wire.h"

enum { PROTO_EXPLAIN_TEXT = 1024, PROTO_EXPLAIN_NAME = 255 };

void
proto_explain_put(struct wire_writer *writer, uint64_t request, const struct proto_job *job)
{
	wire_put_u64(writer, request);
	proto_job_put(writer, job);
	wire_put_space(writer, 0);
}

bool
proto_explain_get(struct wire_reader *reader, struct arena *arena, uint64_t *request,
		  struct proto_job *job)
{
	*request = wire_get_u64(reader);
	return proto_job_get(reader, arena, job) && job->body.len == 0;
}

static struct slice
proto_explain_cut(struct slice text, size_t most)
{
	return (struct slice){text.data, text.len < most ? text.len : most};
}

void
proto_explain_put_step(struct wire_writer *writer, const struct proto_step *step)
{
	wire_put_u64(writer, step->request);
	wire_put_u8(writer, step->depth);
	wire_put_slice(writer, proto_explain_cut(step->name, PROTO_EXPLAIN_NAME));
	wire_put_slice(writer, proto_explain_cut(step->value, PROTO_EXPLAIN_TEXT));
	wire_put_slice(writer, proto_explain_cut(step->note, PROTO_EXPLAIN_TEXT));
	wire_put_slice(writer, proto_explain_cut(step->origin, PROTO_EXPLAIN_TEXT));
}

bool
proto_explain_get_step(struct wire_reader *reader, struct proto_step *step)
{
	step->request = wire_get_u64(reader);
	step->depth = wire_get_enum(reader, 3);
	step->name = wire_get_text(reader, PROTO_EXPLAIN_NAME);
	step->value = wire_get_text(reader, PROTO_EXPLAIN_TEXT);
	step->note = wire_get_text(reader, PROTO_EXPLAIN_TEXT);
	step->origin = wire_get_text(reader, PROTO_EXPLAIN_TEXT);
	return wire_get_end(reader);
}

void
proto_explain_put_end(struct wire_writer *writer, uint64_t request)
{
	wire_put_u64(writer, request);
}

bool
proto_explain_get_end(struct wire_reader *reader, uint64_t *request)
{
	*request = wire_get_u64(reader);
	return wire_get_end(reader);
}
