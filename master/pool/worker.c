#include "master/pool/worker.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/alloc.h"
#include "common/channel.h"
#include "common/clock.h"
#include "common/frame.h"
#include "common/log.h"
#include "common/str.h"
#include "common/wire.h"
#include "master/pool/spawn.h"

/* How often a worker that may stay is asked again. */
enum { POOL_WORKER_STAY_STEP_MS = 250 };

static const char *const pool_worker_states[] = {
    [POOL_WORKER_STARTING] = "starting", [POOL_WORKER_BORN] = "born",
    [POOL_WORKER_READY] = "ready",       [POOL_WORKER_RETIRING] = "retiring",
    [POOL_WORKER_KILLED] = "killed",     [POOL_WORKER_GONE] = "gone",
};

const char *
pool_worker_state_name(enum pool_worker_state state)
{
	return pool_worker_states[state];
}

static int64_t
pool_worker_deadline(const struct pool_worker *worker, enum pool_worker_state state, int64_t now)
{
	const struct pool_times *times = worker->context->times;

	switch (state) {
	case POOL_WORKER_STARTING:
		return now + times->hello;
	case POOL_WORKER_BORN:
		return worker->deadline_ms;
	case POOL_WORKER_RETIRING:
		return now + times->retire;
	case POOL_WORKER_READY:
	case POOL_WORKER_KILLED:
	case POOL_WORKER_GONE:
		break;
	}
	return INT64_MAX;
}

/* The one place where a state changes. */
static void
pool_worker_become(struct pool_worker *worker, enum pool_worker_state state, const char *reason)
{
	bool expected = worker->retired && (state == POOL_WORKER_GONE || !worker->was_ready);
	bool bad = state >= POOL_WORKER_KILLED && !expected;

	assert(state > worker->state);
	if (bad)
		log_warn("worker %s (pid %d, generation %llu): %s -> %s: %s", worker->name,
			 (int)worker->pid, (unsigned long long)worker->generation,
			 pool_worker_state_name(worker->state), pool_worker_state_name(state),
			 reason);
	else
		log_info("worker %s (pid %d, generation %llu): %s -> %s%s%s", worker->name,
			 (int)worker->pid, (unsigned long long)worker->generation,
			 pool_worker_state_name(worker->state), pool_worker_state_name(state),
			 reason[0] == '\0' ? "" : ": ", reason);
	worker->deadline_ms = pool_worker_deadline(worker, state, clock_mono_ms());
	worker->state = state;
	worker->context->changed(worker, worker->context->arg);
}

static void
pool_worker_note(struct pool_worker *worker, const char *reason)
{
	if (worker->reason[0] == '\0')
		snprintf(worker->reason, sizeof(worker->reason), "%s", reason);
}

/* Dead and heard to the end. */
static void
pool_worker_try_end(struct pool_worker *worker)
{
	if (!worker->dead || worker->channel != NULL)
		return;
	pool_worker_become(worker, POOL_WORKER_GONE, worker->reason);
	if (worker->was_ready && worker->handlers->gone != NULL)
		worker->handlers->gone(worker, worker->reason, worker->handlers->arg);
	worker->context->ended(worker, worker->context->arg);
}

static void
pool_worker_on_log(const struct pool_worker *worker, const struct proto_log *log)
{
	struct str line = {0};

	str_printf(&line, "%s: ", worker->name);
	str_printable(&line, log->text.data, log->text.len);
	log_line((enum log_level)log->level, str_c(&line));
	str_free(&line);
}

static bool
pool_worker_on_hello(struct pool_worker *worker, struct frame *frame)
{
	struct proto_hello hello;
	struct str text = {0};

	if (worker->state != POOL_WORKER_BORN || !proto_hello_get(&frame->body, &hello) ||
	    hello.role != worker->role || hello.generation != worker->generation)
		return false;
	str_printable(&text, hello.protection.data, hello.protection.len);
	snprintf(worker->protection, sizeof(worker->protection), "%s", str_c(&text));
	str_free(&text);
	worker->was_ready = true;
	pool_worker_become(worker, POOL_WORKER_READY, "");
	if (worker->handlers->ready != NULL)
		worker->handlers->ready(worker, worker->handlers->arg);
	return true;
}

static bool
pool_worker_take(struct pool_worker *worker, struct frame *frame)
{
	struct proto_log log;

	switch (frame->type) {
	case FRAME_HELLO:
		return pool_worker_on_hello(worker, frame);
	case FRAME_STAT:
		return worker->was_ready && proto_hello_get_stat(&frame->body, &worker->stat);
	case FRAME_LOG:
		if (!proto_hello_get_log(&frame->body, &log) || log.level > LOG_LEVEL_DEBUG)
			return false;
		pool_worker_on_log(worker, &log);
		return true;
	default:
		return worker->was_ready &&
		       worker->handlers->frame(worker, frame, worker->handlers->arg);
	}
}

static bool
pool_worker_on_frame(struct channel *channel, struct frame *frame, void *arg)
{
	struct pool_worker *worker = arg;
	enum frame_type type = frame->type;
	char reason[64];

	if (!pool_worker_take(worker, frame)) {
		snprintf(reason, sizeof(reason), "sent a bad %s frame", frame_name(type));
		pool_worker_kill(worker, reason);
		return false;
	}
	if (type == FRAME_STAT || type == FRAME_HELLO) {
		worker->heard_ms = clock_mono_ms();
		worker->context->changed(worker, worker->context->arg);
	}
	return true;
}

static void
pool_worker_on_gone(struct channel *channel, const char *reason, void *arg)
{
	struct pool_worker *worker = arg;
	int64_t soon = clock_mono_ms() + worker->context->times->closing;
	char text[128];

	channel_free(&worker->channel);
	if (worker->dead || worker->state == POOL_WORKER_KILLED) {
		pool_worker_try_end(worker);
		return;
	}
	if (worker->state == POOL_WORKER_RETIRING) {
		/* It is about to exit; a moment more is friendlier in the log than a kill. */
		pool_worker_hurry(worker, soon, 0);
		return;
	}
	snprintf(text, sizeof(text), "its channel closed: %s", reason);
	worker->closed = worker->reason[0] == '\0';
	pool_worker_kill(worker, text);
}

static void
pool_worker_on_drained(struct channel *channel, void *arg)
{
	struct pool_worker *worker = arg;

	if (worker->handlers->drained != NULL && worker->state < POOL_WORKER_KILLED)
		worker->handlers->drained(worker, worker->handlers->arg);
}

static const struct channel_handlers pool_worker_channel_handlers = {
    .frame = pool_worker_on_frame,
    .gone = pool_worker_on_gone,
    .drained = pool_worker_on_drained,
};

static void
pool_worker_on_started(int error, pid_t pid, int fd, void *arg)
{
	struct pool_worker *worker = arg;
	char reason[128];

	if (error != 0) {
		snprintf(reason, sizeof(reason), "not started: %s", strerror(error));
		pool_worker_note(worker, reason);
		worker->dead = true;
		pool_worker_try_end(worker);
		return;
	}
	worker->pid = pid;
	worker->channel =
	    channel_new(worker->context->base, fd, &pool_worker_channel_handlers, worker);
	if (worker->state == POOL_WORKER_STARTING)
		pool_worker_become(worker, POOL_WORKER_BORN, "");
	else
		pool_spawn_kill(worker->context->spawn, pid);
}

struct pool_worker *
pool_worker_new(const struct pool_worker_context *context, const struct pool_handlers *handlers,
		uint64_t generation, const struct pool_spawn_worker *birth)
{
	struct pool_worker *worker = alloc_new(struct pool_worker);

	list_init(&worker->link);
	worker->context = context;
	worker->handlers = handlers;
	worker->role = birth->rules.role;
	worker->number = birth->number;
	worker->generation = generation;
	worker->started_ms = clock_mono_ms();
	worker->deadline_ms = pool_worker_deadline(worker, worker->state, worker->started_ms);
	snprintf(worker->name, sizeof(worker->name), "%s/%u", proto_hello_role_name(worker->role),
		 worker->number);
	pool_spawn_start(context->spawn, birth, pool_worker_on_started, worker);
	return worker;
}

void
pool_worker_free(struct pool_worker **worker)
{
	channel_free(&(*worker)->channel);
	free(*worker);
	*worker = NULL;
}

bool
pool_worker_send(struct pool_worker *worker, const struct wire_writer *writer, int fd)
{
	return worker->state < POOL_WORKER_KILLED && worker->channel != NULL &&
	       channel_send(worker->channel, writer, fd);
}

void
pool_worker_retire(struct pool_worker *worker, const char *reason)
{
	uint8_t packet[64];
	struct wire_writer writer;

	if (worker->state >= POOL_WORKER_RETIRING)
		return;
	worker->retired = true;
	pool_worker_note(worker, reason);
	if (worker->state < POOL_WORKER_READY) {
		pool_worker_kill(worker, reason);
		return;
	}
	frame_begin(&writer, packet, sizeof(packet), FRAME_RETIRE);
	pool_worker_send(worker, &writer, -1);
	pool_worker_become(worker, POOL_WORKER_RETIRING, reason);
	if (worker->handlers->retiring != NULL)
		worker->handlers->retiring(worker, worker->handlers->arg);
}

void
pool_worker_hurry(struct pool_worker *worker, int64_t deadline_ms, int64_t stay_ms)
{
	if (worker->state != POOL_WORKER_RETIRING)
		return;
	if (deadline_ms < worker->deadline_ms)
		worker->deadline_ms = deadline_ms;
	worker->stay_ms = stay_ms;
	worker->context->changed(worker, worker->context->arg);
}

void
pool_worker_kill(struct pool_worker *worker, const char *reason)
{
	if (worker->state >= POOL_WORKER_KILLED)
		return;
	pool_worker_note(worker, reason);
	pool_worker_become(worker, POOL_WORKER_KILLED, reason);
	if (worker->pid != 0 && !worker->dead)
		pool_spawn_kill(worker->context->spawn, worker->pid);
}

void
pool_worker_reaped(struct pool_worker *worker, int status)
{
	char reason[128];

	worker->dead = true;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(reason, sizeof(reason), "ended by its sandbox: a forbidden system call");
	else if (WIFSIGNALED(status))
		snprintf(reason, sizeof(reason), "ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(reason, sizeof(reason), "ended with status %d", WEXITSTATUS(status));
	/* That its channel closed is a symptom; how it died may be the cause. */
	if (worker->closed)
		snprintf(worker->reason + strlen(worker->reason),
			 sizeof(worker->reason) - strlen(worker->reason), "; %s", reason);
	pool_worker_note(worker, reason);
	/* What it wrote last may still be unread; the end of the channel comes behind it. */
	if (worker->channel != NULL)
		channel_pause(worker->channel, false);
	pool_worker_try_end(worker);
}

int64_t
pool_worker_next_check(const struct pool_worker *worker)
{
	int64_t hung = worker->heard_ms + worker->context->times->hung;
	bool listens = worker->state == POOL_WORKER_READY || worker->state == POOL_WORKER_RETIRING;

	return listens && worker->channel != NULL && hung < worker->deadline_ms
		   ? hung
		   : worker->deadline_ms;
}

void
pool_worker_check(struct pool_worker *worker, int64_t now_ms)
{
	if (pool_worker_next_check(worker) > now_ms)
		return;
	if (worker->deadline_ms > now_ms) {
		pool_worker_kill(worker, "hung: it reports nothing");
		return;
	}
	if (worker->state == POOL_WORKER_RETIRING && now_ms < worker->stay_ms &&
	    worker->handlers->may_stay != NULL &&
	    worker->handlers->may_stay(worker, worker->handlers->arg)) {
		worker->deadline_ms = now_ms + POOL_WORKER_STAY_STEP_MS;
		return;
	}
	pool_worker_kill(worker, worker->state == POOL_WORKER_RETIRING ? "took too long to retire"
								       : "did not say HELLO");
}
