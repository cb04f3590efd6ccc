#include "worker/deliver/race.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/alloc.h"

struct deliver_race {
	struct event_base *base;
	struct deliver_connect *dials[2]; /* under way */
	struct deliver_connect_request second;
	struct netaddr *sources;  /* of the second, copied */
	struct event *head_start; /* NULL: the second starts never, or has */
	bool second_started;
	const struct deliver_race_events *events;
	void *arg;
};

static void
deliver_race_drop(struct deliver_race *race)
{
	if (race->head_start != NULL)
		event_free(race->head_start);
	deliver_connect_cancel(&race->dials[DELIVER_RACE_FIRST]);
	deliver_connect_cancel(&race->dials[DELIVER_RACE_SECOND]);
	free(race->sources);
	free(race);
}

void
deliver_race_cancel(struct deliver_race **race)
{
	if (*race != NULL)
		deliver_race_drop(*race);
	*race = NULL;
}

/* What has got through in the same moment as the winner is left politely, and not waited for. */
static void
deliver_race_give_up(struct deliver_race *race, enum deliver_race_lane lane)
{
	static const char quit[] = "QUIT\r\n";
	int fd = deliver_connect_established(race->dials[lane]);

	if (fd >= 0)
		(void)!send(fd, quit, sizeof(quit) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	deliver_connect_cancel(&race->dials[lane]);
}

static void
deliver_race_on_result(struct deliver_race *race, enum deliver_race_lane lane,
		       const struct deliver_connect_result *result)
{
	enum deliver_race_lane other =
	    lane == DELIVER_RACE_FIRST ? DELIVER_RACE_SECOND : DELIVER_RACE_FIRST;

	race->dials[lane] = NULL;
	if (result->fd >= 0) {
		if (race->dials[other] != NULL)
			deliver_race_give_up(race, other);
		race->events->won(lane, result, race->arg);
		deliver_race_drop(race);
		return;
	}
	race->events->failed(lane, result, race->arg);
	if (race->dials[other] != NULL)
		return;
	/* Nothing is under way any more: what comes next is the caller's, in its order. */
	race->events->lost(race->second_started, race->arg);
	deliver_race_drop(race);
}

static void
deliver_race_on_first(const struct deliver_connect_result *result, void *arg)
{
	deliver_race_on_result(arg, DELIVER_RACE_FIRST, result);
}

static void
deliver_race_on_second(const struct deliver_connect_result *result, void *arg)
{
	deliver_race_on_result(arg, DELIVER_RACE_SECOND, result);
}

static void
deliver_race_on_head_start(evutil_socket_t fd, short what, void *arg)
{
	struct deliver_race *race = arg;

	(void)fd;
	(void)what;
	race->second_started = true;
	race->dials[DELIVER_RACE_SECOND] =
	    deliver_connect_start(race->base, &race->second, deliver_race_on_second, race);
}

struct deliver_race *
deliver_race_start(struct event_base *base, const struct deliver_race_request *request,
		   const struct deliver_race_events *events, void *arg)
{
	struct deliver_race *race = alloc_new(struct deliver_race);
	struct timeval wait = {.tv_sec = request->head_start_ms / 1000,
			       .tv_usec = request->head_start_ms % 1000 * 1000};

	race->base = base;
	race->events = events;
	race->arg = arg;
	race->dials[DELIVER_RACE_FIRST] =
	    deliver_connect_start(base, &request->first, deliver_race_on_first, race);
	if (request->head_start_ms <= 0)
		return race;
	race->second = request->second;
	race->sources = alloc_array(request->second.source_count, sizeof(*race->sources));
	if (request->second.source_count > 0)
		memcpy(race->sources, request->second.sources,
		       request->second.source_count * sizeof(*race->sources));
	race->second.sources = race->sources;
	race->head_start = event_new(base, -1, 0, deliver_race_on_head_start, race);
	event_add(race->head_start, &wait);
	return race;
}
