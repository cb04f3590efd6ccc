#include "worker/deliver/pool.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/channel.h"
#include "common/clock.h"
#include "common/frame.h"
#include "common/list.h"
#include "common/log.h"
#include "common/map.h"
#include "common/proto/session.h"
#include "common/str.h"
#include "worker/smtp/session.h"

/* A session with its place: among the idle ones of its key, or nowhere while it is busy. */
struct deliver_pool_entry {
	struct deliver_pool_session session; /* first */
	struct deliver_pool *pool;
	struct list link; /* in the list of its key; the most recently used first */
	struct event *expire;
	bool idle;
};

/* Idle sessions with the same key. */
struct deliver_pool_list {
	struct list entries;
};

struct deliver_pool {
	struct event_base *base;
	struct channel *channel;
	struct map *by_key;  /* text of a key -> deliver_pool_list, while one is idle */
	struct map *by_id;   /* every session */
	struct map *by_smtp; /* the same, by the address of its smtp_session */
	size_t idle;
	uint64_t last_id;
};

struct deliver_pool *
deliver_pool_new(struct event_base *base, struct channel *to_master)
{
	struct deliver_pool *pool = alloc_new(struct deliver_pool);

	pool->base = base;
	pool->channel = to_master;
	pool->by_key = map_new();
	pool->by_id = map_new();
	pool->by_smtp = map_new();
	return pool;
}

static void
deliver_pool_drop(struct deliver_pool_entry *entry)
{
	struct deliver_pool_session *session = &entry->session;

	if (entry->expire != NULL)
		event_free(entry->expire);
	free(session->host);
	free(session->path);
	free(session->ehlo);
	free(session->key);
	free(entry);
}

void
deliver_pool_free(struct deliver_pool **pool)
{
	struct deliver_pool_entry *entry;
	size_t cursor = 0;

	if (*pool == NULL)
		return;
	while ((entry = map_next((*pool)->by_id, &cursor)) != NULL) {
		smtp_session_free(&entry->session.smtp);
		deliver_pool_drop(entry);
	}
	map_free(&(*pool)->by_id, NULL);
	map_free(&(*pool)->by_smtp, NULL);
	map_free(&(*pool)->by_key, free);
	free(*pool);
	*pool = NULL;
}

static char *
deliver_pool_key_text(const struct deliver_pool_key *key)
{
	char text[NETADDR_TEXT];
	struct str out = {0};

	str_text(&out, key->path ? key->path : netaddr_text_port(text, &key->remote));
	str_text(&out, key->lmtp ? " lmtp" : " smtp");
	str_text(&out, key->source_count ? " from" : " any");
	for (size_t i = 0; i < key->source_count; i++) {
		str_char(&out, ' ');
		str_text(&out, netaddr_text(text, &key->sources[i]));
	}
	return out.data;
}

static void
deliver_pool_tell(const struct deliver_pool *pool, const struct deliver_pool_session *session,
		  enum proto_session_event event, uint64_t job)
{
	char remote[NETADDR_TEXT] = "";
	char source[NETADDR_TEXT];
	struct proto_session frame = {.id = session->id, .event = event, .job = job};
	struct wire_writer writer;

	if (event == PROTO_SESSION_OPENED) {
		frame.host = slice_of(session->host);
		if (session->path == NULL)
			netaddr_text_port(remote, &session->remote);
		frame.remote = slice_of(session->path ? session->path : remote);
		frame.source = slice_of(netaddr_text(source, &session->source));
	}
	frame_begin(&writer, channel_packet(), WIRE_PACKET_MAX, FRAME_SESSION);
	proto_session_put(&writer, &frame);
	channel_send(pool->channel, &writer, -1);
}

struct deliver_pool_session *
deliver_pool_open(struct deliver_pool *pool, struct smtp_session *smtp, uint64_t job,
		  const struct deliver_pool_key *key, const struct deliver_pool_names *names)
{
	struct deliver_pool_entry *entry = alloc_new(struct deliver_pool_entry);
	struct deliver_pool_session *session = &entry->session;

	entry->pool = pool;
	list_init(&entry->link);
	session->id = ++pool->last_id;
	session->smtp = smtp;
	session->host = alloc_str(names->host);
	session->remote = key->remote;
	session->path = alloc_str(key->path);
	session->source = names->source;
	session->ehlo = alloc_str(names->ehlo);
	session->key = deliver_pool_key_text(key);
	session->opened_ms = clock_mono_ms();
	map_put_id(pool->by_id, session->id, entry);
	map_put(pool->by_smtp, &smtp, sizeof(smtp), entry);
	deliver_pool_tell(pool, session, PROTO_SESSION_OPENED, job);
	return session;
}

static void
deliver_pool_leave_idle(struct deliver_pool_entry *entry)
{
	struct deliver_pool_list *list;

	if (!entry->idle)
		return;
	list_remove(&entry->link);
	event_del(entry->expire);
	entry->idle = false;
	entry->pool->idle--;
	list = map_find(entry->pool->by_key, entry->session.key, strlen(entry->session.key));
	if (list_is_empty(&list->entries))
		free(map_take(entry->pool->by_key, entry->session.key, strlen(entry->session.key)));
}

struct deliver_pool_session *
deliver_pool_take(struct deliver_pool *pool, const struct deliver_pool_key *key,
		  deliver_pool_fits_fn fits, void *arg)
{
	char *text = deliver_pool_key_text(key);
	struct deliver_pool_list *list = map_find(pool->by_key, text, strlen(text));
	struct deliver_pool_entry *entry;

	free(text);
	if (list == NULL)
		return NULL;
	list_each (entry, &list->entries, link) {
		if (fits(&entry->session, arg)) {
			deliver_pool_leave_idle(entry);
			return &entry->session;
		}
	}
	return NULL;
}

static void
deliver_pool_end(struct deliver_pool_entry *entry, bool polite)
{
	struct deliver_pool *pool = entry->pool;
	struct smtp_session *smtp = entry->session.smtp;

	deliver_pool_leave_idle(entry);
	map_take_id(pool->by_id, entry->session.id);
	map_take(pool->by_smtp, &smtp, sizeof(smtp));
	if (polite)
		smtp_session_quit(&entry->session.smtp);
	else
		smtp_session_free(&entry->session.smtp);
	deliver_pool_tell(pool, &entry->session, PROTO_SESSION_CLOSED, 0);
	deliver_pool_drop(entry);
}

static void
deliver_pool_on_expire(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	deliver_pool_end(arg, true);
}

static struct deliver_pool_entry *
deliver_pool_entry(struct deliver_pool_session *session)
{
	return (struct deliver_pool_entry *)session;
}

static bool
deliver_pool_is_fit(const struct deliver_pool_session *session)
{
	const struct smtp_session_facts *facts = smtp_session_facts(session->smtp);

	return facts->reusable && session->idle_ms > 0 &&
	       (session->max_messages == 0 || facts->messages < session->max_messages) &&
	       clock_mono_ms() - session->opened_ms < session->max_age_ms;
}

void
deliver_pool_give(struct deliver_pool *pool, struct deliver_pool_session **session)
{
	struct deliver_pool_entry *entry = deliver_pool_entry(*session);
	int64_t left = (*session)->opened_ms + (*session)->max_age_ms - clock_mono_ms();
	struct deliver_pool_list *list;
	struct timeval expire;

	if (!deliver_pool_is_fit(*session)) {
		deliver_pool_close(pool, session, true);
		return;
	}
	if (left > (*session)->idle_ms)
		left = (*session)->idle_ms;
	expire = (struct timeval){.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
	list = map_find(pool->by_key, (*session)->key, strlen((*session)->key));
	if (list == NULL) {
		list = alloc_new(struct deliver_pool_list);
		list_init(&list->entries);
		map_put(pool->by_key, (*session)->key, strlen((*session)->key), list);
	}
	if (entry->expire == NULL)
		entry->expire = event_new(pool->base, -1, 0, deliver_pool_on_expire, entry);
	event_add(entry->expire, &expire);
	list_prepend(&list->entries, &entry->link);
	entry->idle = true;
	pool->idle++;
	*session = NULL;
}

void
deliver_pool_close(struct deliver_pool *pool, struct deliver_pool_session **session, bool polite)
{
	(void)pool;
	deliver_pool_end(deliver_pool_entry(*session), polite);
	*session = NULL;
}

void
deliver_pool_close_idle(struct deliver_pool *pool, uint64_t id)
{
	struct deliver_pool_entry *entry = map_find_id(pool->by_id, id);

	if (entry != NULL && entry->idle)
		deliver_pool_end(entry, true);
}

void
deliver_pool_close_all_idle(struct deliver_pool *pool)
{
	struct deliver_pool_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(pool->by_id, &cursor)) != NULL)
		if (entry->idle)
			deliver_pool_end(entry, true);
}

bool
deliver_pool_lost(struct deliver_pool *pool, struct smtp_session *smtp)
{
	struct deliver_pool_entry *entry = map_find(pool->by_smtp, &smtp, sizeof(smtp));

	if (entry == NULL || !entry->idle)
		return false;
	deliver_pool_end(entry, false);
	return true;
}

size_t
deliver_pool_count(const struct deliver_pool *pool)
{
	return map_count(pool->by_id);
}

size_t
deliver_pool_idle(const struct deliver_pool *pool)
{
	return pool->idle;
}

uint64_t
deliver_pool_opened(const struct deliver_pool *pool)
{
	return pool->last_id;
}
