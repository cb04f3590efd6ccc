#include "worker/deliver/deliver.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/channel.h"
#include "common/expr/expr.h"
#include "common/frame.h"
#include "common/list.h"
#include "common/log.h"
#include "common/map.h"
#include "common/proto/hello.h"
#include "common/proto/session.h"
#include "common/settings/bundle.h"
#include "common/settings/settings.h"
#include "common/why.h"
#include "worker/deliver/attempt.h"
#include "worker/deliver/family.h"
#include "worker/deliver/host.h"
#include "worker/deliver/job.h"
#include "worker/deliver/pool.h"
#include "worker/deliver/state.h"
#include "worker/resolve/resolve.h"

/* Frees what ended in this turn; nobody refers to it any more. */
static void
deliver_on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct deliver *deliver = arg;

	(void)fd;
	(void)what;
	while (!list_is_empty(&deliver->ended)) {
		struct deliver_job *job = list_first(&deliver->ended, struct deliver_job, link);

		deliver_job_free(&job);
	}
	if (deliver->retiring)
		deliver_pool_close_all_idle(deliver->pool);
	if (deliver->drained != NULL && map_count(deliver->jobs) == 0) {
		void (*drained)(void *) = deliver->drained;

		deliver->drained = NULL;
		drained(deliver->drained_arg);
	}
}

static struct resolve *
deliver_new_resolve(struct event_base *base, const struct settings_bundle *bundle, struct why *why)
{
	static const enum resolve_trust trust[] = {
	    [SETTINGS_TRUST_AUTO] = RESOLVE_TRUST_AUTO,
	    [SETTINGS_TRUST_NO] = RESOLVE_TRUST_NO,
	    [SETTINGS_TRUST_YES] = RESOLVE_TRUST_YES,
	};
	const struct settings *settings = bundle->settings;
	struct resolve_config config = {
	    .timeout_ms = (unsigned)settings_duration_ms(settings, SETTING_RESOLVER_TIMEOUT),
	    .attempts = (unsigned)settings_integer(settings, SETTING_RESOLVER_ATTEMPTS),
	    .trust_ad = trust[settings_choice(settings, SETTING_RESOLVER_TRUST_AD)],
	    .cache_size = (size_t)settings_integer(settings, SETTING_RESOLVER_CACHE_SIZE),
	};

	for (size_t i = 0; i < bundle->server_count && i < RESOLVE_SERVERS_MAX; i++)
		memcpy(&config.servers[config.count++], &bundle->servers[i].sa,
		       sizeof(bundle->servers[i].sa));
	return resolve_new(base, &config, why);
}

/* queue.outbound.hostname, unless it depends on the delivery. */
static char *
deliver_new_ehlo(const struct settings *settings)
{
	struct expr_value variables[EXPR_VARIABLE_COUNT];
	struct arena *arena = arena_new();
	struct expr_env env = {.arena = arena, .variables = variables};
	struct slice name = {0};
	char *ehlo = NULL;

	expr_scope_blank(variables);
	if (!settings_eval_varies(settings, SETTING_QUEUE_OUTBOUND_HOSTNAME))
		settings_eval_text(settings, SETTING_QUEUE_OUTBOUND_HOSTNAME, &env, &name);
	if (name.len > 0)
		ehlo = alloc_str(arena_copy(arena, name.data, name.len));
	arena_free(&arena);
	return ehlo;
}

struct deliver *
deliver_new(struct event_base *base, const struct settings_bundle *bundle,
	    struct channel *to_master, struct why *why)
{
	struct resolve *resolve = deliver_new_resolve(base, bundle, why);
	struct deliver *deliver;

	if (resolve == NULL)
		return NULL;
	deliver = alloc_new(struct deliver);
	deliver->base = base;
	deliver->bundle = bundle;
	deliver->channel = to_master;
	deliver->resolve = resolve;
	deliver->pool = deliver_pool_new(base, to_master);
	deliver->jobs = map_new();
	deliver->openings = map_new();
	deliver->explained = map_new();
	deliver->family = deliver_family_new();
	deliver->sweep = event_new(base, -1, 0, deliver_on_sweep, deliver);
	deliver->ehlo = deliver_new_ehlo(bundle->settings);
	deliver->own_names[0] = settings_hostname(bundle->settings);
	deliver->own_names[1] = deliver->ehlo;
	list_init(&deliver->ended);
	return deliver;
}

static void
deliver_free_jobs(struct map *jobs)
{
	struct deliver_job *job;
	size_t cursor = 0;

	while ((job = map_next(jobs, &cursor)) != NULL) {
		deliver_attempt_cancel(job);
		deliver_host_cancel(job);
		deliver_job_free(&job);
	}
	map_free(&jobs, NULL);
}

void
deliver_free(struct deliver **deliver)
{
	struct deliver_job *job;

	if (*deliver == NULL)
		return;
	deliver_free_jobs((*deliver)->jobs);
	deliver_free_jobs((*deliver)->explained);
	while (!list_is_empty(&(*deliver)->ended)) {
		job = list_first(&(*deliver)->ended, struct deliver_job, link);
		deliver_job_free(&job);
	}
	deliver_pool_free(&(*deliver)->pool);
	resolve_free(&(*deliver)->resolve);
	map_free(&(*deliver)->openings, NULL);
	deliver_family_free(&(*deliver)->family);
	event_free((*deliver)->sweep);
	free((*deliver)->ehlo);
	free(*deliver);
	*deliver = NULL;
}

static bool
deliver_on_job(struct deliver *deliver, struct frame *frame)
{
	struct slice packet = {(const char *)frame->body.data, frame->body.len};
	int fd = frame_take_fd(frame);
	struct deliver_job *job = deliver_job_start(deliver, packet, fd);

	if (job == NULL && fd >= 0)
		close(fd);
	/* One that crossed with our RETIRE goes straight back. */
	if (job != NULL && deliver->retiring)
		deliver_job_give_back(job);
	return job != NULL;
}

static bool
deliver_on_body(struct deliver *deliver, struct frame *frame)
{
	struct proto_body body;
	struct deliver_job *job;

	if (!proto_job_get_body(&frame->body, &body))
		return false;
	job = map_find_id(deliver->jobs, body.job);
	/* A job that is over already had pieces under way. */
	return job == NULL || deliver_job_piece(job, &body);
}

static bool
deliver_on_close(struct deliver *deliver, struct frame *frame)
{
	struct proto_close close_frame;

	if (!proto_session_get_close(&frame->body, &close_frame))
		return false;
	deliver_pool_close_idle(deliver->pool, close_frame.id);
	return true;
}

bool
deliver_frame(struct deliver *deliver, struct frame *frame)
{
	switch ((int)frame->type) {
	case FRAME_JOB:
		return deliver_on_job(deliver, frame);
	case FRAME_BODY:
		return deliver_on_body(deliver, frame);
	case FRAME_EXPLAIN:
		return deliver_job_explain(
		    deliver, (struct slice){(const char *)frame->body.data, frame->body.len});
	case FRAME_CLOSE:
		return deliver_on_close(deliver, frame);
	default:
		return false;
	}
}

void
deliver_retire(struct deliver *deliver, void (*drained)(void *arg), void *arg)
{
	struct timeval now = {0};
	struct deliver_job *job;
	size_t cursor = 0;

	if (deliver->retiring)
		return;
	deliver->retiring = true;
	deliver->drained = drained;
	deliver->drained_arg = arg;
	while ((job = map_next(deliver->jobs, &cursor)) != NULL)
		deliver_job_give_back(job);
	deliver_pool_close_all_idle(deliver->pool);
	event_add(deliver->sweep, &now);
}

void
deliver_stat(const struct deliver *deliver, struct proto_stat *stat)
{
	stat->sessions =
	    (uint32_t)(deliver_pool_count(deliver->pool) + map_count(deliver->openings));
	stat->idle = (uint32_t)deliver_pool_idle(deliver->pool);
	stat->messages = deliver->messages;
	stat->connections = deliver_pool_opened(deliver->pool);
}
