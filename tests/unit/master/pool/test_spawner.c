#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/privilege.h"
#include "common/proto/hello.h"
#include "common/why.h"
#include "master/pool/spawner.h"
#include "tests/unit/unit.h"

enum { TEST_UID = 34567, TEST_GID = 34568 };

static struct {
	char root[64];
	char run[64];
	int socket;
	pid_t pid;
	uint64_t serial;
} test;

/* Makes and keeps a directory in the build tree; its absolute path in place. */
static void
test_directory(char *place, size_t room, const char *name)
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
test_open_worker(void)
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

static void
test_setup(void)
{
	struct pool_spawner_options options = {.root = test.root, .run = test.run};
	struct why why;

	test_directory(test.root, sizeof(test.root), "root");
	test_directory(test.run, sizeof(test.run), "run");
	ck_assert_int_eq(chmod(test.root, 0755), 0);
	options.worker = test_open_worker();
	test.socket = pool_spawner_fork(&options, &test.pid, &why);
	ck_assert_msg(test.socket >= 0, "%s", why.text);
	close(options.worker);
	test.serial = 0;
}

static void
test_teardown(void)
{
	if (test.socket >= 0)
		close(test.socket);
	if (test.pid > 0)
		waitpid(test.pid, NULL, 0);
	rmdir(test.root);
	rmdir(test.run);
}

static void
test_send(const void *data, size_t len, const int *fds, size_t count)
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
	ck_assert_int_eq(sendmsg(test.socket, &message, MSG_NOSIGNAL), (ssize_t)len);
}

/* False at the end of the stream. */
static bool
test_receive(struct pool_spawner_answer *answer, int *fd)
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
	ssize_t got = recvmsg(test.socket, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*fd = -1;
	if (header != NULL)
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	if (got <= 0)
		return false;
	ck_assert_int_eq(got, sizeof(*answer));
	return true;
}

static struct pool_spawner_request
test_request(enum pool_spawner_kind kind)
{
	struct pool_spawner_request request;

	memset(&request, 0, sizeof(request));
	request.kind = kind;
	request.serial = ++test.serial;
	return request;
}

static struct pool_spawner_request
test_start_request(void)
{
	struct pool_spawner_request request = test_request(POOL_SPAWNER_START);

	request.fd_count = 1;
	request.start.role = PROTO_ROLE_DELIVER;
	request.start.number = 1;
	request.start.uid = TEST_UID;
	request.start.gid = TEST_GID;
	request.start.files = 256;
	request.start.port_count = 2;
	request.start.ports[0] = 25;
	request.start.ports[1] = 443;
	return request;
}

static int
test_bundle(const char *text)
{
	int fd = memfd_create("bundle", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

static struct pool_spawner_answer
test_ask(const struct pool_spawner_request *request, const int *fds, int *fd)
{
	struct pool_spawner_answer answer;

	test_send(request, sizeof(*request), fds, request->fd_count);
	ck_assert(test_receive(&answer, fd));
	ck_assert_uint_eq(answer.kind, request->kind);
	ck_assert_uint_eq(answer.serial, request->serial);
	return answer;
}

/* Starts a worker and waits for its HELLO, which comes when every right is gone. */
static pid_t
test_start(const char *bundle_text, int *channel)
{
	struct pool_spawner_request request = test_start_request();
	int bundle = test_bundle(bundle_text);
	struct pool_spawner_answer answer = test_ask(&request, &bundle, channel);
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

static void
test_expect_exit(pid_t pid, int signal)
{
	struct pool_spawner_answer answer;
	int fd;

	ck_assert(test_receive(&answer, &fd));
	ck_assert_uint_eq(answer.kind, POOL_SPAWNER_EXITED);
	ck_assert_int_eq(answer.pid, pid);
	ck_assert(WIFSIGNALED(answer.status));
	ck_assert_int_eq(WTERMSIG(answer.status), signal);
}

/* Reads "Name:\tvalue" of /proc/PID/status. */
static void
test_status(pid_t pid, const char *name, char value[64])
{
	char path[64];
	char line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	value[0] = '\0';
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			sscanf(line + strlen(name) + 1, " %63[^\n]", value);
	fclose(file);
	ck_assert_msg(value[0] != '\0', "no %s", name);
}

START_TEST(test_worker_has_no_rights)
{
	static const struct {
		const char *name;
		const char *value;
	} rows[] = {
	    {"Uid", "34567\t34567\t34567\t34567"},
	    {"Gid", "34568\t34568\t34568\t34568"},
	    {"CapInh", "0000000000000000"},
	    {"CapPrm", "0000000000000000"},
	    {"CapEff", "0000000000000000"},
	    {"CapAmb", "0000000000000000"},
	    {"NoNewPrivs", "1"},
#ifndef SANITIZERS
	    {"Seccomp", "2"},
#endif
	};
	char value[64];
	char path[64];
	struct stat here;
	struct stat there;
	int channel;
	pid_t pid;

	if (!privilege_can_switch())
		return;
	pid = test_start("good 7", &channel);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_status(pid, rows[i].name, value);
		ck_assert_msg(strcmp(value, rows[i].value) == 0, "%s is %s", rows[i].name, value);
	}
	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	ck_assert_int_eq(stat(path, &there), 0);
	ck_assert_int_eq(stat(test.root, &here), 0);
	ck_assert_uint_eq(here.st_ino, there.st_ino);
	ck_assert_uint_eq(here.st_dev, there.st_dev);
}
END_TEST

START_TEST(test_worker_has_its_descriptors_only)
{
	char path[64];
	char target[64];
	int channel;
	pid_t pid = test_start("good 7", &channel);

	for (int fd = 0; fd < 300; fd++) {
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		len = readlink(path, target, sizeof(target) - 1);
		if (fd > LAUNCH_BUNDLE) {
			ck_assert_msg(len < 0, "descriptor %d is open", fd);
			continue;
		}
		if (len < 0)
			continue;
		target[len] = '\0';
		if (fd <= 1)
			ck_assert_str_eq(target, "/dev/null");
		if (fd == LAUNCH_CHANNEL)
			ck_assert_int_eq(strncmp(target, "socket:", 7), 0);
		if (fd == LAUNCH_BUNDLE)
			ck_assert_int_eq(strncmp(target, "/memfd:bundle", 13), 0);
	}
	close(channel);
}
END_TEST

START_TEST(test_signals_do_nothing)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
	int channel;
	pid_t pid = test_start("good 7", &channel);

	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(kill(pid, ignored[i]), 0);
		ck_assert_int_eq(kill(test.pid, ignored[i]), 0);
	}
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	test_expect_exit(pid, SIGKILL);
	close(channel);
}
END_TEST

START_TEST(test_kill_is_for_children)
{
	struct pool_spawner_request request = test_request(POOL_SPAWNER_KILL);
	const pid_t foreign[] = {1, getpid(), test.pid, 0, -1, 999999};
	int channel;
	int fd;
	pid_t pid = test_start("good 7", &channel);

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		request = test_request(POOL_SPAWNER_KILL);
		request.pid = foreign[i];
		ck_assert_int_eq(test_ask(&request, NULL, &fd).error, ESRCH);
	}
	request = test_request(POOL_SPAWNER_KILL);
	request.pid = pid;
	ck_assert_int_eq(test_ask(&request, NULL, &fd).error, 0);
	test_expect_exit(pid, SIGKILL);
	request = test_request(POOL_SPAWNER_KILL);
	request.pid = pid;
	ck_assert_int_eq(test_ask(&request, NULL, &fd).error, ESRCH);
	close(channel);
}
END_TEST

/* The end of a process that is not our child: its channel closes. */
static void
test_wait_closed(int channel)
{
	struct pollfd ready = {.fd = channel, .events = 0};

	ck_assert_int_eq(poll(&ready, 1, 10000), 1);
	ck_assert_int_ne(ready.revents & POLLHUP, 0);
}

START_TEST(test_master_gone)
{
	int channel;
	int status;
	int lock[2];
	struct pool_spawner_request request = test_request(POOL_SPAWNER_HOLD);
	struct pollfd held;
	int fd;

	ck_assert_int_eq(pipe2(lock, O_CLOEXEC), 0);
	request.fd_count = 1;
	ck_assert_int_eq(test_ask(&request, &lock[1], &fd).error, 0);
	close(lock[1]);
	test_start("staying 7", &channel);
	held = (struct pollfd){.fd = lock[0]};
	ck_assert_int_eq(poll(&held, 1, 0), 0);
	close(test.socket);
	test.socket = -1;
	ck_assert_int_eq(waitpid(test.pid, &status, 0), test.pid);
	test.pid = 0;
	ck_assert_int_eq(status, 0);
	/* The worker was waited for, so it is gone now, not soon; and so is what was held. */
	test_wait_closed(channel);
	ck_assert_int_eq(poll(&held, 1, 0), 1);
	close(channel);
	close(lock[0]);
}
END_TEST

START_TEST(test_spawner_killed)
{
	int channel;

	test_start("staying 7", &channel);
	ck_assert_int_eq(kill(test.pid, SIGKILL), 0);
	test_wait_closed(channel);
	close(channel);
}
END_TEST

typedef void (*test_spoil_fn)(struct pool_spawner_request *request);

static void
spoil_kind(struct pool_spawner_request *request)
{
	request->kind = POOL_SPAWNER_EXITED;
}

static void
spoil_kind_zero(struct pool_spawner_request *request)
{
	request->kind = 0;
}

static void
spoil_count(struct pool_spawner_request *request)
{
	request->fd_count = 2;
}

static void
spoil_serial(struct pool_spawner_request *request)
{
	request->serial = 0;
}

static void
spoil_role(struct pool_spawner_request *request)
{
	request->start.role = PROTO_ROLES;
}

static void
spoil_number(struct pool_spawner_request *request)
{
	request->start.number = 0;
}

static void
spoil_uid(struct pool_spawner_request *request)
{
	request->start.uid = 0;
}

static void
spoil_gid(struct pool_spawner_request *request)
{
	request->start.gid = 0;
}

static void
spoil_keep(struct pool_spawner_request *request)
{
	request->start.uid = PRIVILEGE_KEEP;
}

static void
spoil_files(struct pool_spawner_request *request)
{
	request->start.files = 3;
}

static void
spoil_ports(struct pool_spawner_request *request)
{
	request->start.port_count = SANDBOX_PORTS + 1;
}

static void
spoil_port_zero(struct pool_spawner_request *request)
{
	request->start.ports[0] = 0;
}

static void
spoil_relay(struct pool_spawner_request *request)
{
	request->start.unix_relay = 2;
}

static void
spoil_nothing_to_hold(struct pool_spawner_request *request)
{
	request->kind = POOL_SPAWNER_HOLD;
	request->fd_count = 0;
}

static const struct {
	test_spoil_fn spoil;
	size_t len;
	size_t fds;
	bool needs_root;
} test_spoils[] = {
    {spoil_kind, sizeof(struct pool_spawner_request), 1, false},
    {spoil_kind_zero, sizeof(struct pool_spawner_request), 1, false},
    {spoil_count, sizeof(struct pool_spawner_request), 1, false},
    {spoil_serial, sizeof(struct pool_spawner_request), 1, false},
    {spoil_role, sizeof(struct pool_spawner_request), 1, false},
    {spoil_number, sizeof(struct pool_spawner_request), 1, false},
    {spoil_uid, sizeof(struct pool_spawner_request), 1, true},
    {spoil_gid, sizeof(struct pool_spawner_request), 1, true},
    {spoil_keep, sizeof(struct pool_spawner_request), 1, true},
    {spoil_files, sizeof(struct pool_spawner_request), 1, false},
    {spoil_ports, sizeof(struct pool_spawner_request), 1, false},
    {spoil_port_zero, sizeof(struct pool_spawner_request), 1, false},
    {spoil_relay, sizeof(struct pool_spawner_request), 1, false},
    {spoil_nothing_to_hold, sizeof(struct pool_spawner_request), 0, false},
    {NULL, sizeof(struct pool_spawner_request) - 1, 1, false},
    {NULL, sizeof(struct pool_spawner_request) + 1, 1, false},
    {NULL, 1, 0, false},
    {NULL, sizeof(struct pool_spawner_request), 0, false},
    {NULL, sizeof(struct pool_spawner_request), POOL_SPAWNER_FDS, false},
};

START_TEST(test_malformed_ends_it)
{
	char bytes[sizeof(struct pool_spawner_request) + 1] = {0};
	struct pool_spawner_request request = test_start_request();
	struct pool_spawner_answer answer;
	int fds[POOL_SPAWNER_FDS];
	int channel;
	int status;
	int fd;

	if (test_spoils[_i].needs_root && !privilege_can_switch())
		return;
	test_start("staying 7", &channel);
	if (test_spoils[_i].spoil != NULL)
		test_spoils[_i].spoil(&request);
	memcpy(bytes, &request, sizeof(request));
	for (size_t i = 0; i < POOL_SPAWNER_FDS; i++)
		fds[i] = STDERR_FILENO;
	test_send(bytes, test_spoils[_i].len, fds, test_spoils[_i].fds);
	ck_assert(!test_receive(&answer, &fd));
	ck_assert_int_eq(waitpid(test.pid, &status, 0), test.pid);
	test.pid = 0;
	ck_assert(WIFEXITED(status));
	ck_assert_int_ne(WEXITSTATUS(status), 0);
	test_wait_closed(channel);
	close(channel);
}
END_TEST

START_TEST(test_account_is_pinned)
{
	struct pool_spawner_request request = test_start_request();
	struct pool_spawner_answer answer;
	int bundle = test_bundle("good 7");
	int channel;
	int fd;

	if (!privilege_can_switch())
		return;
	test_start("good 7", &channel);
	request.start.uid = TEST_UID + 1;
	test_send(&request, sizeof(request), &bundle, 1);
	ck_assert(!test_receive(&answer, &fd));
}
END_TEST

static struct pool_spawner_request
test_bind_unix(const char *directory, const char *name, mode_t mode)
{
	struct pool_spawner_request request = test_request(POOL_SPAWNER_BIND);
	struct sockaddr_un *address = (struct sockaddr_un *)&request.bind.address;
	int len;

	address->sun_family = AF_UNIX;
	len = snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s", directory, name);
	request.bind.len = (uint32_t)offsetof(struct sockaddr_un, sun_path) + (uint32_t)len + 1;
	request.bind.mode = mode;
	return request;
}

START_TEST(test_bind_unix_socket)
{
	struct pool_spawner_request request = test_bind_unix(test.run, "a.sock", 0620);
	const struct sockaddr_un *address = (const struct sockaddr_un *)&request.bind.address;
	struct stat st;
	int client;
	int again;
	int fd;

	ck_assert(privilege_can_switch() == false || chown(test.run, TEST_UID, TEST_GID) == 0);
	ck_assert_int_eq(test_ask(&request, NULL, &fd).error, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(lstat(address->sun_path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0620);
	if (privilege_can_switch())
		ck_assert_uint_eq(st.st_uid, TEST_UID);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(client, (const struct sockaddr *)address, sizeof(*address)), 0);
	close(client);
	/* Somebody listens: the name is taken. */
	request.serial = ++test.serial;
	ck_assert_int_eq(test_ask(&request, NULL, &again).error, EADDRINUSE);
	close(fd);
	/* Nobody listens any more: the file is replaced. */
	request.serial = ++test.serial;
	ck_assert_int_eq(test_ask(&request, NULL, &fd).error, 0);
	close(fd);
	unlink(address->sun_path);
}
END_TEST

START_TEST(test_bind_unix_refuses)
{
	static const struct {
		const char *name;
		int error;
	} rows[] = {{"", EACCES},       {".", EACCES},     {"..", EACCES},
		    {"../x", EACCES},   {"sub/x", EACCES}, {".hidden", EACCES},
		    {"a/../b", EACCES}, {"file", EEXIST},  {"link", EEXIST}};
	struct pool_spawner_request request = test_bind_unix("/tmp", "postrider-x", 0600);
	char path[128];
	int fd;

	ck_assert_int_eq(test_ask(&request, NULL, &fd).error, EACCES);
	snprintf(path, sizeof(path), "%s/file", test.run);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	snprintf(path, sizeof(path), "%s/link", test.run);
	ck_assert_int_eq(symlink("/tmp/elsewhere", path), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		request = test_bind_unix(test.run, rows[i].name, 0600);
		ck_assert_int_eq(test_ask(&request, NULL, &fd).error, rows[i].error);
		ck_assert_int_eq(fd, -1);
	}
	request = test_bind_unix(test.run, "suid", 04777);
	ck_assert_int_eq(test_ask(&request, NULL, &fd).error, EINVAL);
	request = test_bind_unix(test.run, "x", 0600);
	request.bind.len--;
	ck_assert_int_eq(test_ask(&request, NULL, &fd).error, EINVAL);
	unlink(path);
	snprintf(path, sizeof(path), "%s/file", test.run);
	unlink(path);
}
END_TEST

START_TEST(test_bind_tcp)
{
	struct pool_spawner_request request = test_request(POOL_SPAWNER_BIND);
	struct sockaddr_in *address = (struct sockaddr_in *)&request.bind.address;
	struct sockaddr_in bound;
	socklen_t len = sizeof(bound);
	int first;
	int fd;

	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	request.bind.len = sizeof(*address);
	ck_assert_int_eq(test_ask(&request, NULL, &first).error, 0);
	ck_assert_int_eq(getsockname(first, (struct sockaddr *)&bound, &len), 0);
	ck_assert_int_ne(fcntl(first, F_GETFL) & O_NONBLOCK, 0);
	address->sin_port = bound.sin_port;
	request.serial = ++test.serial;
	ck_assert_int_eq(test_ask(&request, NULL, &fd).error, EADDRINUSE);
	address->sin_addr.s_addr = htonl(0xc0000201);
	request.serial = ++test.serial;
	ck_assert_int_eq(test_ask(&request, NULL, &fd).error, EADDRNOTAVAIL);
	request.bind.len--;
	request.serial = ++test.serial;
	ck_assert_int_eq(test_ask(&request, NULL, &fd).error, EINVAL);
	address->sin_family = AF_NETLINK;
	request.serial = ++test.serial;
	ck_assert_int_eq(test_ask(&request, NULL, &fd).error, EINVAL);
	close(first);
}
END_TEST

static Suite *
spawner_suite(void)
{
	Suite *suite = suite_create("spawner");
	TCase *tcase = tcase_create("spawner");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, test_setup, test_teardown);
	tcase_add_test(tcase, test_worker_has_no_rights);
	tcase_add_test(tcase, test_worker_has_its_descriptors_only);
	tcase_add_test(tcase, test_signals_do_nothing);
	tcase_add_test(tcase, test_kill_is_for_children);
	tcase_add_test(tcase, test_master_gone);
	tcase_add_test(tcase, test_spawner_killed);
	tcase_add_loop_test(tcase, test_malformed_ends_it, 0,
			    sizeof(test_spoils) / sizeof(test_spoils[0]));
	tcase_add_test(tcase, test_account_is_pinned);
	tcase_add_test(tcase, test_bind_unix_socket);
	tcase_add_test(tcase, test_bind_unix_refuses);
	tcase_add_test(tcase, test_bind_tcp);
	return suite;
}

UNIT_MAIN(spawner_suite)
