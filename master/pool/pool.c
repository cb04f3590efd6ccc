#include "master/pool/pool.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/launch.h"
#include "common/log.h"
#include "master/pool/spawn.h"

struct pool_role {
	struct pool_handlers handlers;
	struct pool_spawn_worker birth; /* with descriptors of our own; number 0 */
	int listeners[LAUNCH_LISTENERS];
	unsigned wanted;      /* how many there should be */
	int64_t backoff_ms;   /* pause before the next birth; 0: the last one was well */
	int64_t wait_ms;      /* no birth before this time */
	char protection[512]; /* of its workers, as last logged */
};

struct pool {
	struct event_base *base;
	struct event *timer; /* the earliest thing there is to do */
	int64_t timer_ms;    /* when it is set to, INT64_MAX: not set */
	struct pool_spawn *spawn;
	const struct pool_times *times;
	struct pool_worker_context context;
	struct pool_role roles[PROTO_ROLES];
	struct list workers; /* in order of birth */
	uint64_t generation; /* the present one; no births while has_generation is false */
	bool has_generation;
	bool stopping; /* no more births */
	bool hurried;  /* the workers have been told to stop */
	unsigned last_number;
	uid_t uid;
	gid_t gid;
	void (*spawner_gone)(void *arg);
	void *arg;
	void (*stopped)(void *arg); /* owed since pool_stop() */
	void *stopped_arg;
};

static const struct pool_times pool_times_default = {
    .hello = 10000,
    .hung = 30000,
    .retire = 15 * 60 * 1000,
    .closing = 1000,
    .stop = 30000,
    .stay = 60000,
    .young = 10000,
    .backoff = 100,
    .backoff_max = 10000,
};

const struct pool_times *
pool_default_times(void)
{
	return &pool_times_default;
}

/* The loop looks after everything that is due at this time, or before. */
static void
pool_wake(struct pool *pool, int64_t when_ms)
{
	int64_t wait;
	struct timeval tv;

	if (when_ms >= pool->timer_ms)
		return;
	pool->timer_ms = when_ms;
	wait = when_ms - clock_mono_ms();
	if (wait < 0)
		wait = 0;
	tv.tv_sec = (time_t)(wait / 1000);
	tv.tv_usec = (suseconds_t)(wait % 1000) * 1000;
	if (event_add(pool->timer, &tv) < 0)
		log_die("no timer for the workers");
}

static void
pool_on_changed(struct pool_worker *worker, void *arg)
{
	struct pool *pool = arg;
	struct pool_role *role = &pool->roles[worker->role];

	if (worker->state == POOL_WORKER_READY &&
	    strcmp(role->protection, worker->protection) != 0) {
		memcpy(role->protection, worker->protection, sizeof(role->protection));
		log_info("protection of %s workers: %s", proto_hello_role_name(worker->role),
			 role->protection);
	}
	pool_wake(pool, pool_worker_next_check(worker));
}

/* Those that are, or will be, able to work with the present configuration. */
static bool
pool_counts(const struct pool *pool, const struct pool_worker *worker, enum proto_role role)
{
	return worker->role == role && worker->generation == pool->generation &&
	       worker->state < POOL_WORKER_RETIRING;
}

static unsigned
pool_count_living(const struct pool *pool, enum proto_role role)
{
	const struct pool_worker *worker;
	unsigned count = 0;

	list_each (worker, &pool->workers, link)
		count += pool_counts(pool, worker, role);
	return count;
}

static void
pool_give_birth(struct pool *pool, struct pool_role *role)
{
	struct pool_worker *worker;

	role->birth.number = ++pool->last_number;
	worker = pool_worker_new(&pool->context, &role->handlers, pool->generation, &role->birth);
	list_append(&pool->workers, &worker->link);
	pool_on_changed(worker, pool);
}

/* The one with the fewest sessions, the youngest of them: it loses least by going. */
static struct pool_worker *
pool_find_surplus(struct pool *pool, enum proto_role role)
{
	struct pool_worker *best = NULL;
	struct pool_worker *worker;

	list_each (worker, &pool->workers, link)
		if (pool_counts(pool, worker, role) &&
		    (best == NULL || worker->stat.sessions <= best->stat.sessions))
			best = worker;
	return best;
}

static void
pool_fill(struct pool *pool, enum proto_role role, int64_t now)
{
	struct pool_role *of = &pool->roles[role];
	unsigned living = pool_count_living(pool, role);

	if (living < of->wanted && of->wait_ms > now) {
		pool_wake(pool, of->wait_ms);
		return;
	}
	for (; living < of->wanted; living++)
		pool_give_birth(pool, of);
	for (; living > of->wanted; living--)
		pool_worker_retire(pool_find_surplus(pool, role), "fewer workers are wanted");
}

static void
pool_finish(struct pool *pool)
{
	void (*stopped)(void *arg) = pool->stopped;

	if (!list_is_empty(&pool->workers) || stopped == NULL)
		return;
	pool->stopped = NULL;
	stopped(pool->stopped_arg);
}

/* Old workers whose configuration is not the present one. */
static void
pool_retire_old(struct pool *pool)
{
	struct pool_worker *worker;

	list_each (worker, &pool->workers, link)
		if (worker->generation != pool->generation)
			pool_worker_retire(worker, "a newer configuration");
}

static void
pool_hurry(struct pool *pool, int64_t now)
{
	int64_t deadline = now + pool->times->stop;
	struct pool_worker *worker;

	if (pool->hurried)
		return;
	pool->hurried = true;
	list_each (worker, &pool->workers, link) {
		pool_worker_retire(worker, "the daemon stops");
		pool_worker_hurry(worker, deadline, deadline + pool->times->stay);
	}
}

static void
pool_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct pool *pool = arg;
	int64_t now = clock_mono_ms();
	struct pool_worker *worker;

	pool->timer_ms = INT64_MAX;
	list_each (worker, &pool->workers, link) {
		pool_worker_check(worker, now);
		pool_wake(pool, pool_worker_next_check(worker));
	}
	if (pool->stopping) {
		pool_hurry(pool, now);
		pool_finish(pool);
		return;
	}
	if (!pool->has_generation)
		return;
	pool_retire_old(pool);
	for (int role = 0; role < PROTO_ROLES; role++)
		pool_fill(pool, (enum proto_role)role, now);
}

/* A worker that ends by itself is replaced; the pause keeps a broken one from eating the machine.
 */
static void
pool_learn(struct pool *pool, const struct pool_worker *worker, int64_t now)
{
	struct pool_role *role = &pool->roles[worker->role];

	if (worker->retired)
		return;
	if (worker->was_ready && now - worker->started_ms >= pool->times->young) {
		role->backoff_ms = 0;
		return;
	}
	role->backoff_ms = role->backoff_ms == 0 ? pool->times->backoff : role->backoff_ms * 2;
	if (role->backoff_ms > pool->times->backoff_max)
		role->backoff_ms = pool->times->backoff_max;
	role->wait_ms = now + role->backoff_ms;
	log_warn("worker %s died young; the next one in %lld ms", worker->name,
		 (long long)role->backoff_ms);
}

static void
pool_on_ended(struct pool_worker *worker, void *arg)
{
	struct pool *pool = arg;

	pool_learn(pool, worker, clock_mono_ms());
	list_remove(&worker->link);
	pool_worker_free(&worker);
	pool_wake(pool, 0);
}

static void
pool_on_exited(pid_t pid, int status, void *arg)
{
	struct pool *pool = arg;
	struct pool_worker *worker;

	list_each (worker, &pool->workers, link)
		if (worker->pid == pid && !worker->dead) {
			pool_worker_reaped(worker, status);
			return;
		}
}

static void
pool_on_spawner_gone(void *arg)
{
	struct pool *pool = arg;

	pool->spawner_gone(pool->arg);
}

struct pool *
pool_new(const struct pool_options *options)
{
	struct pool *pool = alloc_new(struct pool);
	struct pool_spawn_events events = {
	    .exited = pool_on_exited, .gone = pool_on_spawner_gone, .arg = pool};

	pool->base = options->base;
	pool->times = options->times != NULL ? options->times : &pool_times_default;
	pool->uid = options->uid;
	pool->gid = options->gid;
	pool->spawner_gone = options->spawner_gone;
	pool->arg = options->arg;
	pool->timer_ms = INT64_MAX;
	list_init(&pool->workers);
	for (int i = 0; i < PROTO_ROLES; i++) {
		pool->roles[i].handlers = options->handlers[i];
		pool->roles[i].birth.bundle = -1;
	}
	pool->timer = evtimer_new(options->base, pool_on_timer, pool);
	if (pool->timer == NULL)
		log_die("no timer for the workers");
	pool->spawn = pool_spawn_new(options->base, options->spawner, &events);
	pool->context = (struct pool_worker_context){.base = options->base,
						     .spawn = pool->spawn,
						     .times = pool->times,
						     .changed = pool_on_changed,
						     .ended = pool_on_ended,
						     .arg = pool};
	return pool;
}

static void
pool_close_birth(struct pool_role *role)
{
	if (role->birth.bundle >= 0)
		close(role->birth.bundle);
	for (size_t i = 0; i < role->birth.listener_count; i++)
		close(role->listeners[i]);
	memset(&role->birth, 0, sizeof(role->birth));
	role->birth.bundle = -1;
}

void
pool_free(struct pool **pool)
{
	struct pool *old = *pool;
	struct pool_worker *worker;
	struct pool_worker *after;

	*pool = NULL;
	if (old == NULL)
		return;
	pool_spawn_free(&old->spawn);
	list_each_safe (worker, after, &old->workers, link) {
		list_remove(&worker->link);
		pool_worker_free(&worker);
	}
	for (int i = 0; i < PROTO_ROLES; i++)
		pool_close_birth(&old->roles[i]);
	event_free(old->timer);
	free(old);
}

struct pool_spawn *
pool_get_spawn(struct pool *pool)
{
	return pool->spawn;
}

static int
pool_copy_fd(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		log_die("cannot copy a descriptor for the workers");
	return copy;
}

static void
pool_set_birth(struct pool *pool, enum proto_role role, const struct pool_birth *birth)
{
	struct pool_role *of = &pool->roles[role];

	pool_close_birth(of);
	of->birth.rules = birth->rules;
	of->birth.rules.role = role;
	of->birth.uid = pool->uid;
	of->birth.gid = pool->gid;
	of->birth.files = birth->files;
	of->birth.bundle = pool_copy_fd(birth->bundle);
	of->birth.listeners = of->listeners;
	of->birth.listener_count = birth->listener_count;
	for (size_t i = 0; i < birth->listener_count; i++)
		of->listeners[i] = pool_copy_fd(birth->listeners[i]);
	/* A new configuration may be the cure: it is tried at once. */
	of->backoff_ms = 0;
	of->wait_ms = 0;
}

void
pool_set_generation(struct pool *pool, uint64_t generation,
		    const struct pool_birth births[PROTO_ROLES])
{
	pool->generation = generation;
	pool->has_generation = true;
	for (int role = 0; role < PROTO_ROLES; role++)
		pool_set_birth(pool, (enum proto_role)role, &births[role]);
	pool_wake(pool, 0);
}

void
pool_set_count(struct pool *pool, enum proto_role role, unsigned count)
{
	pool->roles[role].wanted = count;
	pool_wake(pool, 0);
}

unsigned
pool_get_count(const struct pool *pool, enum proto_role role)
{
	return pool->roles[role].wanted;
}

unsigned
pool_count_ready(const struct pool *pool, enum proto_role role)
{
	const struct pool_worker *worker;
	unsigned count = 0;

	list_each (worker, &pool->workers, link)
		count += worker->role == role && worker->state == POOL_WORKER_READY;
	return count;
}

struct pool_worker *
pool_next(const struct pool *pool, const struct pool_worker *after)
{
	const struct list *link = after == NULL ? pool->workers.next : after->link.next;

	return link == &pool->workers ? NULL : list_entry(link, struct pool_worker, link);
}

void
pool_stop(struct pool *pool, void (*stopped)(void *arg), void *arg)
{
	pool->stopping = true;
	pool->stopped = stopped;
	pool->stopped_arg = arg;
	pool_wake(pool, 0);
}
