#include "master/listen.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/log.h"
#include "common/settings/settings.h"
#include "master/pool/spawn.h"

struct listen_socket {
	struct listen_set *set;
	char name[NETADDR_TEXT + sizeof(struct sockaddr_un)]; /* "unix:/…" or "address:port" */
	int fd;                                               /* -1: being bound */
	bool wanted;
	bool fresh; /* bound by the listen_apply() that is under way */
};

struct listen_set {
	struct pool_spawn *spawn;
	struct listen_socket *sockets[LAUNCH_LISTENERS];
	size_t count;
	int fds[LAUNCH_LISTENERS];
	size_t waiting; /* answers of the spawner to come */
	char *error;    /* the first */
	listen_done_fn done;
	void *arg;
};

struct listen_set *
listen_new(struct pool_spawn *spawn)
{
	struct listen_set *set = alloc_new(struct listen_set);

	set->spawn = spawn;
	return set;
}

static void
listen_drop(struct listen_set *set, size_t index)
{
	struct listen_socket *socket = set->sockets[index];

	if (socket->fd >= 0)
		close(socket->fd);
	free(socket);
	set->sockets[index] = set->sockets[--set->count];
}

void
listen_free(struct listen_set **set)
{
	if (*set == NULL)
		return;
	while ((*set)->count > 0)
		listen_drop(*set, 0);
	free((*set)->error);
	free(*set);
	*set = NULL;
}

static void
listen_finish(struct listen_set *set)
{
	listen_done_fn done = set->done;

	/* When one could not be bound, those there were stay, and the new ones go. */
	for (size_t i = set->count; i-- > 0;) {
		struct listen_socket *socket = set->sockets[i];

		if (socket->fd < 0 || (set->error == NULL ? !socket->wanted : socket->fresh))
			listen_drop(set, i);
	}
	for (size_t i = 0; i < set->count; i++)
		set->sockets[i]->fresh = false;
	set->done = NULL;
	if (done != NULL)
		done(set->error, set->arg);
}

static void
listen_bound(int error, int fd, void *arg)
{
	struct listen_socket *socket = arg;
	struct listen_set *set = socket->set;

	if (error != 0) {
		if (set->error == NULL)
			set->error =
			    alloc_printf("cannot listen on %s: %s", socket->name, strerror(error));
	} else {
		socket->fd = fd;
		log_info("listening on %s", socket->name);
	}
	assert(set->waiting > 0);
	if (--set->waiting == 0)
		listen_finish(set);
}

static void
listen_name(const struct settings_endpoint *endpoint, char *name, size_t room)
{
	char text[NETADDR_TEXT];

	if (endpoint->path != NULL)
		snprintf(name, room, "unix:%s", endpoint->path);
	else
		snprintf(name, room, "%s", netaddr_text_port(text, &endpoint->address));
}

static struct listen_socket *
listen_find(struct listen_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->sockets[i]->name, name) == 0)
			return set->sockets[i];
	return NULL;
}

static void
listen_bind(struct listen_set *set, const struct settings_endpoint *endpoint, const char *name,
	    mode_t mode)
{
	struct listen_socket *socket = alloc_new(struct listen_socket);
	struct sockaddr_un path = {.sun_family = AF_UNIX};

	socket->set = set;
	socket->fd = -1;
	socket->wanted = true;
	socket->fresh = true;
	snprintf(socket->name, sizeof(socket->name), "%s", name);
	set->sockets[set->count++] = socket;
	set->waiting++;
	if (endpoint->path == NULL) {
		pool_spawn_bind(set->spawn, &endpoint->address.sa.any,
				netaddr_len(&endpoint->address), mode, listen_bound, socket);
		return;
	}
	snprintf(path.sun_path, sizeof(path.sun_path), "%s", endpoint->path);
	pool_spawn_bind(
	    set->spawn, (const struct sockaddr *)&path,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path.sun_path) + 1), mode,
	    listen_bound, socket);
}

void
listen_apply(struct listen_set *set, const struct settings *settings, listen_done_fn done,
	     void *arg)
{
	mode_t mode = (mode_t)settings_choice(settings, SETTING_SUBMIT_MODE);
	const struct settings_endpoint *endpoints;
	size_t count;

	assert(set->waiting == 0);
	free(set->error);
	set->error = NULL;
	set->done = done;
	set->arg = arg;
	for (size_t i = 0; i < set->count; i++)
		set->sockets[i]->wanted = false;
	endpoints = settings_endpoints(settings, SETTING_SUBMIT_LISTEN, &count);
	/* One more than needed, so that the end is seen once, behind the last request. */
	set->waiting = 1;
	for (size_t i = 0; i < count; i++) {
		char name[sizeof(set->sockets[0]->name)];
		struct listen_socket *known;

		listen_name(&endpoints[i], name, sizeof(name));
		known = listen_find(set, name);
		if (known != NULL)
			known->wanted = true;
		else if (set->count < LAUNCH_LISTENERS)
			listen_bind(set, &endpoints[i], name, mode);
	}
	if (--set->waiting == 0)
		listen_finish(set);
}

const int *
listen_fds(struct listen_set *set, size_t *count)
{
	for (size_t i = 0; i < set->count; i++)
		set->fds[i] = set->sockets[i]->fd;
	*count = set->count;
	return set->fds;
}
