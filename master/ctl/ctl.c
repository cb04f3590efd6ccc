#include "master/ctl/ctl.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/channel.h"
#include "common/frame.h"
#include "common/list.h"
#include "common/log.h"
#include "common/settings/settings.h"
#include "common/why.h"
#include "master/core.h"
#include "master/ctl/peer.h"
#include "master/generation.h"

/* Some places are kept for those who may give orders: idle strangers must not lock them out. */
enum { CTL_BACKLOG = 16, CTL_PEERS_MOST = 64, CTL_PEERS_KEPT = 16 };

struct ctl {
	struct core *core;
	int fd;
	char *path;
	struct event *accept_event;
	struct list peers;
	size_t peer_count;
};

/* True when somebody answers there: another daemon's socket is not to be replaced. */
static bool
ctl_is_alive(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool alive = fd >= 0 && connect(fd, (const void *)address, sizeof(*address)) == 0;

	if (fd >= 0)
		close(fd);
	return alive;
}

static int
ctl_listen(const char *path, struct why *why)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		why_set(why, "control.socket: the path is too long: %s", path);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	if (ctl_is_alive(&address)) {
		why_set(why, "another daemon listens on %s", path);
		return -1;
	}
	unlink(path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (const void *)&address, sizeof(address)) == 0 &&
	    chmod(path, 0666) == 0 && listen(fd, CTL_BACKLOG) == 0)
		return fd;
	why_errno(why, "cannot listen on %s", path);
	if (fd >= 0)
		close(fd);
	return -1;
}

static void
ctl_on_peer_gone(struct ctl_peer *peer, void *arg)
{
	struct ctl *ctl = arg;

	list_remove(ctl_peer_link(peer));
	ctl->peer_count--;
	ctl_peer_free(&peer);
}

static bool
ctl_has_place(const struct ctl *ctl, const struct ctl_peer *peer)
{
	size_t most = CTL_PEERS_MOST - (ctl_peer_may_order(peer) ? 0 : CTL_PEERS_KEPT);

	return ctl->peer_count < most;
}

static void
ctl_on_accept(evutil_socket_t listener, short what, void *arg)
{
	struct ctl *ctl = arg;
	struct ctl_peer *peer;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	if (fd < 0)
		return;
	channel_tune(fd);
	peer = ctl_peer_new(ctl->core, fd, ctl_on_peer_gone, ctl);
	if (!ctl_has_place(ctl, peer)) {
		log_warn("control: %zu clients are there, one more is turned away",
			 ctl->peer_count);
		ctl_peer_free(&peer);
		return;
	}
	list_append(&ctl->peers, ctl_peer_link(peer));
	ctl->peer_count++;
}

struct ctl *
ctl_new(struct core *core, struct why *why)
{
	const char *path = settings_text(core->generation->settings, SETTING_CONTROL_SOCKET);
	int fd = ctl_listen(path, why);
	struct ctl *ctl;

	if (fd < 0)
		return NULL;
	ctl = alloc_new(struct ctl);
	ctl->core = core;
	ctl->fd = fd;
	ctl->path = alloc_str(path);
	list_init(&ctl->peers);
	ctl->accept_event = event_new(core->base, fd, EV_READ | EV_PERSIST, ctl_on_accept, ctl);
	event_add(ctl->accept_event, NULL);
	return ctl;
}

void
ctl_free(struct ctl **ctl)
{
	if (*ctl == NULL)
		return;
	while (!list_is_empty(&(*ctl)->peers)) {
		struct ctl_peer *peer = ctl_peer_of((*ctl)->peers.next);

		list_remove(ctl_peer_link(peer));
		ctl_peer_free(&peer);
	}
	event_free((*ctl)->accept_event);
	close((*ctl)->fd);
	unlink((*ctl)->path);
	free((*ctl)->path);
	free(*ctl);
	*ctl = NULL;
}
