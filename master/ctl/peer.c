#include "master/ctl/peer.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/channel.h"
#include "common/frame.h"
#include "common/list.h"
#include "common/log.h"
#include "common/settings/settings.h"
#include "master/core.h"
#include "master/ctl/request.h"
#include "master/generation.h"

enum { CTL_PEER_GROUPS = 64 };

static const char ctl_peer_readers[] = "postrider-read";

/* What somebody may ask. */
enum ctl_peer_right { CTL_PEER_NOTHING, CTL_PEER_READ, CTL_PEER_ALL };

struct ctl_peer {
	struct list link;
	struct core *core;
	struct channel *channel;
	enum ctl_peer_right right;
	struct ctl_request *request; /* under way, or NULL */
	ctl_peer_gone_fn gone;
	void *arg;
};

static const struct {
	const char *name;
	bool reading;
	const char *usage;
	void (*handler)(struct ctl_request *request);
} ctl_peer_commands[] = {
#define COMMAND(name, reading, usage, meaning) {#name, reading, usage, ctl_##name},
#include "common/tbl/command.def"
#undef COMMAND
};

static bool
ctl_peer_in_group(uid_t uid, gid_t gid, const char *name)
{
	const struct group *group = getgrnam(name);
	const struct passwd *user = getpwuid(uid);
	gid_t groups[CTL_PEER_GROUPS];
	int count = CTL_PEER_GROUPS;
	gid_t wanted;

	if (group == NULL)
		return false;
	wanted = group->gr_gid;
	if (gid == wanted)
		return true;
	if (user == NULL || getgrouplist(user->pw_name, gid, groups, &count) < 0)
		return false;
	for (int i = 0; i < count; i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

static enum ctl_peer_right
ctl_peer_right(const struct core *core, uid_t uid, gid_t gid)
{
	const char *const *admins;
	size_t count;

	if (uid == 0 || uid == geteuid())
		return CTL_PEER_ALL;
	admins = settings_texts(core->generation->settings, SETTING_CONTROL_ADMINS, &count);
	for (size_t i = 0; i < count; i++)
		if (ctl_peer_in_group(uid, gid, admins[i]))
			return CTL_PEER_ALL;
	return ctl_peer_in_group(uid, gid, ctl_peer_readers) ? CTL_PEER_READ : CTL_PEER_NOTHING;
}

static void
ctl_peer_run(struct ctl_request *request, enum ctl_peer_right right)
{
	struct slice name = request->command.words[0];

	for (size_t i = 0; i < sizeof(ctl_peer_commands) / sizeof(ctl_peer_commands[0]); i++) {
		if (!slice_is(name, ctl_peer_commands[i].name))
			continue;
		if (right == CTL_PEER_ALL ||
		    (right == CTL_PEER_READ && ctl_peer_commands[i].reading))
			ctl_peer_commands[i].handler(request);
		else
			ctl_request_end(
			    request, EX_NOPERM,
			    "you may not %s: that takes root, the daemon's user, or membership "
			    "in the group postrider%s",
			    ctl_peer_commands[i].name,
			    ctl_peer_commands[i].reading ? " or postrider-read" : "");
		return;
	}
	ctl_request_end(request, EX_USAGE, "unknown command %.*s", SLICE_ARG(name));
}

static bool
ctl_peer_frame(struct channel *channel, struct frame *frame, void *arg)
{
	struct ctl_peer *peer = arg;
	struct ctl_request *request;
	struct arena *arena;
	struct wire_reader stable;

	(void)channel;
	if (frame->type != FRAME_COMMAND || peer->request != NULL)
		return false;
	arena = arena_new();
	request = arena_zero(arena, struct ctl_request);
	request->arena = arena;
	request->core = peer->core;
	/* The words outlive the packet. */
	wire_reader_init(&stable, arena_copy(arena, frame->body.data, frame->body.len),
			 frame->body.len);
	if (!proto_control_get_command(&stable, arena, &request->command)) {
		arena_free(&arena);
		return false;
	}
	request->peer = peer;
	peer->request = request;
	ctl_peer_run(request, peer->right);
	return true;
}

static void
ctl_peer_on_gone(struct channel *channel, const char *reason, void *arg)
{
	struct ctl_peer *peer = arg;

	(void)channel;
	(void)reason;
	peer->gone(peer, peer->arg);
}

static void
ctl_peer_drained(struct channel *channel, void *arg)
{
	struct ctl_peer *peer = arg;

	(void)channel;
	if (peer->request != NULL && peer->request->resume != NULL)
		peer->request->resume(peer->request);
}

static const struct channel_handlers ctl_peer_handlers = {
    .frame = ctl_peer_frame, .gone = ctl_peer_on_gone, .drained = ctl_peer_drained};

struct ctl_peer *
ctl_peer_new(struct core *core, int fd, ctl_peer_gone_fn gone, void *arg)
{
	struct ctl_peer *peer = alloc_new(struct ctl_peer);
	pid_t pid;
	uid_t uid;
	gid_t gid;

	peer->core = core;
	peer->gone = gone;
	peer->arg = arg;
	list_init(&peer->link);
	peer->channel = channel_new(core->base, fd, &ctl_peer_handlers, peer);
	if (channel_peer(peer->channel, &pid, &uid, &gid))
		peer->right = ctl_peer_right(core, uid, gid);
	return peer;
}

void
ctl_peer_free(struct ctl_peer **peer)
{
	if (*peer == NULL)
		return;
	if ((*peer)->request != NULL) {
		struct ctl_request *request = (*peer)->request;

		request->peer = NULL;
		if (request->resume != NULL)
			request->resume(request);
	}
	channel_free(&(*peer)->channel);
	free(*peer);
	*peer = NULL;
}

bool
ctl_peer_may_order(const struct ctl_peer *peer)
{
	return peer->right == CTL_PEER_ALL;
}

struct list *
ctl_peer_link(struct ctl_peer *peer)
{
	return &peer->link;
}

struct ctl_peer *
ctl_peer_of(struct list *link)
{
	return list_entry(link, struct ctl_peer, link);
}

struct channel *
ctl_peer_channel(struct ctl_peer *peer)
{
	return peer->channel;
}

void
ctl_peer_done(struct ctl_peer *peer)
{
	peer->request = NULL;
}
