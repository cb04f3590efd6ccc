#include "tests/unit/master/pool/spawner_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/proto/hello.h"
#include "common/why.h"
#include "tests/unit/unit.h"

struct spawner_peer spawner_peer;

/* Makes and keeps a directory in the build tree; its absolute path in place. */
static void
spawner_peer_directory(char *place, size_t room, const char *name)
{
	char template[32];
	char cwd[4096];

	snprintf(template, sizeof(template), "/tmp/postrider-%s-XXXXXX", name);
	ck_assert_ptr_nonnull(mkdtemp(template));
	ck_assert_ptr_nonnull(realpath(template, cwd));
	ck_assert_uint_lt(strlen(cwd), room);
	memcpy(place, cwd, strlen(cwd) + 1);
}

static int
spawner_peer_open_worker(void)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	int fd;

	ck_assert_int_gt(len, 0);
	path[len] = '\0';
	*strrchr(path, '/') = '\0';
	strncat(path, "/fake_worker", sizeof(path) - strlen(path) - 1);
	fd = open(path, O_PATH | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

void
spawner_peer_setup(void)
{
	struct pool_spawner_options options = {.root = spawner_peer.root, .run = spawner_peer.run};
	struct why why;

	spawner_peer_directory(spawner_peer.root, sizeof(spawner_peer.root), "root");
	spawner_peer_directory(spawner_peer.run, sizeof(spawner_peer.run), "run");
	ck_assert_int_eq(chmod(spawner_peer.root, 0755), 0);
	options.worker = spawner_peer_open_worker();
	spawner_peer.socket = pool_spawner_fork(&options, &spawner_peer.pid, &why);
	ck_assert_msg(spawner_peer.socket >= 0, "%s", why.text);
	close(options.worker);
	spawner_peer.serial = 0;
}

void
spawner_peer_teardown(void)
{
	if (spawner_peer.socket >= 0)
		close(spawner_peer.socket);
	if (spawner_peer.pid > 0)
		waitpid(spawner_peer.pid, NULL, 0);
	rmdir(spawner_peer.root);
	rmdir(spawner_peer.run);
}

void
spawner_peer_send(const void *data, size_t len, const int *fds, size_t count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * POOL_SPAWNER_FDS)];
	} control = {.bytes = {0}};
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (count > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	}
	ck_assert_int_eq(sendmsg(spawner_peer.socket, &message, MSG_NOSIGNAL), (ssize_t)len);
}

bool
spawner_peer_receive(struct pool_spawner_answer *answer, int *fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {.iov_base = answer, .iov_len = sizeof(*answer)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t got = recvmsg(spawner_peer.socket, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*fd = -1;
	if (header != NULL)
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	if (got <= 0)
		return false;
	ck_assert_int_eq(got, sizeof(*answer));
	return true;
}

struct pool_spawner_request
spawner_peer_request(enum pool_spawner_kind kind)
{
	struct pool_spawner_request request;

	memset(&request, 0, sizeof(request));
	request.kind = kind;
	request.serial = ++spawner_peer.serial;
	return request;
}

struct pool_spawner_request
spawner_peer_start_request(void)
{
	struct pool_spawner_request request = spawner_peer_request(POOL_SPAWNER_START);

	request.fd_count = 1;
	request.start.role = PROTO_ROLE_DELIVER;
	request.start.number = 1;
	request.start.uid = SPAWNER_PEER_UID;
	request.start.gid = SPAWNER_PEER_GID;
	request.start.files = 256;
	request.start.port_count = 2;
	request.start.ports[0] = 25;
	request.start.ports[1] = 443;
	return request;
}

int
spawner_peer_bundle(const char *text)
{
	int fd = memfd_create("bundle", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

struct pool_spawner_answer
spawner_peer_ask(const struct pool_spawner_request *request, const int *fds, int *fd)
{
	struct pool_spawner_answer answer;

	spawner_peer_send(request, sizeof(*request), fds, request->fd_count);
	ck_assert(spawner_peer_receive(&answer, fd));
	ck_assert_uint_eq(answer.kind, request->kind);
	ck_assert_uint_eq(answer.serial, request->serial);
	return answer;
}

pid_t
spawner_peer_start(const char *bundle_text, int *channel)
{
	struct pool_spawner_request request = spawner_peer_start_request();
	int bundle = spawner_peer_bundle(bundle_text);
	struct pool_spawner_answer answer = spawner_peer_ask(&request, &bundle, channel);
	unsigned char packet[4096];
	struct proto_hello hello;
	struct pollfd ready;
	struct frame frame;
	ssize_t got;

	close(bundle);
	ck_assert_int_eq(answer.error, 0);
	ck_assert_int_gt(answer.pid, 1);
	ck_assert_int_ge(*channel, 0);
	ready = (struct pollfd){.fd = *channel, .events = POLLIN};
	ck_assert_int_eq(poll(&ready, 1, 10000), 1);
	got = recv(*channel, packet, sizeof(packet), 0);
	ck_assert_int_gt(got, 0);
	ck_assert(frame_parse(&frame, packet, (size_t)got, -1));
	ck_assert_int_eq(frame.type, FRAME_HELLO);
	ck_assert(proto_hello_get(&frame.body, &hello));
	ck_assert_uint_eq(hello.generation, 7);
	return answer.pid;
}
