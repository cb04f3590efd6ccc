#include "tests/unit/common/sandbox_acts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/unit/common/sandbox_libs.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

struct sandbox_acts_world sandbox_acts_world;

static int
sandbox_acts_errno(long result)
{
	return result < 0 ? errno : 0;
}

static int
sandbox_acts_open(void)
{
	return sandbox_acts_errno(open("/dev/null", O_RDONLY));
}

static int
sandbox_acts_create(void)
{
	return sandbox_acts_errno(openat(AT_FDCWD, "/tmp/x", O_WRONLY | O_CREAT, 0600));
}

static int
sandbox_acts_stat(void)
{
	struct stat st;

	return sandbox_acts_errno(stat("/etc/passwd", &st));
}

static int
sandbox_acts_ioctl(void)
{
	int n;

	return sandbox_acts_errno(ioctl(sandbox_acts_world.udp, FIONREAD, &n));
}

static int
sandbox_acts_exec(void)
{
	char *argv[] = {(char[]){"true"}, NULL};

	return sandbox_acts_errno(execv("/bin/true", argv));
}

static int
sandbox_acts_execveat(void)
{
	char *argv[] = {(char[]){"true"}, NULL};

	return sandbox_acts_errno(
	    syscall(SYS_execveat, sandbox_acts_world.file, "", argv, argv, AT_EMPTY_PATH));
}

static int
sandbox_acts_fork(void)
{
	return sandbox_acts_errno(fork());
}

static int
sandbox_acts_unlink(void)
{
	return sandbox_acts_errno(unlink("/tmp/nothing"));
}

static int
sandbox_acts_kill(void)
{
	return sandbox_acts_errno(kill(getppid(), 0));
}

static int
sandbox_acts_tgkill_other(void)
{
	return sandbox_acts_errno(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int
sandbox_acts_ptrace(void)
{
	return sandbox_acts_errno(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int
sandbox_acts_prctl(void)
{
	return sandbox_acts_errno(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int
sandbox_acts_setuid(void)
{
	return sandbox_acts_errno(setuid(0));
}

static int
sandbox_acts_memfd(void)
{
	return sandbox_acts_errno(memfd_create("x", 0));
}

static int
sandbox_acts_io_uring(void)
{
	return sandbox_acts_errno(syscall(425, 1, NULL));
}

int
sandbox_acts_socket_unix(void)
{
	return sandbox_acts_errno(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int
sandbox_acts_socketpair(void)
{
	int pair[2];

	return sandbox_acts_errno(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static int
sandbox_acts_socket_netlink(void)
{
	return sandbox_acts_errno(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int
sandbox_acts_socket_raw(void)
{
	return sandbox_acts_errno(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static int
sandbox_acts_socket_mptcp(void)
{
	return sandbox_acts_errno(socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP));
}

static int
sandbox_acts_socket_tcp(void)
{
	return sandbox_acts_errno(socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

static int
sandbox_acts_listen(void)
{
	return sandbox_acts_errno(listen(sandbox_acts_world.listener, 5));
}

static int
sandbox_acts_fastopen(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(sandbox_acts_world.port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sandbox_acts_errno(
	    sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof(to)));
}

static int
sandbox_acts_mprotect_exec(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return SANDBOX_ACTS_SETUP;
	return sandbox_acts_errno(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int
sandbox_acts_mmap_exec(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? errno : 0;
}

static int
sandbox_acts_pwrite(void)
{
	return sandbox_acts_errno(pwrite(sandbox_acts_world.file, "x", 1, 0));
}

static int
sandbox_acts_pwritev(void)
{
	struct iovec part = {(char[]){"x"}, 1};

	return sandbox_acts_errno(pwritev(sandbox_acts_world.file, &part, 1, 0));
}

static int
sandbox_acts_ftruncate(void)
{
	return sandbox_acts_errno(ftruncate(sandbox_acts_world.file, 0));
}

static int
sandbox_acts_fallocate(void)
{
	return sandbox_acts_errno(
	    fallocate(sandbox_acts_world.file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1));
}

static int
sandbox_acts_copy_file_range(void)
{
	off_t in = 0;
	off_t out = 0;

	return sandbox_acts_errno(
	    copy_file_range(sandbox_acts_world.file, &in, sandbox_acts_world.file, &out, 1, 0));
}

static int
sandbox_acts_drop_append(void)
{
	return sandbox_acts_errno(fcntl(sandbox_acts_world.file, F_SETFL, 0));
}

static int
sandbox_acts_set_async(void)
{
	return sandbox_acts_errno(fcntl(sandbox_acts_world.udp, F_SETFL, O_ASYNC));
}

static int
sandbox_acts_dupfd(void)
{
	return sandbox_acts_errno(fcntl(sandbox_acts_world.file, F_DUPFD_CLOEXEC, 10));
}

static int
sandbox_acts_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return errno;
	return sandbox_acts_errno(setrlimit(RLIMIT_NOFILE, &limit));
}

int
sandbox_acts_connect(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int error;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	error = sandbox_acts_errno(connect(fd, (struct sockaddr *)&to, sizeof(to)));
	close(fd);
	return error;
}

static int
sandbox_acts_connect_listed(void)
{
	return sandbox_acts_connect(sandbox_acts_world.port);
}

/* The same listener's port is in the list; a neighbour's is not, and nobody listens there. */
int
sandbox_acts_connect_other(void)
{
	return sandbox_acts_connect(
	    sandbox_acts_world.port == 65535 ? 1 : (uint16_t)(sandbox_acts_world.port + 1));
}

static int
sandbox_acts_bind_source(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(sandbox_acts_world.port)};
	struct sockaddr_in from = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	const int on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0)
		return errno;
	return sandbox_acts_errno(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

int
sandbox_acts_bind_port(void)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(2)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sandbox_acts_errno(bind(fd, (struct sockaddr *)&from, sizeof(from)));
}

static int
sandbox_acts_accept(void)
{
	struct pollfd ready = {.fd = sandbox_acts_world.listener, .events = POLLIN};
	int fd;

	if (poll(&ready, 1, 5000) != 1)
		return SANDBOX_ACTS_SETUP;
	fd = accept4(sandbox_acts_world.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return errno;
	return sandbox_acts_errno(shutdown(fd, SHUT_RDWR));
}

static int
sandbox_acts_append(void)
{
	struct iovec parts[] = {{(char[]){"abc"}, 3}, {(char[]){"def"}, 3}};

	if (writev(sandbox_acts_world.file, parts, 2) != 6 ||
	    write(sandbox_acts_world.file, "g", 1) != 1)
		return errno == 0 ? SANDBOX_ACTS_FAILED : errno;
	return sandbox_acts_errno(fdatasync(sandbox_acts_world.file));
}

int
sandbox_acts_abort(void)
{
	abort();
}

const struct sandbox_acts_row sandbox_acts_rows[] = {
    {"open", sandbox_acts_open, EACCES, EACCES},
    {"create", sandbox_acts_create, EACCES, EACCES},
    {"stat", sandbox_acts_stat, EACCES, EACCES},
    {"ioctl", sandbox_acts_ioctl, EACCES, EACCES},
    {"exec", sandbox_acts_exec, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"execveat", sandbox_acts_execveat, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"fork", sandbox_acts_fork, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"unlink", sandbox_acts_unlink, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"kill", sandbox_acts_kill, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"tgkill of another", sandbox_acts_tgkill_other, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"ptrace", sandbox_acts_ptrace, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"prctl", sandbox_acts_prctl, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"setuid", sandbox_acts_setuid, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"memfd_create", sandbox_acts_memfd, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"io_uring_setup", sandbox_acts_io_uring, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"AF_UNIX", sandbox_acts_socket_unix, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"socketpair", sandbox_acts_socketpair, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"AF_NETLINK", sandbox_acts_socket_netlink, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"SOCK_RAW", sandbox_acts_socket_raw, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"MPTCP", sandbox_acts_socket_mptcp, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"AF_INET6", sandbox_acts_socket_tcp, 0, SANDBOX_ACTS_KILLED},
    {"listen", sandbox_acts_listen, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"MSG_FASTOPEN", sandbox_acts_fastopen, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"mprotect PROT_EXEC", sandbox_acts_mprotect_exec, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"mmap PROT_EXEC", sandbox_acts_mmap_exec, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"pwrite", sandbox_acts_pwrite, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"pwritev", sandbox_acts_pwritev, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"ftruncate", sandbox_acts_ftruncate, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"fallocate", sandbox_acts_fallocate, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"copy_file_range", sandbox_acts_copy_file_range, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"F_SETFL without O_APPEND", sandbox_acts_drop_append, SANDBOX_ACTS_SKIP, SANDBOX_ACTS_KILLED},
    {"F_SETFL O_ASYNC", sandbox_acts_set_async, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"F_DUPFD", sandbox_acts_dupfd, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"setrlimit", sandbox_acts_raise_limit, SANDBOX_ACTS_KILLED, SANDBOX_ACTS_KILLED},
    {"connect to a listed port", sandbox_acts_connect_listed, 0, SANDBOX_ACTS_KILLED},
    {"bind to a source address", sandbox_acts_bind_source, 0, SANDBOX_ACTS_KILLED},
    {"accept4", sandbox_acts_accept, SANDBOX_ACTS_KILLED, 0},
    {"append", sandbox_acts_append, SANDBOX_ACTS_KILLED, 0},
    {"event loop", sandbox_libs_event_loop, 0, 0},
    {"DNS", sandbox_libs_dns, 0, SANDBOX_ACTS_KILLED},
    {"TLS", sandbox_libs_tls, 0, 0},
};

const int sandbox_acts_count = sizeof(sandbox_acts_rows) / sizeof(sandbox_acts_rows[0]);
