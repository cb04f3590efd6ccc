#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <netinet/tcp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <udns.h>
#include <unistd.h>

#include "common/privilege.h"
#include "common/sandbox.h"
#include "common/str.h"
#include "common/why.h"
#include "tests/unit/unit.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum { TEST_FAILED = 99, TEST_SETUP = 98 };

/* What the parent prepares and the child finds open. */
static struct {
	int listener; /* TCP, on port */
	uint16_t port;
	int file; /* opened for appending */
	int udp;
	uint16_t udp_port;
} test_world;

/* Runs in the sandbox; returns 0 or an errno. */
typedef int (*test_act_fn)(void);

struct test_case {
	const char *name;
	test_act_fn act;
	int deliver; /* 0: works; > 0: that errno; TEST_KILLED: SIGSYS; TEST_SKIP */
	int submit;
};

enum { TEST_KILLED = -1, TEST_SKIP = -2 };

static int
test_errno(long result)
{
	return result < 0 ? errno : 0;
}

static int
act_open(void)
{
	return test_errno(open("/dev/null", O_RDONLY));
}

static int
act_create(void)
{
	return test_errno(openat(AT_FDCWD, "/tmp/x", O_WRONLY | O_CREAT, 0600));
}

static int
act_stat(void)
{
	struct stat st;

	return test_errno(stat("/etc/passwd", &st));
}

static int
act_ioctl(void)
{
	int n;

	return test_errno(ioctl(test_world.udp, FIONREAD, &n));
}

static int
act_exec(void)
{
	char *argv[] = {(char[]){"true"}, NULL};

	return test_errno(execv("/bin/true", argv));
}

static int
act_execveat(void)
{
	char *argv[] = {(char[]){"true"}, NULL};

	return test_errno(syscall(SYS_execveat, test_world.file, "", argv, argv, AT_EMPTY_PATH));
}

static int
act_fork(void)
{
	return test_errno(fork());
}

static int
act_unlink(void)
{
	return test_errno(unlink("/tmp/nothing"));
}

static int
act_kill(void)
{
	return test_errno(kill(getppid(), 0));
}

static int
act_tgkill_other(void)
{
	return test_errno(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int
act_ptrace(void)
{
	return test_errno(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int
act_prctl(void)
{
	return test_errno(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int
act_setuid(void)
{
	return test_errno(setuid(0));
}

static int
act_memfd(void)
{
	return test_errno(memfd_create("x", 0));
}

static int
act_io_uring(void)
{
	return test_errno(syscall(425, 1, NULL));
}

static int
act_socket_unix(void)
{
	return test_errno(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int
act_socketpair(void)
{
	int pair[2];

	return test_errno(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static int
act_socket_netlink(void)
{
	return test_errno(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int
act_socket_raw(void)
{
	return test_errno(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static int
act_socket_mptcp(void)
{
	return test_errno(socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP));
}

static int
act_socket_tcp(void)
{
	return test_errno(socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

static int
act_listen(void)
{
	return test_errno(listen(test_world.listener, 5));
}

static int
act_fastopen(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(test_world.port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return test_errno(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof(to)));
}

static int
act_mprotect_exec(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return TEST_SETUP;
	return test_errno(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int
act_mmap_exec(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? errno : 0;
}

static int
act_pwrite(void)
{
	return test_errno(pwrite(test_world.file, "x", 1, 0));
}

static int
act_pwritev(void)
{
	struct iovec part = {(char[]){"x"}, 1};

	return test_errno(pwritev(test_world.file, &part, 1, 0));
}

static int
act_ftruncate(void)
{
	return test_errno(ftruncate(test_world.file, 0));
}

static int
act_fallocate(void)
{
	return test_errno(
	    fallocate(test_world.file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1));
}

static int
act_copy_file_range(void)
{
	off_t in = 0;
	off_t out = 0;

	return test_errno(copy_file_range(test_world.file, &in, test_world.file, &out, 1, 0));
}

static int
act_drop_append(void)
{
	return test_errno(fcntl(test_world.file, F_SETFL, 0));
}

static int
act_set_async(void)
{
	return test_errno(fcntl(test_world.udp, F_SETFL, O_ASYNC));
}

static int
act_dupfd(void)
{
	return test_errno(fcntl(test_world.file, F_DUPFD_CLOEXEC, 10));
}

static int
act_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return errno;
	return test_errno(setrlimit(RLIMIT_NOFILE, &limit));
}

static int
test_connect(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int error;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	error = test_errno(connect(fd, (struct sockaddr *)&to, sizeof(to)));
	close(fd);
	return error;
}

static int
act_connect_listed(void)
{
	return test_connect(test_world.port);
}

/* The same listener's port is in the list; a neighbour's is not, and nobody listens there. */
static int
act_connect_other(void)
{
	return test_connect(test_world.port == 65535 ? 1 : (uint16_t)(test_world.port + 1));
}

static int
act_bind_source(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(test_world.port)};
	struct sockaddr_in from = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	const int on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0)
		return errno;
	return test_errno(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

static int
act_bind_port(void)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(2)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return test_errno(bind(fd, (struct sockaddr *)&from, sizeof(from)));
}

static int
act_accept(void)
{
	struct pollfd ready = {.fd = test_world.listener, .events = POLLIN};
	int fd;

	if (poll(&ready, 1, 5000) != 1)
		return TEST_SETUP;
	fd = accept4(test_world.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return errno;
	return test_errno(shutdown(fd, SHUT_RDWR));
}

static int
act_append(void)
{
	struct iovec parts[] = {{(char[]){"abc"}, 3}, {(char[]){"def"}, 3}};

	if (writev(test_world.file, parts, 2) != 6 || write(test_world.file, "g", 1) != 1)
		return errno == 0 ? TEST_FAILED : errno;
	return test_errno(fdatasync(test_world.file));
}

static int
act_abort(void)
{
	abort();
}

static void
test_on_timer(evutil_socket_t fd, short what, void *arg)
{
	event_base_loopbreak(arg);
}

static int
act_event_loop(void)
{
	struct event_base *base = event_base_new();
	struct event *timer = event_new(base, -1, 0, test_on_timer, base);
	struct timeval soon = {0, 1000};

	if (timer == NULL || event_add(timer, &soon) < 0)
		return TEST_FAILED;
	return event_base_dispatch(base) < 0 ? TEST_FAILED : 0;
}

struct test_dns {
	struct event_base *base;
	struct dns_ctx *ctx;
	int status;
};

static void
test_dns_serve(evutil_socket_t fd, short what, void *arg)
{
	unsigned char packet[512];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	ssize_t got = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &len);

	if (got < 12)
		return;
	packet[2] |= 0x80;
	packet[3] = 0x83;
	sendto(fd, packet, (size_t)got, 0, (struct sockaddr *)&from, len);
}

static void
test_dns_read(evutil_socket_t fd, short what, void *arg)
{
	struct test_dns *dns = arg;

	dns_ioevent(dns->ctx, 1);
}

static void
test_dns_done(struct dns_ctx *ctx, void *result, void *data)
{
	struct test_dns *dns = data;

	dns->status = dns_status(ctx);
	free(result);
	event_base_loopbreak(dns->base);
}

static int
act_dns(void)
{
	struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(test_world.udp_port)};
	struct test_dns dns = {.base = event_base_new(), .ctx = &dns_defctx};
	struct timeval limit = {5, 0};
	int fd;

	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	dns_reset(dns.ctx);
	dns_add_serv_s(dns.ctx, (struct sockaddr *)&server);
	fd = dns_open(dns.ctx);
	if (fd < 0)
		return errno;
	event_add(event_new(dns.base, fd, EV_READ | EV_PERSIST, test_dns_read, &dns), NULL);
	event_add(event_new(dns.base, test_world.udp, EV_READ | EV_PERSIST, test_dns_serve, NULL),
		  NULL);
	if (!dns_submit_p(dns.ctx, "example.org", DNS_C_IN, DNS_T_MX, DNS_NOSRCH, NULL,
			  test_dns_done, &dns))
		return TEST_FAILED;
	dns_timeouts(dns.ctx, -1, 1);
	event_base_loopexit(dns.base, &limit);
	event_base_dispatch(dns.base);
	return dns.status == DNS_E_NXDOMAIN ? 0 : TEST_FAILED;
}

static SSL_CTX *
test_tls_server(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	if (ctx == NULL || key == NULL || cert == NULL)
		return NULL;
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	if (X509_sign(cert, key, EVP_sha256()) == 0 || SSL_CTX_use_certificate(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, key) != 1)
		return NULL;
	return ctx;
}

static int
act_tls(void)
{
	unsigned char random[32];
	SSL_CTX *server_ctx;
	SSL_CTX *client_ctx;
	SSL *server;
	SSL *client;
	BIO *a;
	BIO *b;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return TEST_FAILED;
	server_ctx = test_tls_server();
	client_ctx = SSL_CTX_new(TLS_client_method());
	if (server_ctx == NULL || client_ctx == NULL || !BIO_new_bio_pair(&a, 0, &b, 0))
		return TEST_FAILED;
	server = SSL_new(server_ctx);
	client = SSL_new(client_ctx);
	SSL_set_bio(server, a, a);
	SSL_set_bio(client, b, b);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	for (int i = 0; i < 10; i++) {
		SSL_do_handshake(client);
		SSL_do_handshake(server);
	}
	return SSL_is_init_finished(client) && SSL_is_init_finished(server) ? 0 : TEST_FAILED;
}

static const struct test_case test_cases[] = {
    {"open", act_open, EACCES, EACCES},
    {"create", act_create, EACCES, EACCES},
    {"stat", act_stat, EACCES, EACCES},
    {"ioctl", act_ioctl, EACCES, EACCES},
    {"exec", act_exec, TEST_KILLED, TEST_KILLED},
    {"execveat", act_execveat, TEST_KILLED, TEST_KILLED},
    {"fork", act_fork, TEST_KILLED, TEST_KILLED},
    {"unlink", act_unlink, TEST_KILLED, TEST_KILLED},
    {"kill", act_kill, TEST_KILLED, TEST_KILLED},
    {"tgkill of another", act_tgkill_other, TEST_KILLED, TEST_KILLED},
    {"ptrace", act_ptrace, TEST_KILLED, TEST_KILLED},
    {"prctl", act_prctl, TEST_KILLED, TEST_KILLED},
    {"setuid", act_setuid, TEST_KILLED, TEST_KILLED},
    {"memfd_create", act_memfd, TEST_KILLED, TEST_KILLED},
    {"io_uring_setup", act_io_uring, TEST_KILLED, TEST_KILLED},
    {"AF_UNIX", act_socket_unix, TEST_KILLED, TEST_KILLED},
    {"socketpair", act_socketpair, TEST_KILLED, TEST_KILLED},
    {"AF_NETLINK", act_socket_netlink, TEST_KILLED, TEST_KILLED},
    {"SOCK_RAW", act_socket_raw, TEST_KILLED, TEST_KILLED},
    {"MPTCP", act_socket_mptcp, TEST_KILLED, TEST_KILLED},
    {"AF_INET6", act_socket_tcp, 0, TEST_KILLED},
    {"listen", act_listen, TEST_KILLED, TEST_KILLED},
    {"MSG_FASTOPEN", act_fastopen, TEST_KILLED, TEST_KILLED},
    {"mprotect PROT_EXEC", act_mprotect_exec, TEST_KILLED, TEST_KILLED},
    {"mmap PROT_EXEC", act_mmap_exec, TEST_KILLED, TEST_KILLED},
    {"pwrite", act_pwrite, TEST_KILLED, TEST_KILLED},
    {"pwritev", act_pwritev, TEST_KILLED, TEST_KILLED},
    {"ftruncate", act_ftruncate, TEST_KILLED, TEST_KILLED},
    {"fallocate", act_fallocate, TEST_KILLED, TEST_KILLED},
    {"copy_file_range", act_copy_file_range, TEST_KILLED, TEST_KILLED},
    {"F_SETFL without O_APPEND", act_drop_append, TEST_SKIP, TEST_KILLED},
    {"F_SETFL O_ASYNC", act_set_async, TEST_KILLED, TEST_KILLED},
    {"F_DUPFD", act_dupfd, TEST_KILLED, TEST_KILLED},
    {"setrlimit", act_raise_limit, TEST_KILLED, TEST_KILLED},
    {"connect to a listed port", act_connect_listed, 0, TEST_KILLED},
    {"bind to a source address", act_bind_source, 0, TEST_KILLED},
    {"accept4", act_accept, TEST_KILLED, 0},
    {"append", act_append, TEST_KILLED, 0},
    {"event loop", act_event_loop, 0, 0},
    {"DNS", act_dns, 0, TEST_KILLED},
    {"TLS", act_tls, 0, 0},
};

static void
test_prepare(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	char path[] = "sandbox-XXXXXX";
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	test_world.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(test_world.listener, (struct sockaddr *)&address, sizeof(address)),
			 0);
	ck_assert_int_eq(listen(test_world.listener, 20), 0);
	getsockname(test_world.listener, (struct sockaddr *)&address, &len);
	test_world.port = ntohs(address.sin_port);
	address.sin_port = 0;
	test_world.udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(test_world.udp, (struct sockaddr *)&address, sizeof(address)), 0);
	getsockname(test_world.udp, (struct sockaddr *)&address, &len);
	test_world.udp_port = ntohs(address.sin_port);
	test_world.file = mkostemp(path, O_APPEND);
	ck_assert_int_ge(test_world.file, 0);
	unlink(path);
}

/* In the child: how it ended is the answer. */
static void __attribute__((noreturn))
test_inside(const struct sandbox_rules *rules, test_act_fn act)
{
	const struct rlimit none = {0, 0};
	unsigned on = 0;

	setrlimit(RLIMIT_CORE, &none);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !sandbox_enter(rules, &on, NULL) ||
	    (on & PRIVILEGE_SECCOMP) == 0)
		_exit(TEST_SETUP);
	errno = 0;
	_exit(act());
}

static int
test_run(const struct sandbox_rules *rules, test_act_fn act)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		test_inside(rules, act);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void
test_expect(const struct test_case *row, const struct sandbox_rules *rules, int wanted)
{
	int status;

	if (wanted == TEST_SKIP)
		return;
	status = test_run(rules, row->act);
	if (wanted == TEST_KILLED)
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
	rules.ports[1] = test_world.port;
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
	peer = test_connect(test_world.port);
	ck_assert_int_eq(peer, 0);
	test_expect(&test_cases[_i], &deliver, test_cases[_i].deliver);
	test_expect(&test_cases[_i], &submit, test_cases[_i].submit);
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
	status = test_run(&rules, act_connect_other);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EACCES, "%#x", status);
	status = test_run(&rules, act_bind_port);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EACCES, "%#x", status);
}
END_TEST

START_TEST(test_unix_relay)
{
	struct sandbox_rules rules = {.role = PROTO_ROLE_DELIVER, .unix_relay = true};

	test_prepare();
	ck_assert_int_eq(test_run(&rules, act_socket_unix), 0);
	rules.role = PROTO_ROLE_SUBMIT;
	ck_assert_int_eq(WTERMSIG(test_run(&rules, act_socket_unix)), SIGSYS);
}
END_TEST

/* A failed assertion has to look like one, not like a forbidden call. */
START_TEST(test_abort_is_abort)
{
	struct sandbox_rules rules = {.role = PROTO_ROLE_DELIVER};

	test_prepare();
	ck_assert_int_eq(WTERMSIG(test_run(&rules, act_abort)), SIGABRT);
}
END_TEST

static Suite *
sandbox_suite(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tcase = tcase_create("sandbox");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, test_each, 0, sizeof(test_cases) / sizeof(test_cases[0]));
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
