#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/launch.h"
#include "common/privilege.h"
#include "common/str.h"
#include "common/why.h"
#include "tests/unit/unit.h"

enum { TEST_UID = 34567, TEST_GID = 34568 };

/* Runs in a child that may break itself; 0 is good, else the line that failed. */
typedef int (*test_inside_fn)(const char *root);

#define TEST_CHECK(condition)            \
	do {                             \
		if (!(condition))        \
			return __LINE__; \
	} while (0)

static void
test_in_child(test_inside_fn inside, mode_t mode, bool full)
{
	char root[] = "/tmp/postrider-privilege-XXXXXX";
	char file[64];
	int pipes[2];
	int line = -1;
	int status;
	pid_t pid;

	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(chmod(root, mode), 0);
	snprintf(file, sizeof(file), "%s/file", root);
	if (full)
		close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		line = inside(root);
		_exit(write(pipes[1], &line, sizeof(line)) != sizeof(line));
	}
	waitpid(pid, &status, 0);
	unlink(file);
	rmdir(root);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(read(pipes[0], &line, sizeof(line)), sizeof(line));
	ck_assert_msg(line == 0, "line %d", line);
}

static int
inside_everything(const char *root)
{
	struct privilege_plan plan = {
	    .uid = TEST_UID, .gid = TEST_GID, .root = root, .parent = getppid(), .files = 100};
	struct rlimit limit;
	unsigned on = 0;
	int signal = 0;

	TEST_CHECK(privilege_drop(&plan, &on, NULL));
	TEST_CHECK((on & (PRIVILEGE_UID | PRIVILEGE_CHROOT)) == (PRIVILEGE_UID | PRIVILEGE_CHROOT));
	TEST_CHECK((on & PRIVILEGE_NO_CAPS) != 0 && (on & PRIVILEGE_NO_NEW_PRIVS) != 0);
	TEST_CHECK(getuid() == TEST_UID && geteuid() == TEST_UID && getgid() == TEST_GID);
	TEST_CHECK(getgroups(0, NULL) == 0);
	TEST_CHECK(access("/proc", F_OK) < 0 && access("/", W_OK) < 0);
	TEST_CHECK(chroot("/") < 0 && setuid(0) < 0 && setgid(0) < 0);
	TEST_CHECK(prctl(PR_GET_PDEATHSIG, &signal) == 0 && signal == SIGKILL);
	TEST_CHECK(prctl(PR_GET_DUMPABLE) == 0);
	TEST_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	TEST_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 100);
	TEST_CHECK(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0);
#ifndef SANITIZERS
	TEST_CHECK((on & PRIVILEGE_LIMITS) != 0);
	TEST_CHECK(fork() < 0 && errno == EAGAIN);
#endif
	return 0;
}

static int
inside_master(const char *root)
{
	const gid_t groups[] = {TEST_GID, TEST_GID + 1};
	struct privilege_plan plan = {.uid = TEST_UID,
				      .gid = TEST_GID,
				      .groups = groups,
				      .group_count = 2,
				      .may_fork = true,
				      .may_dump_core = true};
	unsigned on = 0;
	pid_t pid;

	TEST_CHECK(privilege_drop(&plan, &on, NULL));
	TEST_CHECK((on & PRIVILEGE_CHROOT) == 0 && (on & PRIVILEGE_UID) != 0);
	TEST_CHECK(getgroups(0, NULL) == 2);
	pid = fork();
	TEST_CHECK(pid >= 0);
	if (pid == 0)
		_exit(0);
	TEST_CHECK(waitpid(pid, NULL, 0) == pid);
	return 0;
}

static int
inside_refused(const char *root)
{
	struct privilege_plan plan = {.uid = TEST_UID, .gid = TEST_GID, .root = root};
	struct why why = {.text = ""};
	unsigned on = 0;

	TEST_CHECK(!privilege_drop(&plan, &on, &why));
	TEST_CHECK(why.text[0] != '\0');
	return 0;
}

static int
inside_no_root_account(const char *root)
{
	struct privilege_plan plan = {.uid = TEST_UID, .gid = 0};
	unsigned on = 0;

	TEST_CHECK(!privilege_drop(&plan, &on, NULL));
	plan = (struct privilege_plan){.uid = 0, .gid = TEST_GID};
	TEST_CHECK(!privilege_drop(&plan, &on, NULL));
	TEST_CHECK((on & PRIVILEGE_UID) == 0);
	return 0;
}

static int
inside_orphan(const char *root)
{
	struct privilege_plan plan = {
	    .uid = PRIVILEGE_KEEP, .gid = PRIVILEGE_KEEP, .parent = getppid() + 1};
	unsigned on = 0;

	TEST_CHECK(!privilege_drop(&plan, &on, NULL));
	return 0;
}

/* Without root, or in a user namespace with one uid: what can be done is done. */
static int
inside_unprivileged(const char *root)
{
	struct privilege_plan plan = {
	    .uid = TEST_UID, .gid = TEST_GID, .root = root, .parent = getppid()};
	struct privilege_plan before = {.uid = 65534, .gid = 65534, .may_fork = true};
	unsigned on = 0;

	if (geteuid() == 0)
		TEST_CHECK(privilege_drop(&before, &on, NULL));
	on = 0;
	TEST_CHECK(!privilege_can_switch());
	TEST_CHECK(privilege_drop(&plan, &on, NULL));
	TEST_CHECK((on & (PRIVILEGE_UID | PRIVILEGE_CHROOT)) == 0);
	TEST_CHECK((on & PRIVILEGE_NO_NEW_PRIVS) != 0 && (on & PRIVILEGE_NO_CAPS) != 0);
	return 0;
}

START_TEST(test_drop_everything)
{
	test_in_child(inside_everything, 0755, false);
	test_in_child(inside_master, 0755, false);
}
END_TEST

START_TEST(test_drop_refuses)
{
	test_in_child(inside_refused, 0775, false);
	test_in_child(inside_refused, 0757, false);
	test_in_child(inside_refused, 0755, true);
	test_in_child(inside_no_root_account, 0755, false);
}
END_TEST

START_TEST(test_drop_by_anybody)
{
	test_in_child(inside_orphan, 0755, false);
	test_in_child(inside_unprivileged, 0755, false);
}
END_TEST

START_TEST(test_find_account)
{
	struct privilege_account account;
	struct why why;

	ck_assert(!privilege_find("no-such-account-here", &account, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "no-such-account-here"));
	ck_assert(!privilege_find("root", &account, &why));
	if (getpwnam("nobody") != NULL) {
		ck_assert(privilege_find("nobody", &account, &why));
		ck_assert_uint_eq(account.uid, getpwnam("nobody")->pw_uid);
		ck_assert_uint_ge(account.group_count, 1);
	}
}
END_TEST

START_TEST(test_describe)
{
	struct str text = {0};

	privilege_describe(PRIVILEGE_UID | PRIVILEGE_SECCOMP, &text);
	ck_assert_int_eq(strncmp(str_c(&text), "on: another uid, seccomp; off: empty root", 41), 0);
	str_clear(&text);
	privilege_describe(PRIVILEGE_ALL, &text);
	ck_assert_ptr_nonnull(strstr(str_c(&text), "; off: nothing"));
	str_free(&text);
}
END_TEST

static void
test_launch_equal(const struct launch *a, const struct launch *b)
{
	ck_assert_int_eq(a->rules.role, b->rules.role);
	ck_assert_uint_eq(a->rules.unix_relay, b->rules.unix_relay);
	ck_assert_uint_eq(a->rules.port_count, b->rules.port_count);
	ck_assert_int_eq(
	    memcmp(a->rules.ports, b->rules.ports, a->rules.port_count * sizeof(a->rules.ports[0])),
	    0);
	ck_assert_uint_eq(a->number, b->number);
	ck_assert_uint_eq(a->uid, b->uid);
	ck_assert_uint_eq(a->gid, b->gid);
	ck_assert_int_eq(a->parent, b->parent);
	ck_assert_uint_eq(a->listener_count, b->listener_count);
	ck_assert_str_eq(a->root, b->root);
}

START_TEST(test_launch_there_and_back)
{
	struct launch rows[3] = {
	    {.rules = {.role = PROTO_ROLE_DELIVER, .port_count = 2, .ports = {25, 65535}},
	     .number = 7,
	     .uid = 995,
	     .gid = 994,
	     .parent = 4000000,
	     .root = "/run/empty"},
	    {.rules = {.role = PROTO_ROLE_SUBMIT},
	     .number = UINT32_MAX,
	     .uid = PRIVILEGE_KEEP,
	     .gid = PRIVILEGE_KEEP,
	     .parent = 1,
	     .listener_count = LAUNCH_LISTENERS},
	    {.rules = {.port_count = SANDBOX_PORTS, .unix_relay = true}},
	};
	struct launch_vector vector;
	struct launch back;
	struct why why;

	for (size_t i = 0; i < SANDBOX_PORTS; i++)
		rows[2].rules.ports[i] = (uint16_t)(65535 - i);
	memset(rows[2].root, 'x', sizeof(rows[2].root) - 1);
	rows[2].root[0] = '/';
	for (size_t i = 0; i < 3; i++) {
		ck_assert(launch_write(&rows[i], "postrider-worker", &vector));
		ck_assert_ptr_null(vector.argv[LAUNCH_ARGS]);
		memset(&back, 0xff, sizeof(back));
		ck_assert_msg(launch_read(LAUNCH_ARGS, vector.argv, &back, &why), "%s", why.text);
		test_launch_equal(&rows[i], &back);
	}
}
END_TEST

START_TEST(test_launch_refuses)
{
	static const struct {
		int place;
		const char *text;
	} rows[] = {
	    {1, "master"}, {1, ""},      {2, "-1"},           {2, "4294967296"}, {3, "x"},
	    {4, ""},       {5, "0x1"},   {5, "2147483648"},   {6, "17"},         {7, "2"},
	    {8, ""},       {8, "0"},     {8, "65536"},        {8, "25,"},        {8, ",25"},
	    {8, "25 443"}, {8, "25,,1"}, {9, "relative/way"}, {9, ""},
	};
	struct launch launch = {.root = "/x", .rules = {.port_count = 1, .ports = {25}}};
	struct launch_vector vector;
	struct why why;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert(launch_write(&launch, "p", &vector));
		ck_assert(launch_read(LAUNCH_ARGS, vector.argv, &launch, &why));
		vector.argv[rows[i].place] = (char *)(uintptr_t)rows[i].text;
		ck_assert_msg(!launch_read(LAUNCH_ARGS, vector.argv, &launch, &why), "%s",
			      rows[i].text);
		launch = (struct launch){.root = "/x", .rules = {.port_count = 1, .ports = {25}}};
	}
	for (int argc = 0; argc < LAUNCH_ARGS; argc++)
		ck_assert(!launch_read(argc, vector.argv, &launch, &why));
}
END_TEST

static Suite *
privilege_suite(void)
{
	Suite *suite = suite_create("privilege");
	TCase *tcase = tcase_create("privilege");

	suite_add_tcase(suite, tcase);
	if (privilege_can_switch()) {
		tcase_add_test(tcase, test_drop_everything);
		tcase_add_test(tcase, test_drop_refuses);
	}
	tcase_add_test(tcase, test_drop_by_anybody);
	tcase_add_test(tcase, test_find_account);
	tcase_add_test(tcase, test_describe);
	tcase_add_test(tcase, test_launch_there_and_back);
	tcase_add_test(tcase, test_launch_refuses);
	return suite;
}

UNIT_MAIN(privilege_suite)
