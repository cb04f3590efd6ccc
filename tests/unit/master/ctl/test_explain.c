#include "master/explain.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/proto/explain.h"
#include "common/proto/job.h"
#include "master/pool/worker.h"
#include "tests/unit/master/ctl/desk.h"
#include "tests/unit/unit.h"

static void
test_say_step(struct desk *desk, struct pool_worker *worker, uint64_t request, bool end)
{
	struct proto_step step = {.request = request,
				  .name = slice_of("mx"),
				  .value = slice_of("mx.example"),
				  .note = slice_of("first"),
				  .origin = slice_of("default")};
	struct wire_writer writer;
	struct frame frame;
	char packet[1024];

	frame_begin(&writer, packet, sizeof(packet), end ? FRAME_EXPLAINED : FRAME_STEP);
	if (end)
		proto_explain_put_end(&writer, request);
	else
		proto_explain_put_step(&writer, &step);
	ck_assert(frame_parse(&frame, writer.data, writer.len, -1));
	ck_assert(explain_frame(desk->core.explain, worker, &frame));
}

static uint64_t
test_take_question(struct desk *desk, struct pool_worker *worker)
{
	struct fake_pool_frame *frame = door_take(&desk->door, worker, FRAME_EXPLAIN);
	struct arena *arena = arena_new();
	struct proto_job job;
	uint64_t request;

	ck_assert(proto_explain_get(&frame->frame.body, arena, &request, &job));
	ck_assert(slice_is(job.domain, "b.example"));
	ck_assert(slice_is(job.sender, "s@x.example"));
	ck_assert_uint_eq(job.facts.retry_num, 4);
	ck_assert(slice_is(job.recipients[0].address, "a@B.example"));
	arena_free(&arena);
	free(frame);
	return request;
}

/* No worker, one that answers, one whose asker went, one that dies. */
START_TEST(test_explain)
{
	static const char words[] = "explain a@B.example --sender s@x.example --retry-num 4";
	struct desk_answer answer;
	struct pool_worker *worker;
	struct desk desk;

	desk_open(&desk);
	answer = desk_ask(&desk, words);
	ck_assert_int_eq(answer.status, EX_UNAVAILABLE);
	ck_assert_uint_eq(answer.rows, 1);
	ck_assert_ptr_nonnull(strstr(answer.all, "explain.step=queue.outbound.next-hop\n"));
	worker = fake_pool_add(desk.core.pool, PROTO_ROLE_DELIVER);
	for (int way = 0; way < 3; way++) {
		int client = desk_connect(&desk);
		uint64_t request;

		answer = (struct desk_answer){0};
		desk_say(client, words);
		desk_run(&desk);
		request = test_take_question(&desk, worker);
		test_say_step(&desk, worker, request, false);
		if (way == 1) {
			close(client);
			desk_run(&desk);
		}
		if (way == 2)
			explain_worker_gone(desk.core.explain, worker);
		else
			test_say_step(&desk, worker, request, true);
		if (way == 1)
			continue;
		desk_finish(&desk, client, &answer);
		ck_assert_int_eq(answer.status, way == 0 ? EX_OK : EX_SOFTWARE);
		ck_assert_uint_eq(answer.rows, 2);
		ck_assert_ptr_nonnull(strstr(answer.all, "explain.value=mx.example\n"));
		close(client);
	}
	desk_close(&desk);
}
END_TEST

static Suite *
test_suite(void)
{
	Suite *suite = suite_create("master/ctl/explain");
	TCase *tcase = tcase_create("explain");

	tcase_add_test(tcase, test_explain);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(test_suite)
