#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/why.h"
#include "master/store/arrive.h"
#include "master/store/checkpoint.h"
#include "master/store/db.h"
#include "master/store/lane.h"
#include "master/store/segment.h"
#include "master/store/settle.h"
#include "master/store/store.h"
#include "master/store/turn.h"

/*
 * What the queue costs per message: store_bench [DIRECTORY] [MESSAGES] [DOMAINS]. CPU time of the
 * process, turns of 500, one recipient each; the disk's own time is shown beside it.
 */
struct bench {
	struct store *store;
	int64_t segment;
	long messages;
	long domains;
	int64_t *deliveries;
};

static double
bench_cpu_us(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

static void
bench_fail(const char *doing, const struct why *why)
{
	fprintf(stderr, "%s: %s\n", doing, why->text);
	exit(EXIT_FAILURE);
}

static void
bench_turn(struct bench *bench)
{
	struct why why;

	while (store_turn_pending(bench->store) > 0)
		if (store_turn_run(bench->store, &why) != STORE_TURN_COMMITTED)
			bench_fail("turn", &why);
	store_checkpoint_tick(bench->store);
}

struct bench_message {
	struct store_arrive arrive;
	struct store_arrive_delivery delivery;
	struct store_arrive_recipient recipient;
	char address[64];
	char domain[64];
};

static void
bench_arrive_one(struct bench *bench, struct bench_message *message, long i)
{
	struct store_arrive *arrive = &message->arrive;

	memset(message, 0, sizeof(*message));
	store_arrive_init(arrive, NULL, NULL);
	snprintf(message->domain, sizeof(message->domain), "d%ld.example", i % bench->domains);
	snprintf(message->address, sizeof(message->address), "user%ld@%s", i, message->domain);
	message->recipient.id = store_id_next(bench->store, STORE_ID_RECIPIENT);
	message->recipient.address = message->address;
	message->delivery.id = store_id_next(bench->store, STORE_ID_DELIVERY);
	message->delivery.domain = message->domain;
	message->delivery.next_attempt_at = 1795000000 + i / 1000;
	message->delivery.next_notify_at = 1795086400 + i / 1000;
	message->delivery.expires_at = 1795432000 + i / 1000;
	message->delivery.recipients = &message->recipient;
	message->delivery.recipients_count = 1;
	arrive->message_id = store_id_next(bench->store, STORE_ID_MESSAGE);
	arrive->sender = "newsletter@sender.example";
	arrive->created_at = 1795000000;
	arrive->size = 10240;
	arrive->segment_id = bench->segment;
	arrive->offset = i * 10240;
	arrive->crc32c = (uint32_t)i * 2654435761U;
	arrive->origin = "submit 127.0.0.1";
	arrive->sender_domain = "sender.example";
	arrive->deliveries = &message->delivery;
	arrive->deliveries_count = 1;
	bench->deliveries[i] = message->delivery.id;
	store_turn_add(bench->store, &arrive->op);
}

static void
bench_arrive(struct bench *bench)
{
	struct bench_message *messages = alloc_array(STORE_TURN_MOST, sizeof(*messages));

	for (long i = 0; i < bench->messages;) {
		long n = 0;

		for (; n < STORE_TURN_MOST && i + n < bench->messages; n++)
			bench_arrive_one(bench, &messages[n], i + n);
		bench_turn(bench);
		i += n;
	}
	free(messages);
}

static void
bench_load(struct bench *bench)
{
	struct arena *arena = arena_new();
	struct why why;

	for (long i = 0; i < bench->messages; i++) {
		if (store_delivery_load(bench->store, bench->deliveries[i], arena, &why) == NULL)
			bench_fail("load", &why);
		arena_reset(arena);
	}
	arena_free(&arena);
}

static void
bench_settle(struct bench *bench, enum store_settle_end end)
{
	static const struct store_last last = {.class = "unexpected-reply",
					       .step = "rcpt-to",
					       .code = 450,
					       .enhanced = "4.2.0",
					       .reply = "450 4.2.0 greylisted, come back later",
					       .host = "mx1.d.example",
					       .ip = "192.0.2.1"};
	static const struct store_settle_attempt attempt = {
	    .at = 1795000100, .text = "mx1.d.example [192.0.2.1] rcpt-to 450 4.2.0 greylisted"};
	struct store_settle *settles = alloc_array(STORE_TURN_MOST, sizeof(*settles));

	for (long i = 0; i < bench->messages;) {
		long n = 0;

		for (; n < STORE_TURN_MOST && i + n < bench->messages; n++) {
			struct store_settle *settle = &settles[n];

			memset(settle, 0, sizeof(*settle));
			store_settle_init(settle, NULL, NULL);
			settle->delivery_id = bench->deliveries[i + n];
			settle->end = end;
			settle->retry_num = 1;
			settle->next_attempt_at = 1795001000;
			settle->last_attempt_at = 1795000100;
			settle->last = &last;
			settle->attempt = &attempt;
			store_turn_add(bench->store, &settle->op);
		}
		bench_turn(bench);
		i += n;
	}
	free(settles);
}

static void
bench_count(void *arg, const struct store_lane *lane)
{
	(*(long *)arg)++;
}

static void
bench_lanes(struct bench *bench)
{
	int64_t cursor = 0;
	long count = 0;
	struct why why;

	while (cursor >= 0)
		if (!store_lane_each(bench->store, &cursor, 1000, bench_count, &count, &why))
			bench_fail("lanes", &why);
	printf("  (%ld lanes) ", count);
}

static void
bench_say(struct bench *bench, const char *what, double *cpu, int64_t *sync)
{
	const struct store_stats *stats = store_db_stats(bench->store);
	double now = bench_cpu_us();

	printf("%-8s %7.2f us CPU per message, %7.2f us in COMMIT\n", what,
	       (now - *cpu) / (double)bench->messages,
	       (double)(stats->commit_us - *sync) / (double)bench->messages);
	*sync = stats->commit_us;
	*cpu = bench_cpu_us();
}

static void
bench_run(struct bench *bench)
{
	double cpu = bench_cpu_us();
	int64_t sync = store_db_stats(bench->store)->commit_us;

	bench_arrive(bench);
	bench_say(bench, "enqueue", &cpu, &sync);
	bench_lanes(bench);
	bench_say(bench, "lanes", &cpu, &sync);
	bench_load(bench);
	bench_say(bench, "load", &cpu, &sync);
	bench_settle(bench, STORE_SETTLE_STAYS);
	bench_say(bench, "defer", &cpu, &sync);
	bench_settle(bench, STORE_SETTLE_FINISHED);
	bench_say(bench, "finish", &cpu, &sync);
	bench_arrive(bench);
	cpu = bench_cpu_us();
	sync = store_db_stats(bench->store)->commit_us;
	bench_settle(bench, STORE_SETTLE_FINISHED);
	bench_say(bench, "finish1", &cpu, &sync);
}

int
main(int argc, char **argv)
{
	char made[] = "/var/tmp/store-bench-XXXXXX";
	const char *dir = argc > 1 ? argv[1] : mkdtemp(made);
	struct bench bench = {.messages = argc > 2 ? strtol(argv[2], NULL, 10) : 100000,
			      .domains = argc > 3 ? strtol(argv[3], NULL, 10) : 1000};
	struct store_segment_create create;
	struct why why;

	if (dir == NULL || bench.messages < 1 || bench.domains < 1)
		return EXIT_FAILURE;
	bench.store = store_db_open(dir, &why);
	if (bench.store == NULL)
		bench_fail("open", &why);
	if (!store_segment_create(bench.store, &create, STORE_SEGMENT_SHARED, NULL, NULL, &why))
		bench_fail("segment", &why);
	store_turn_add(bench.store, &create.op);
	bench_turn(&bench);
	bench.segment = create.id;
	bench.deliveries = alloc_array((size_t)bench.messages, sizeof(*bench.deliveries));
	bench_run(&bench);
	close(create.fd);
	free(bench.deliveries);
	store_db_close(&bench.store);
	printf("the queue is left in %s\n", dir);
	return EXIT_SUCCESS;
}
