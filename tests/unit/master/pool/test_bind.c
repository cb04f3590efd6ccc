#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/privilege.h"
#include "tests/unit/master/pool/spawner_peer.h"
#include "tests/unit/unit.h"

static struct pool_spawner_request
test_bind_unix(const char *directory, const char *name, mode_t mode)
{
	struct pool_spawner_request request = spawner_peer_request(POOL_SPAWNER_BIND);
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
	struct pool_spawner_request request = test_bind_unix(spawner_peer.run, "a.sock", 0620);
	const struct sockaddr_un *address = (const struct sockaddr_un *)&request.bind.address;
	struct stat st;
	int client;
	int again;
	int fd;

	ck_assert(privilege_can_switch() == false ||
		  chown(spawner_peer.run, SPAWNER_PEER_UID, SPAWNER_PEER_GID) == 0);
	ck_assert_int_eq(spawner_peer_ask(&request, NULL, &fd).error, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(lstat(address->sun_path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0620);
	if (privilege_can_switch())
		ck_assert_uint_eq(st.st_uid, SPAWNER_PEER_UID);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(client, (const struct sockaddr *)address, sizeof(*address)), 0);
	close(client);
	/* Somebody listens: the name is taken. */
	request.serial = ++spawner_peer.serial;
	ck_assert_int_eq(spawner_peer_ask(&request, NULL, &again).error, EADDRINUSE);
	close(fd);
	/* Nobody listens any more: the file is replaced. */
	request.serial = ++spawner_peer.serial;
	ck_assert_int_eq(spawner_peer_ask(&request, NULL, &fd).error, 0);
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

	ck_assert_int_eq(spawner_peer_ask(&request, NULL, &fd).error, EACCES);
	snprintf(path, sizeof(path), "%s/file", spawner_peer.run);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	snprintf(path, sizeof(path), "%s/link", spawner_peer.run);
	ck_assert_int_eq(symlink("/tmp/elsewhere", path), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		request = test_bind_unix(spawner_peer.run, rows[i].name, 0600);
		ck_assert_int_eq(spawner_peer_ask(&request, NULL, &fd).error, rows[i].error);
		ck_assert_int_eq(fd, -1);
	}
	request = test_bind_unix(spawner_peer.run, "suid", 04777);
	ck_assert_int_eq(spawner_peer_ask(&request, NULL, &fd).error, EINVAL);
	request = test_bind_unix(spawner_peer.run, "x", 0600);
	request.bind.len--;
	ck_assert_int_eq(spawner_peer_ask(&request, NULL, &fd).error, EINVAL);
	unlink(path);
	snprintf(path, sizeof(path), "%s/file", spawner_peer.run);
	unlink(path);
}
END_TEST

START_TEST(test_bind_tcp)
{
	struct pool_spawner_request request = spawner_peer_request(POOL_SPAWNER_BIND);
	struct sockaddr_in *address = (struct sockaddr_in *)&request.bind.address;
	struct sockaddr_in bound;
	socklen_t len = sizeof(bound);
	int first;
	int fd;

	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	request.bind.len = sizeof(*address);
	ck_assert_int_eq(spawner_peer_ask(&request, NULL, &first).error, 0);
	ck_assert_int_eq(getsockname(first, (struct sockaddr *)&bound, &len), 0);
	ck_assert_int_ne(fcntl(first, F_GETFL) & O_NONBLOCK, 0);
	address->sin_port = bound.sin_port;
	request.serial = ++spawner_peer.serial;
	ck_assert_int_eq(spawner_peer_ask(&request, NULL, &fd).error, EADDRINUSE);
	address->sin_addr.s_addr = htonl(0xc0000201);
	request.serial = ++spawner_peer.serial;
	ck_assert_int_eq(spawner_peer_ask(&request, NULL, &fd).error, EADDRNOTAVAIL);
	request.bind.len--;
	request.serial = ++spawner_peer.serial;
	ck_assert_int_eq(spawner_peer_ask(&request, NULL, &fd).error, EINVAL);
	address->sin_family = AF_NETLINK;
	request.serial = ++spawner_peer.serial;
	ck_assert_int_eq(spawner_peer_ask(&request, NULL, &fd).error, EINVAL);
	close(first);
}
END_TEST

static Suite *
bind_suite(void)
{
	Suite *suite = suite_create("bind");
	TCase *tcase = tcase_create("bind");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, spawner_peer_setup, spawner_peer_teardown);
	tcase_add_test(tcase, test_bind_unix_socket);
	tcase_add_test(tcase, test_bind_unix_refuses);
	tcase_add_test(tcase, test_bind_tcp);
	return suite;
}

UNIT_MAIN(bind_suite)
