#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/privilege.h"
#include "common/sandbox.h"
#include "tests/unit/common/sandbox_acts.h"
#include "tests/unit/unit.h"

static void
test_prepare(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	char path[] = "sandbox-XXXXXX";
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sandbox_acts_world.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(
	    bind(sandbox_acts_world.listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(sandbox_acts_world.listener, 20), 0);
	getsockname(sandbox_acts_world.listener, (struct sockaddr *)&address, &len);
	sandbox_acts_world.port = ntohs(address.sin_port);
	address.sin_port = 0;
	sandbox_acts_world.udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(sandbox_acts_world.udp, (struct sockaddr *)&address, sizeof(address)),
			 0);
	getsockname(sandbox_acts_world.udp, (struct sockaddr *)&address, &len);
	sandbox_acts_world.udp_port = ntohs(address.sin_port);
	sandbox_acts_world.file = mkostemp(path, O_APPEND);
	ck_assert_int_ge(sandbox_acts_world.file, 0);
	unlink(path);
}

/* In the child: how it ended is the answer. */
static void __attribute__((noreturn))
test_inside(const struct sandbox_rules *rules, sandbox_acts_fn act)
{
	const struct rlimit none = {0, 0};
	unsigned on = 0;

	setrlimit(RLIMIT_CORE, &none);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !sandbox_enter(rules, &on, NULL) ||
	    (on & PRIVILEGE_SECCOMP) == 0)
		_exit(SANDBOX_ACTS_SETUP);
	errno = 0;
	_exit(act());
}

static int
test_run(const struct sandbox_rules *rules, sandbox_acts_fn act)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		test_inside(rules, act);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void
test_expect(const struct sandbox_acts_row *row, const struct sandbox_rules *rules, int wanted)
{
	int status;

	if (wanted == SANDBOX_ACTS_SKIP)
		return;
	status = test_run(rules, row->act);
	if (wanted == SANDBOX_ACTS_KILLED)
		ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
			      "%s in %s: status %#x, not SIGSYS", row->name,
			      proto_hello_role_name(rules->role), status);
	else
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == wanted,
			      "%s in %s: status %#x, not errno %d", row->name,
			      proto_hello_role_name(rules->role), status, wanted);
}

static struct sandbox_rules
test_rules(enum proto_role role)
{
	struct sandbox_rules rules = {.role = role, .port_count = 2};

	rules.ports[0] = 25;
	rules.ports[1] = sandbox_acts_world.port;
	return rules;
}

START_TEST(test_each)
{
	struct sandbox_rules deliver;
	struct sandbox_rules submit;
	int peer;

	test_prepare();
	deliver = test_rules(PROTO_ROLE_DELIVER);
	submit = test_rules(PROTO_ROLE_SUBMIT);
	/* A client waits, for accept4 to take. */
	peer = sandbox_acts_connect(sandbox_acts_world.port);
	ck_assert_int_eq(peer, 0);
	test_expect(&sandbox_acts_rows[_i], &deliver, sandbox_acts_rows[_i].deliver);
	test_expect(&sandbox_acts_rows[_i], &submit, sandbox_acts_rows[_i].submit);
}
END_TEST

START_TEST(test_landlock_ports)
{
	struct sandbox_rules rules;
	unsigned on = 0;
	int pipes[2];
	int status;
	pid_t pid;

	test_prepare();
	rules = test_rules(PROTO_ROLE_DELIVER);
	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(!sandbox_enter(&rules, &on, NULL) ||
		      write(pipes[1], &on, sizeof(on)) != sizeof(on));
	}
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(read(pipes[0], &on, sizeof(on)), sizeof(on));
	if ((on & PRIVILEGE_LANDLOCK_TCP) == 0)
		return;
	status = test_run(&rules, sandbox_acts_connect_other);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EACCES, "%#x", status);
	status = test_run(&rules, sandbox_acts_bind_port);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EACCES, "%#x", status);
}
END_TEST

START_TEST(test_unix_relay)
{
	struct sandbox_rules rules = {.role = PROTO_ROLE_DELIVER, .unix_relay = true};

	test_prepare();
	ck_assert_int_eq(test_run(&rules, sandbox_acts_socket_unix), 0);
	rules.role = PROTO_ROLE_SUBMIT;
	ck_assert_int_eq(WTERMSIG(test_run(&rules, sandbox_acts_socket_unix)), SIGSYS);
}
END_TEST

/* A failed assertion has to look like one, not like a forbidden call. */
START_TEST(test_abort_is_abort)
{
	struct sandbox_rules rules = {.role = PROTO_ROLE_DELIVER};

	test_prepare();
	ck_assert_int_eq(WTERMSIG(test_run(&rules, sandbox_acts_abort)), SIGABRT);
}
END_TEST

static Suite *
sandbox_suite(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tcase = tcase_create("sandbox");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, test_each, 0, sandbox_acts_count);
	tcase_add_test(tcase, test_landlock_ports);
	tcase_add_test(tcase, test_unix_relay);
	tcase_add_test(tcase, test_abort_is_abort);
	return suite;
}

#ifdef SANITIZERS

int
main(void)
{
	SRunner *runner = srunner_create(sandbox_suite());

	srunner_free(runner);
	return 77;
}

#else

UNIT_MAIN(sandbox_suite)

#endif
