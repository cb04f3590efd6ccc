#include "master/core.h"

#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/frame.h"
#include "common/log.h"
#include "common/settings/complaint.h"
#include "common/settings/settings.h"
#include "common/str.h"
#include "common/why.h"
#include "master/ctl/ctl.h"
#include "master/daemon.h"
#include "master/explain.h"
#include "master/generation.h"
#include "master/intake.h"
#include "master/lend.h"
#include "master/listen.h"
#include "master/pool/pool.h"
#include "master/pool/spawn.h"
#include "master/record.h"
#include "master/sched/sched.h"
#include "master/sched/worker.h"
#include "master/store/db.h"
#include "master/store/turn.h"
#include "master/turn.h"

enum {
	CORE_SIGNALS = 4,
	CORE_WRITE_REST_MS = 10000, /* at the end, for changes that wait for a lock or for disk */
	CORE_WRITE_STEP_MS = 10,
};

struct core_events {
	struct event *tick;
	struct event *turn; /* the next turn when no event comes before */
	struct event *signals[CORE_SIGNALS];
};

/* Workers that deliver. */

static void
core_deliver_ready(struct pool_worker *worker, void *arg)
{
	struct core *core = arg;

	sched_worker_ready(core->sched, worker);
}

static bool
core_deliver_frame(struct pool_worker *worker, struct frame *frame, void *arg)
{
	struct core *core = arg;

	if (frame->type == FRAME_STEP || frame->type == FRAME_EXPLAINED)
		return explain_frame(core->explain, worker, frame);
	return sched_worker_frame(core->sched, worker, frame);
}

static void
core_deliver_gone(struct pool_worker *worker, const char *reason, void *arg)
{
	struct core *core = arg;

	(void)reason;
	explain_worker_gone(core->explain, worker);
	sched_worker_gone(core->sched, worker);
}

static bool
core_deliver_may_stay(struct pool_worker *worker, void *arg)
{
	struct core *core = arg;

	return sched_worker_may_stay(core->sched, worker);
}

/* Workers that accept. */

static void
core_submit_ready(struct pool_worker *worker, void *arg)
{
	struct core *core = arg;

	lend_worker_ready(core->lend, worker);
}

static bool
core_submit_frame(struct pool_worker *worker, struct frame *frame, void *arg)
{
	struct core *core = arg;

	if (frame->type == FRAME_SUBMIT)
		return intake_submit(core->intake, worker, frame);
	return lend_frame(core->lend, worker, frame);
}

static void
core_submit_gone(struct pool_worker *worker, const char *reason, void *arg)
{
	struct core *core = arg;

	(void)reason;
	intake_worker_gone(core->intake, worker);
	lend_worker_gone(core->lend, worker);
}

static void
core_spawner_gone(void *arg)
{
	struct core *core = arg;

	log_error("the spawner is gone, and with it all workers: stopping");
	core->status = EX_OSERR;
	core->stopping = true;
	sched_stop(core->sched);
	event_base_loopbreak(core->base);
}

static struct pool *
core_new_pool(struct core *core, const struct core_options *options)
{
	struct pool_options pool = {.base = core->base,
				    .spawner = options->spawner,
				    .uid = options->worker_uid,
				    .gid = options->worker_gid,
				    .spawner_gone = core_spawner_gone,
				    .arg = core};

	pool.handlers[PROTO_ROLE_DELIVER] =
	    (struct pool_handlers){.frame = core_deliver_frame,
				   .ready = core_deliver_ready,
				   .gone = core_deliver_gone,
				   .may_stay = core_deliver_may_stay,
				   .arg = core};
	pool.handlers[PROTO_ROLE_SUBMIT] = (struct pool_handlers){.frame = core_submit_frame,
								  .ready = core_submit_ready,
								  .gone = core_submit_gone,
								  .arg = core};
	return pool_new(&pool);
}

/* The sockets are there: workers of this generation may be born. */
static void
core_give_birth(struct core *core)
{
	struct pool_birth births[PROTO_ROLES];

	generation_births(core->generation, births);
	births[PROTO_ROLE_SUBMIT].listeners =
	    listen_fds(core->listen, &births[PROTO_ROLE_SUBMIT].listener_count);
	pool_set_generation(core->pool, core->generation->number, births);
	for (int role = 0; role < PROTO_ROLES; role++)
		pool_set_count(core->pool, (enum proto_role)role,
			       generation_workers(core->generation, (enum proto_role)role));
}

static void
core_listening(const char *error, void *arg)
{
	struct core *core = arg;

	if (core->stopping)
		return;
	if (error != NULL)
		log_error("%s", error);
	if (error != NULL && !core->ready) {
		core_stop(core, EX_OSERR);
		return;
	}
	if (core->next != NULL) {
		generation_free(&core->generation);
		core->generation = core->next;
		core->next = NULL;
		daemon_notify("READY=1");
		log_info("configuration %s is in force, generation %llu", core->config,
			 (unsigned long long)core->generation->number);
	}
	core_give_birth(core);
	if (!core->ready) {
		log_info("ready");
		daemon_notify("READY=1");
	}
	core->ready = true;
}

/* Anew, by the names these settings have. One that cannot be opened must not hinder the other. */
static void
core_open_logs(struct core *core, const struct settings *settings)
{
	struct why why = {0};

	if (!log_open(settings_text(settings, SETTING_LOG_TARGET), &why))
		log_error("%s", why.text);
	if (!record_reopen(core->record, settings_text(settings, SETTING_LOG_DELIVERIES),
			   settings_bool(settings, SETTING_LOG_DELIVERIES_MUST), &why))
		log_error("%s", why.text);
}

static void
core_on_signal(evutil_socket_t number, short what, void *arg)
{
	struct core *core = arg;
	struct why why = {0};

	(void)what;
	switch ((int)number) {
	case SIGHUP:
		if (!core_reload(core, &why))
			log_error("reload refused, the old configuration stays: %s", why.text);
		break;
	case SIGUSR1:
		core_open_logs(core, core->generation->settings);
		break;
	default:
		log_info("signal %d: stopping", (int)number);
		core_stop(core, 0);
	}
}

static void
core_on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	turn_tick(arg);
}

/* Only wakes the loop; the turn itself follows every round of events. */
static void
core_on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void
core_add_events(struct core *core)
{
	static const int signals[CORE_SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
	struct timeval second = {.tv_sec = 1};

	core->events = alloc_new(struct core_events);
	core->events->tick = event_new(core->base, -1, EV_PERSIST, core_on_tick, core);
	core->events->turn = event_new(core->base, -1, 0, core_on_turn, core);
	event_add(core->events->tick, &second);
	for (int i = 0; i < CORE_SIGNALS; i++) {
		core->events->signals[i] =
		    event_new(core->base, signals[i], EV_SIGNAL | EV_PERSIST, core_on_signal, core);
		event_add(core->events->signals[i], NULL);
	}
}

static bool
core_open(struct core *core, struct why *why)
{
	const struct settings *settings = core->generation->settings;

	core->record = record_new(settings_text(settings, SETTING_LOG_DELIVERIES),
				  settings_bool(settings, SETTING_LOG_DELIVERIES_MUST), why);
	if (core->record == NULL)
		return false;
	core->store = store_db_open(settings_text(settings, SETTING_SPOOL_PATH), why);
	if (core->store == NULL)
		return false;
	core->ctl = ctl_new(core, why);
	return core->ctl != NULL;
}

bool
core_start(struct core *core, const struct core_options *options, int *status, struct why *why)
{
	struct sched_options sched = {0};

	*core = (struct core){.config = options->config, .generation = options->generation};
	core->started_ms = clock_wall_ms();
	core->base = event_base_new();
	if (core->base == NULL)
		log_die("event_base_new failed");
	*status = EX_OSERR;
	if (!core_open(core, why))
		return false;
	core->pool = core_new_pool(core, options);
	pool_spawn_hold(pool_get_spawn(core->pool), options->lock);
	sched = (struct sched_options){.base = core->base,
				       .store = core->store,
				       .pool = core->pool,
				       .record = core->record,
				       .settings = core->generation->settings};
	core->sched = sched_new(&sched, why);
	if (core->sched == NULL)
		return false;
	core->explain = explain_new(core->pool);
	core->lend = lend_new(core->store);
	core->intake = intake_new(core->store, core->lend, core->sched, core->generation->settings);
	core->listen = listen_new(pool_get_spawn(core->pool));
	core_add_events(core);
	turn_tick(core);
	listen_apply(core->listen, core->generation->settings, core_listening, core);
	return true;
}

/* The last answers are written, whatever ended the loop, even if somebody has the lock for now. */
static void
core_write_rest(struct core *core)
{
	int64_t deadline = clock_mono_ms() + CORE_WRITE_REST_MS;
	long wait;

	while ((wait = turn_run(core)) >= 0 && store_turn_pending(core->store) > 0 &&
	       clock_mono_ms() < deadline)
		if (wait > 0)
			poll(NULL, 0, wait < CORE_WRITE_STEP_MS ? (int)wait : CORE_WRITE_STEP_MS);
	if (store_turn_pending(core->store) > 0)
		log_error("%zu changes could not be written: what they are about is due again at "
			  "the next start, and may be sent twice",
			  store_turn_pending(core->store));
}

int
core_run(struct core *core)
{
	while (!event_base_got_break(core->base) && !event_base_got_exit(core->base)) {
		long wait = turn_run(core);
		struct timeval tv = {.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};

		if (wait >= 0)
			event_add(core->events->turn, &tv);
		event_base_loop(core->base, EVLOOP_ONCE);
		event_del(core->events->turn);
	}
	core_write_rest(core);
	return core->status;
}

static void
core_stopped(void *arg)
{
	struct core *core = arg;

	event_base_loopexit(core->base, NULL);
}

void
core_stop(struct core *core, int status)
{
	if (core->stopping)
		return;
	core->stopping = true;
	core->status = status;
	daemon_notify("STOPPING=1");
	sched_stop(core->sched);
	pool_stop(core->pool, core_stopped, core);
}

/* The same lines as `postrider check` prints. */
static void
core_say_complaints(const struct core *core, struct settings_complaints *complaints)
{
	struct str line = {0};

	for (size_t i = 0; i < settings_complaint_count(complaints); i++) {
		const struct settings_complaint *one = settings_complaint_at(complaints, i);

		str_clear(&line);
		str_printf(&line, "%s:%u:%u: ", core->config, one->line, one->column);
		str_printable(&line, one->key, slice_of(one->key).len);
		str_text(&line, ": ");
		str_printable(&line, one->text, slice_of(one->text).len);
		log_line(one->warning ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, str_c(&line));
	}
	str_free(&line);
}

bool
core_reload(struct core *core, struct why *why)
{
	struct settings_complaints *complaints;
	struct generation *next;

	if (core->next != NULL || core->stopping || !core->ready) {
		why_set(why, "a reload or a start is under way");
		return false;
	}
	daemon_notify("RELOADING=1");
	complaints = settings_complaint_new(core->config);
	next = generation_load(core->config, core->generation->number + 1, complaints, why);
	core_say_complaints(core, complaints);
	settings_complaint_free(&complaints);
	if (next == NULL) {
		daemon_notify("READY=1");
		return false;
	}
	core->next = next;
	log_set_level((enum log_level)settings_choice(next->settings, SETTING_LOG_LEVEL));
	sched_set_settings(core->sched, next->settings);
	intake_set_settings(core->intake, next->settings);
	core_open_logs(core, next->settings);
	listen_apply(core->listen, next->settings, core_listening, core);
	return true;
}

void
core_free(struct core *core)
{
	if (core->events != NULL) {
		event_free(core->events->tick);
		event_free(core->events->turn);
		for (int i = 0; i < CORE_SIGNALS; i++)
			event_free(core->events->signals[i]);
		free(core->events);
	}
	/* The store calls everybody back for what is left; they may still speak to their workers.
	 */
	ctl_free(&core->ctl);
	if (core->store != NULL)
		store_db_close(&core->store);
	intake_free(&core->intake);
	lend_free(&core->lend);
	explain_free(&core->explain);
	sched_free(&core->sched);
	pool_free(&core->pool);
	listen_free(&core->listen);
	record_free(&core->record);
	generation_free(&core->next);
	generation_free(&core->generation);
	event_base_free(core->base);
}
