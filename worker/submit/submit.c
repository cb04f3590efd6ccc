#include "worker/submit/submit.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/netaddr.h"
#include "common/proto/hello.h"
#include "common/random.h"
#include "common/str.h"
#include "worker/submit/command.h"
#include "worker/submit/intake.h"
#include "worker/submit/listener.h"
#include "worker/submit/session.h"
#include "worker/submit/trace.h"

enum {
	SUBMIT_TICK_MAX_MS = 1000,
	SUBMIT_RETIRE_IDLE_MS = 10000, /* an idle client of a retired server is sent away then */
};

struct submit {
	struct submit_session_shared shared;
	struct submit_trace trace;
	char *hostname;
	struct netaddr_prefix *networks;
	uint32_t max_connections;
	struct str ehlo;
	struct submit_listener **listeners;
	size_t listener_count;
	struct event *tick;  /* looks for clients that have been silent for too long */
	struct event *empty; /* run when a retired server has nothing left */
	uint64_t connections;
	void (*drained)(void *arg); /* NULL: not retiring, or called */
	void *drained_arg;
};

static void
submit_check_drained(struct submit *submit)
{
	if (submit->drained != NULL && submit->shared.count == 0 &&
	    submit_intake_pending(submit->shared.intake) == 0)
		event_active(submit->empty, EV_TIMEOUT, 0);
}

static void
submit_on_empty(evutil_socket_t fd, short what, void *arg)
{
	struct submit *submit = arg;
	void (*drained)(void *arg) = submit->drained;

	(void)fd;
	(void)what;
	if (drained == NULL)
		return;
	submit->drained = NULL;
	submit_intake_seal(submit->shared.intake);
	drained(submit->drained_arg);
}

static void
submit_on_closed(void *arg)
{
	submit_check_drained(arg);
}

static void
submit_on_accepted(int fd, const char *client, void *arg)
{
	struct submit *submit = arg;
	char text[320];
	int len;

	if (submit->shared.count < submit->max_connections) {
		submit->connections++;
		submit_session_new(&submit->shared, fd, client);
		return;
	}
	len = snprintf(text, sizeof(text), "421 4.3.2 %.255s has too many clients, try later\r\n",
		       submit->hostname);
	send(fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

/* True when the session has waited for its client too long; it is the client's turn then. */
static bool
submit_is_silent(const struct submit *submit, const struct submit_session *session, int64_t now)
{
	int64_t limit = submit->shared.timeout_ms;

	if (submit->shared.retiring && submit_session_is_idle(session) &&
	    limit > SUBMIT_RETIRE_IDLE_MS)
		limit = SUBMIT_RETIRE_IDLE_MS;
	return now - session->heard_ms >= limit;
}

static void
submit_time_out(struct submit_session *session, int64_t now)
{
	if (session->step == SUBMIT_SESSION_SEGMENT || session->step == SUBMIT_SESSION_ANSWER) {
		/* We keep the client waiting, not the other way round. */
		session->heard_ms = now;
		list_remove(&session->link);
		list_append(&session->shared->sessions, &session->link);
		return;
	}
	if (session->step == SUBMIT_SESSION_CLOSING || session->out.len > 0) {
		submit_session_free(&session);
		return;
	}
	log_info("timeout client=[%s] %s", session->client, submit_session_doing(session));
	session->heard_ms = now;
	submit_session_end(session, "4.4.2 Timeout");
}

static void
submit_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct submit *submit = arg;
	struct submit_session *session;
	struct submit_session *after;
	int64_t now = clock_mono_ms();

	(void)fd;
	(void)what;
	list_each_safe (session, after, &submit->shared.sessions, link) {
		/* The list is in the order of silence, which only retiring breaks. */
		if (submit_is_silent(submit, session, now))
			submit_time_out(session, now);
		else if (!submit->shared.retiring)
			return;
	}
}

static void
submit_make_ehlo(struct submit *submit, const struct submit_config *config)
{
	str_printf(&submit->ehlo,
		   "250-%s\r\n250-PIPELINING\r\n250-SIZE %llu\r\n250-8BITMIME\r\n"
		   "250-SMTPUTF8\r\n250-CHUNKING\r\n",
		   submit->hostname, (unsigned long long)config->max_size);
	if (config->offer_dsn)
		str_text(&submit->ehlo, "250-DSN\r\n");
	if (config->offer_requiretls)
		str_text(&submit->ehlo, "250-REQUIRETLS\r\n");
	if (config->offer_mt_priority)
		str_text(&submit->ehlo, "250-MT-PRIORITY\r\n");
	str_text(&submit->ehlo, "250 ENHANCEDSTATUSCODES");
}

static void
submit_share(struct submit *submit, const struct submit_config *config)
{
	struct submit_session_shared *shared = &submit->shared;

	shared->trace = &submit->trace;
	shared->hostname = submit->hostname;
	shared->ehlo = str_c(&submit->ehlo);
	shared->offered = (config->offer_dsn ? SUBMIT_COMMAND_OFFER_DSN : 0u) |
			  (config->offer_requiretls ? SUBMIT_COMMAND_OFFER_REQUIRETLS : 0u) |
			  (config->offer_mt_priority ? SUBMIT_COMMAND_OFFER_MT_PRIORITY : 0u);
	shared->max_size = config->max_size;
	shared->max_recipients = config->max_recipients;
	shared->memory = config->memory;
	shared->timeout_ms = config->timeout_ms;
	shared->refuse_bare_newline = config->refuse_bare_newline;
	list_init(&shared->sessions);
	shared->buffer = alloc_array(1, SUBMIT_SESSION_READ);
	shared->closed = submit_on_closed;
	shared->arg = submit;
}

static void
submit_listen(struct submit *submit, const struct submit_config *config, const int *fds,
	      size_t count)
{
	struct submit_listener_config listener = {
	    .networks = submit->networks,
	    .network_count = config->network_count,
	    .hostname = submit->hostname,
	    .accepted = submit_on_accepted,
	    .arg = submit,
	};

	submit->listeners = alloc_array(count ? count : 1, sizeof(submit->listeners[0]));
	submit->listener_count = count;
	for (size_t i = 0; i < count; i++) {
		int on = 1;

		/* Accepted sockets inherit it; on a Unix socket it fails, which is fine. */
		setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		submit->listeners[i] = submit_listener_new(submit->shared.base, fds[i], &listener);
	}
}

static void
submit_start_tick(struct submit *submit)
{
	int64_t ms = submit->shared.timeout_ms / 8;
	struct timeval every;

	ms = ms < 10 ? 10 : ms > SUBMIT_TICK_MAX_MS ? SUBMIT_TICK_MAX_MS : ms;
	every = (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	submit->tick = event_new(submit->shared.base, -1, EV_PERSIST, submit_on_tick, submit);
	event_add(submit->tick, &every);
}

struct submit *
submit_new(struct event_base *base, const struct submit_config *config, struct channel *to_master,
	   const int *listen_fds, size_t listen_count)
{
	struct submit *submit = alloc_new(struct submit);
	uint32_t nonce;

	random_bytes(&nonce, sizeof(nonce));
	submit->hostname = alloc_str(config->hostname);
	submit->networks = alloc_array(config->network_count + 1, sizeof(submit->networks[0]));
	if (config->network_count > 0)
		memcpy(submit->networks, config->networks,
		       config->network_count * sizeof(submit->networks[0]));
	submit->max_connections = config->max_connections;
	submit_trace_init(&submit->trace, submit->hostname, nonce);
	submit_make_ehlo(submit, config);
	submit->shared.base = base;
	submit->shared.intake = submit_intake_new(base, to_master);
	submit_share(submit, config);
	submit->empty = event_new(base, -1, 0, submit_on_empty, submit);
	submit_start_tick(submit);
	submit_listen(submit, config, listen_fds, listen_count);
	return submit;
}

bool
submit_frame(struct submit *submit, struct frame *frame)
{
	bool good = submit_intake_frame(submit->shared.intake, frame);

	submit_check_drained(submit);
	return good;
}

static void
submit_close_listeners(struct submit *submit)
{
	for (size_t i = 0; i < submit->listener_count; i++)
		submit_listener_free(&submit->listeners[i]);
	submit->listener_count = 0;
}

void
submit_retire(struct submit *submit, void (*drained)(void *arg), void *arg)
{
	if (submit->shared.retiring)
		return;
	submit->shared.retiring = true;
	submit->drained = drained;
	submit->drained_arg = arg;
	submit_close_listeners(submit);
	submit_check_drained(submit);
}

void
submit_stat(const struct submit *submit, struct proto_stat *stat)
{
	const struct submit_session *session;
	uint32_t idle = 0;

	list_each (session, &submit->shared.sessions, link)
		idle += submit_session_is_idle(session);
	stat->sessions = submit->shared.count;
	stat->idle = idle;
	stat->messages = submit_intake_accepted(submit->shared.intake);
	stat->connections = submit->connections;
}

void
submit_free(struct submit **submit)
{
	struct submit_session *session;
	struct submit_session *after;

	if (*submit == NULL)
		return;
	(*submit)->drained = NULL;
	submit_close_listeners(*submit);
	list_each_safe (session, after, &(*submit)->shared.sessions, link)
		submit_session_free(&session);
	submit_intake_free(&(*submit)->shared.intake);
	event_free((*submit)->tick);
	event_free((*submit)->empty);
	str_free(&(*submit)->ehlo);
	free((*submit)->shared.buffer);
	free((*submit)->listeners);
	free((*submit)->networks);
	free((*submit)->hostname);
	free(*submit);
	*submit = NULL;
}
