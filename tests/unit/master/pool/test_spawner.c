#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/privilege.h"
#include "tests/unit/master/pool/spawner_peer.h"
#include "tests/unit/unit.h"

static void
test_expect_exit(pid_t pid, int signal)
{
	struct pool_spawner_answer answer;
	int fd;

	ck_assert(spawner_peer_receive(&answer, &fd));
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
	    {"CapBnd", "0000000000000000"},
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
	pid = spawner_peer_start("good 7", &channel);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_status(pid, rows[i].name, value);
		ck_assert_msg(strcmp(value, rows[i].value) == 0, "%s is %s", rows[i].name, value);
	}
	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	ck_assert_int_eq(stat(path, &there), 0);
	ck_assert_int_eq(stat(spawner_peer.root, &here), 0);
	ck_assert_uint_eq(here.st_ino, there.st_ino);
	ck_assert_uint_eq(here.st_dev, there.st_dev);
}
END_TEST

START_TEST(test_worker_has_its_descriptors_only)
{
	char path[64];
	char target[64];
	int channel;
	pid_t pid = spawner_peer_start("good 7", &channel);

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
	pid_t pid = spawner_peer_start("good 7", &channel);

	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(kill(pid, ignored[i]), 0);
		ck_assert_int_eq(kill(spawner_peer.pid, ignored[i]), 0);
	}
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	test_expect_exit(pid, SIGKILL);
	close(channel);
}
END_TEST

START_TEST(test_kill_is_for_children)
{
	struct pool_spawner_request request = spawner_peer_request(POOL_SPAWNER_KILL);
	const pid_t foreign[] = {1, getpid(), spawner_peer.pid, 0, -1, 999999};
	int channel;
	int fd;
	pid_t pid = spawner_peer_start("good 7", &channel);

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		request = spawner_peer_request(POOL_SPAWNER_KILL);
		request.pid = foreign[i];
		ck_assert_int_eq(spawner_peer_ask(&request, NULL, &fd).error, ESRCH);
	}
	request = spawner_peer_request(POOL_SPAWNER_KILL);
	request.pid = pid;
	ck_assert_int_eq(spawner_peer_ask(&request, NULL, &fd).error, 0);
	test_expect_exit(pid, SIGKILL);
	request = spawner_peer_request(POOL_SPAWNER_KILL);
	request.pid = pid;
	ck_assert_int_eq(spawner_peer_ask(&request, NULL, &fd).error, ESRCH);
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
	struct pool_spawner_request request = spawner_peer_request(POOL_SPAWNER_HOLD);
	struct pollfd held;
	int fd;

	ck_assert_int_eq(pipe2(lock, O_CLOEXEC), 0);
	request.fd_count = 1;
	ck_assert_int_eq(spawner_peer_ask(&request, &lock[1], &fd).error, 0);
	close(lock[1]);
	spawner_peer_start("staying 7", &channel);
	held = (struct pollfd){.fd = lock[0]};
	ck_assert_int_eq(poll(&held, 1, 0), 0);
	close(spawner_peer.socket);
	spawner_peer.socket = -1;
	ck_assert_int_eq(waitpid(spawner_peer.pid, &status, 0), spawner_peer.pid);
	spawner_peer.pid = 0;
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

	spawner_peer_start("staying 7", &channel);
	ck_assert_int_eq(kill(spawner_peer.pid, SIGKILL), 0);
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
	struct pool_spawner_request request = spawner_peer_start_request();
	struct pool_spawner_answer answer;
	int fds[POOL_SPAWNER_FDS];
	int channel;
	int status;
	int fd;

	if (test_spoils[_i].needs_root && !privilege_can_switch())
		return;
	spawner_peer_start("staying 7", &channel);
	if (test_spoils[_i].spoil != NULL)
		test_spoils[_i].spoil(&request);
	memcpy(bytes, &request, sizeof(request));
	for (size_t i = 0; i < POOL_SPAWNER_FDS; i++)
		fds[i] = STDERR_FILENO;
	spawner_peer_send(bytes, test_spoils[_i].len, fds, test_spoils[_i].fds);
	ck_assert(!spawner_peer_receive(&answer, &fd));
	ck_assert_int_eq(waitpid(spawner_peer.pid, &status, 0), spawner_peer.pid);
	spawner_peer.pid = 0;
	ck_assert(WIFEXITED(status));
	ck_assert_int_ne(WEXITSTATUS(status), 0);
	test_wait_closed(channel);
	close(channel);
}
END_TEST

START_TEST(test_account_is_pinned)
{
	struct pool_spawner_request request = spawner_peer_start_request();
	struct pool_spawner_answer answer;
	int bundle = spawner_peer_bundle("good 7");
	int channel;
	int fd;

	if (!privilege_can_switch())
		return;
	spawner_peer_start("good 7", &channel);
	request.start.uid = SPAWNER_PEER_UID + 1;
	spawner_peer_send(&request, sizeof(request), &bundle, 1);
	ck_assert(!spawner_peer_receive(&answer, &fd));
}
END_TEST

START_TEST(test_listeners_are_passed)
{
	struct pool_spawner_request request = spawner_peer_start_request();
	struct pool_spawner_answer answer;
	int fds[3] = {spawner_peer_bundle("good 7"), socket(AF_INET, SOCK_STREAM, 0),
		      socket(AF_INET6, SOCK_STREAM, 0)};
	struct stat here;
	struct stat there;
	struct pollfd ready = {.events = POLLIN};
	char path[64];

	request.fd_count = 3;
	request.start.role = PROTO_ROLE_SUBMIT;
	answer = spawner_peer_ask(&request, fds, &ready.fd);
	ck_assert_int_eq(answer.error, 0);
	ck_assert_int_eq(poll(&ready, 1, 10000), 1);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", answer.pid, LAUNCH_BUNDLE + i);
		ck_assert_int_eq(fstat(fds[i], &here), 0);
		/* Not dumpable: only root may look. */
		if (stat(path, &there) == 0)
			ck_assert_uint_eq(here.st_ino, there.st_ino);
		else
			ck_assert_int_eq(errno, EACCES);
		close(fds[i]);
	}
	close(ready.fd);
}
END_TEST

/* What cannot be run is a child like any other: born, and ended at once. */
START_TEST(test_no_binary)
{
	struct pool_spawner_options options = {.worker = open("/dev/null", O_RDONLY | O_CLOEXEC)};
	struct pool_spawner_request request = spawner_peer_start_request();
	struct pool_spawner_answer answer;
	int bundle = spawner_peer_bundle("");
	int fd;

	spawner_peer_teardown();
	spawner_peer.socket = pool_spawner_fork(&options, &spawner_peer.pid, NULL);
	ck_assert_int_ge(spawner_peer.socket, 0);
	ck_assert_int_eq(spawner_peer_ask(&request, &bundle, &fd).error, 0);
	ck_assert(spawner_peer_receive(&answer, &fd));
	ck_assert_uint_eq(answer.kind, POOL_SPAWNER_EXITED);
	ck_assert(WIFEXITED(answer.status));
	ck_assert_int_eq(WEXITSTATUS(answer.status), 71);
}
END_TEST

static Suite *
spawner_suite(void)
{
	Suite *suite = suite_create("spawner");
	TCase *tcase = tcase_create("spawner");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, spawner_peer_setup, spawner_peer_teardown);
	tcase_add_test(tcase, test_worker_has_no_rights);
	tcase_add_test(tcase, test_worker_has_its_descriptors_only);
	tcase_add_test(tcase, test_signals_do_nothing);
	tcase_add_test(tcase, test_kill_is_for_children);
	tcase_add_test(tcase, test_master_gone);
	tcase_add_test(tcase, test_spawner_killed);
	tcase_add_loop_test(tcase, test_malformed_ends_it, 0,
			    sizeof(test_spoils) / sizeof(test_spoils[0]));
	tcase_add_test(tcase, test_account_is_pinned);
	tcase_add_test(tcase, test_listeners_are_passed);
	tcase_add_test(tcase, test_no_binary);
	return suite;
}

UNIT_MAIN(spawner_suite)
