#include "master/pool/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/channel.h"
#include "common/log.h"
#include "common/privilege.h"
#include "common/why.h"
#include "master/pool/bind.h"

enum {
	POOL_SPAWNER_FILES_MIN = 64,
	/* Above every fixed number of a worker's descriptors. */
	POOL_SPAWNER_HIGH = LAUNCH_LISTENER + LAUNCH_LISTENERS
};

static const int pool_spawner_ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE};

struct pool_spawner {
	struct pool_spawner_options options;
	int socket;  /* to the master, blocking */
	int signals; /* signalfd of SIGCHLD */
	int run;     /* the open run directory, -1: none */
	bool can_switch;
	uid_t uid; /* the workers' account; 0 until the first START */
	gid_t gid;
	sigset_t mask; /* as before SIGCHLD was blocked */
	pid_t children[POOL_SPAWNER_CHILDREN];
	size_t child_count;
	size_t held; /* descriptors kept open */
};

/* The descriptors that came with a packet. */
struct pool_spawner_fds {
	int fd[POOL_SPAWNER_FDS];
	size_t count;
};

union pool_spawner_control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int) * POOL_SPAWNER_FDS)];
};

/* No worker outlives this process, and the spool lock is let go only after the last one. */
static void __attribute__((noreturn))
pool_spawner_end(const struct pool_spawner *spawner, int status)
{
	for (size_t i = 0; i < spawner->child_count; i++)
		kill(spawner->children[i], SIGKILL);
	for (size_t i = 0; i < spawner->child_count; i++)
		while (waitpid(spawner->children[i], NULL, 0) < 0 && errno == EINTR)
			continue;
	_exit(status);
}

static void __attribute__((noreturn))
pool_spawner_refuse(const struct pool_spawner *spawner, const char *what)
{
	log_error("spawner: a malformed request: %s", what);
	pool_spawner_end(spawner, EX_PROTOCOL);
}

static void
pool_spawner_close(struct pool_spawner_fds *fds)
{
	for (size_t i = 0; i < fds->count; i++)
		close(fds->fd[i]);
	fds->count = 0;
}

static void
pool_spawner_answer(const struct pool_spawner *spawner, const struct pool_spawner_answer *answer,
		    int fd)
{
	struct iovec data = {.iov_base = (void *)(uintptr_t)answer, .iov_len = sizeof(*answer)};
	union pool_spawner_control control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
	ssize_t sent;

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	do
		sent = sendmsg(spawner->socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		pool_spawner_end(spawner, 0);
}

static void
pool_spawner_answer_error(const struct pool_spawner *spawner,
			  const struct pool_spawner_request *request, int error)
{
	const struct pool_spawner_answer answer = {
	    .kind = request->kind, .serial = request->serial, .error = error};

	pool_spawner_answer(spawner, &answer, -1);
}

/* In the child: the worker's descriptors at their numbers, and nothing else past the exec. */
static bool
pool_spawner_place(const int *fds, size_t count)
{
	int high[1 + POOL_SPAWNER_FDS];

	for (size_t i = 0; i < count; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, POOL_SPAWNER_HIGH);
		if (high[i] < 0)
			return false;
	}
	for (size_t i = 0; i < count; i++)
		if (dup2(high[i], LAUNCH_CHANNEL + (int)i) < 0)
			return false;
	return close_range(LAUNCH_CHANNEL + (unsigned)count, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

static void __attribute__((noreturn))
pool_spawner_become(const struct pool_spawner *spawner, const struct pool_spawner_request *request,
		    int channel, const struct pool_spawner_fds *fds, pid_t parent)
{
	const struct pool_spawner_start *start = &request->start;
	char *environment[] = {(char[]){"TZ=UTC0"}, NULL};
	struct launch launch = {
	    .rules = {.role = (enum proto_role)start->role,
		      .unix_relay = start->unix_relay != 0,
		      .port_count = start->port_count},
	    .number = start->number,
	    .uid = spawner->can_switch ? start->uid : PRIVILEGE_KEEP,
	    .gid = spawner->can_switch ? start->gid : PRIVILEGE_KEEP,
	    .parent = parent,
	    .listener_count = (unsigned)fds->count - 1,
	};
	int all[1 + POOL_SPAWNER_FDS];
	struct launch_vector vector;
	int worker;

	memcpy(launch.rules.ports, start->ports, sizeof(start->ports));
	if (spawner->options.root != NULL)
		memcpy(launch.root, spawner->options.root, strlen(spawner->options.root) + 1);
	all[0] = channel;
	memcpy(all + 1, fds->fd, fds->count * sizeof(int));
	worker = fcntl(spawner->options.worker, F_DUPFD_CLOEXEC, POOL_SPAWNER_HIGH);
	if (worker >= 0 && launch_write(&launch, "postrider-worker", &vector) &&
	    pool_spawner_place(all, fds->count + 1)) {
		privilege_limit_files(start->files);
		sigprocmask(SIG_SETMASK, &spawner->mask, NULL);
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (getppid() == parent)
			fexecve(worker, vector.argv, environment);
	}
	_exit(EX_OSERR);
}

static int
pool_spawner_fork_worker(struct pool_spawner *spawner, const struct pool_spawner_request *request,
			 const struct pool_spawner_fds *fds, int pair[2])
{
	pid_t parent = getpid();
	pid_t pid;

	if (spawner->child_count == POOL_SPAWNER_CHILDREN)
		return EAGAIN;
	if (!channel_pair(pair))
		return errno;
	pid = fork();
	if (pid == 0)
		pool_spawner_become(spawner, request, pair[1], fds, parent);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return errno;
	}
	spawner->children[spawner->child_count++] = pid;
	return 0;
}

static bool
pool_spawner_start_is_sound(const struct pool_spawner *spawner,
			    const struct pool_spawner_request *request)
{
	const struct pool_spawner_start *start = &request->start;

	if (request->fd_count < 1 || start->role >= PROTO_ROLES || start->number == 0 ||
	    start->unix_relay > 1 || start->port_count > SANDBOX_PORTS ||
	    start->files < POOL_SPAWNER_FILES_MIN || start->files > POOL_SPAWNER_FILES_MAX)
		return false;
	for (size_t i = 0; i < SANDBOX_PORTS; i++)
		if ((start->ports[i] != 0) != (i < start->port_count))
			return false;
	if (!spawner->can_switch)
		return true;
	if (start->uid == 0 || start->gid == 0 || start->uid == PRIVILEGE_KEEP ||
	    start->gid == PRIVILEGE_KEEP)
		return false;
	return spawner->uid == 0 || (spawner->uid == start->uid && spawner->gid == start->gid);
}

static void
pool_spawner_start(struct pool_spawner *spawner, const struct pool_spawner_request *request,
		   struct pool_spawner_fds *fds)
{
	struct pool_spawner_answer answer = {.kind = request->kind, .serial = request->serial};
	int pair[2];

	if (!pool_spawner_start_is_sound(spawner, request))
		pool_spawner_refuse(spawner, "START");
	if (spawner->can_switch) {
		spawner->uid = request->start.uid;
		spawner->gid = request->start.gid;
	}
	answer.error = pool_spawner_fork_worker(spawner, request, fds, pair);
	if (answer.error != 0) {
		pool_spawner_answer(spawner, &answer, -1);
		return;
	}
	answer.pid = spawner->children[spawner->child_count - 1];
	pool_spawner_answer(spawner, &answer, pair[0]);
	close(pair[0]);
}

/* A pid stays in the table until this process has reaped it, so it cannot be somebody else's. */
static void
pool_spawner_kill(const struct pool_spawner *spawner, const struct pool_spawner_request *request)
{
	int error = ESRCH;

	for (size_t i = 0; i < spawner->child_count; i++)
		if (spawner->children[i] == request->pid)
			error = kill(request->pid, SIGKILL) < 0 ? errno : 0;
	pool_spawner_answer_error(spawner, request, error);
}

static void
pool_spawner_bind(const struct pool_spawner *spawner, const struct pool_spawner_request *request)
{
	const struct pool_spawner_bind *bind = &request->bind;
	struct pool_spawner_answer answer = {.kind = request->kind, .serial = request->serial};
	int fd = pool_bind_listen(&bind->address, bind->len, bind->mode, spawner->run,
				  spawner->options.run);

	if (fd < 0)
		answer.error = errno;
	pool_spawner_answer(spawner, &answer, fd);
	if (fd >= 0)
		close(fd);
}

static void
pool_spawner_hold(struct pool_spawner *spawner, const struct pool_spawner_request *request,
		  struct pool_spawner_fds *fds)
{
	if (spawner->held == POOL_SPAWNER_HELD)
		pool_spawner_refuse(spawner, "HOLD once too often");
	spawner->held++;
	fds->count = 0;
	pool_spawner_answer_error(spawner, request, 0);
}

static void
pool_spawner_obey(struct pool_spawner *spawner, const struct pool_spawner_request *request,
		  struct pool_spawner_fds *fds)
{
	static const size_t most[] = {
	    [POOL_SPAWNER_START] = POOL_SPAWNER_FDS,
	    [POOL_SPAWNER_KILL] = 0,
	    [POOL_SPAWNER_BIND] = 0,
	    [POOL_SPAWNER_HOLD] = 1,
	};

	if (request->kind < POOL_SPAWNER_START || request->kind > POOL_SPAWNER_HOLD ||
	    request->zero != 0 || request->serial == 0 || request->fd_count != fds->count ||
	    fds->count > most[request->kind])
		pool_spawner_refuse(spawner, "header");
	switch ((enum pool_spawner_kind)request->kind) {
	case POOL_SPAWNER_START:
		pool_spawner_start(spawner, request, fds);
		break;
	case POOL_SPAWNER_KILL:
		pool_spawner_kill(spawner, request);
		break;
	case POOL_SPAWNER_BIND:
		pool_spawner_bind(spawner, request);
		break;
	case POOL_SPAWNER_HOLD:
		if (fds->count != 1)
			pool_spawner_refuse(spawner, "HOLD of nothing");
		pool_spawner_hold(spawner, request, fds);
		break;
	case POOL_SPAWNER_EXITED:
		break;
	}
}

static void
pool_spawner_take_fds(const struct pool_spawner *spawner, struct msghdr *message,
		      struct pool_spawner_fds *fds)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
	     part = CMSG_NXTHDR(message, part)) {
		size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS ||
		    fds->count + count > POOL_SPAWNER_FDS)
			pool_spawner_refuse(spawner, "control data");
		memcpy(fds->fd + fds->count, CMSG_DATA(part), count * sizeof(int));
		fds->count += count;
	}
}

static void
pool_spawner_receive(struct pool_spawner *spawner)
{
	struct pool_spawner_request request;
	struct pool_spawner_fds fds = {.count = 0};
	union pool_spawner_control control;
	struct iovec data = {.iov_base = &request, .iov_len = sizeof(request)};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t got = recvmsg(spawner->socket, &message, MSG_CMSG_CLOEXEC);

	if (got < 0 && errno == EINTR)
		return;
	if (got <= 0)
		pool_spawner_end(spawner, 0);
	if (got != sizeof(request) || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		pool_spawner_refuse(spawner, "size");
	pool_spawner_take_fds(spawner, &message, &fds);
	pool_spawner_obey(spawner, &request, &fds);
	pool_spawner_close(&fds);
}

static void
pool_spawner_forget(struct pool_spawner *spawner, pid_t pid)
{
	for (size_t i = 0; i < spawner->child_count; i++)
		if (spawner->children[i] == pid) {
			spawner->children[i] = spawner->children[--spawner->child_count];
			return;
		}
}

static void
pool_spawner_reap(struct pool_spawner *spawner)
{
	struct pool_spawner_answer answer = {.kind = POOL_SPAWNER_EXITED};
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	if (read(spawner->signals, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		pool_spawner_forget(spawner, pid);
		answer.pid = pid;
		answer.status = status;
		pool_spawner_answer(spawner, &answer, -1);
	}
}

/* Nothing of what postriderd was started with is left, but the log's standard error. */
static void
pool_spawner_settle(struct pool_spawner *spawner)
{
	int socket = fcntl(spawner->socket, F_DUPFD_CLOEXEC, POOL_SPAWNER_HIGH);
	int worker = fcntl(spawner->options.worker, F_DUPFD_CLOEXEC, POOL_SPAWNER_HIGH);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t children;

	if (socket < 0 || worker < 0)
		log_die("spawner: cannot copy a descriptor");
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	dup2(socket, LAUNCH_CHANNEL);
	dup2(worker, LAUNCH_CHANNEL + 1);
	close_range(LAUNCH_CHANNEL + 2, ~0U, 0);
	close_range(LAUNCH_CHANNEL, ~0U, CLOSE_RANGE_CLOEXEC);
	spawner->socket = LAUNCH_CHANNEL;
	spawner->options.worker = LAUNCH_CHANNEL + 1;
	for (size_t i = 0; i < sizeof(pool_spawner_ignored) / sizeof(int); i++)
		signal(pool_spawner_ignored[i], SIG_IGN);
	/* Not inherited: with SIG_IGN the kernel would reap in our place. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, &spawner->mask);
	sigdelset(&spawner->mask, SIGCHLD);
	spawner->signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	if (spawner->signals < 0)
		log_die("spawner: no signalfd");
	if (chdir("/") < 0)
		log_die("spawner: no root directory");
	spawner->can_switch = privilege_can_switch();
}

/* The run directory may be made after this process: it is opened when it is needed. */
static void
pool_spawner_open_run(struct pool_spawner *spawner)
{
	if (spawner->run < 0 && spawner->options.run != NULL)
		spawner->run = open(spawner->options.run, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void __attribute__((noreturn)) pool_spawner_serve(struct pool_spawner *spawner)
{
	pool_spawner_settle(spawner);
	for (;;) {
		struct pollfd polls[] = {{.fd = spawner->signals, .events = POLLIN},
					 {.fd = spawner->socket, .events = POLLIN}};

		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			pool_spawner_end(spawner, EX_OSERR);
		/* The dead first: a KILL behind them must not name a pid that is free again. */
		if (polls[0].revents != 0)
			pool_spawner_reap(spawner);
		if (polls[1].revents != 0) {
			pool_spawner_open_run(spawner);
			pool_spawner_receive(spawner);
		}
	}
}

int
pool_spawner_fork(const struct pool_spawner_options *options, pid_t *pid, struct why *why)
{
	struct pool_spawner spawner = {.options = *options, .run = -1};
	int pair[2];

	if (options->root != NULL && strlen(options->root) >= LAUNCH_ROOT_MAX) {
		why_set(why, "the path of the workers' root directory is too long");
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		why_errno(why, "no socket pair for the spawner");
		return -1;
	}
	*pid = fork();
	if (*pid == 0) {
		close(pair[0]);
		spawner.socket = pair[1];
		pool_spawner_serve(&spawner);
	}
	close(pair[1]);
	if (*pid < 0) {
		why_errno(why, "cannot fork the spawner");
		close(pair[0]);
		return -1;
	}
	return pair[0];
}
