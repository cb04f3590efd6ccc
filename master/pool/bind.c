#include "master/pool/bind.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "master/pool/spawner.h"

/* errno of the first failure is kept over the close. */
static int
pool_bind_fail(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

static int
pool_bind_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int
pool_bind_tcp(const struct sockaddr_storage *address, socklen_t len)
{
	const int on = 1;
	int fd = pool_bind_socket(address->ss_family);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    (address->ss_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
	    bind(fd, (const struct sockaddr *)address, len) < 0 ||
	    listen(fd, POOL_SPAWNER_BACKLOG) < 0)
		return pool_bind_fail(fd);
	return fd;
}

/* The name inside the run directory, or NULL with errno: one component, not hidden. */
static const char *
pool_bind_name(const struct sockaddr_un *address, socklen_t len, const char *run_path)
{
	size_t room = len - offsetof(struct sockaddr_un, sun_path);
	size_t prefix = strlen(run_path);
	const char *path = address->sun_path;

	errno = EINVAL;
	if (room == 0 || path[0] != '/' || strnlen(path, room) != room - 1)
		return NULL;
	errno = EACCES;
	if (strncmp(path, run_path, prefix) != 0 || path[prefix] != '/')
		return NULL;
	path += prefix + 1;
	if (path[0] == '\0' || path[0] == '.' || strchr(path, '/') != NULL)
		return NULL;
	return path;
}

/* Removes a socket file when nobody listens there. */
static bool
pool_bind_clear(const char *name, const struct sockaddr_un *address)
{
	struct stat st;
	int error;
	int fd;

	if (lstat(name, &st) < 0)
		return errno == ENOENT;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return false;
	}
	fd = pool_bind_socket(AF_UNIX);
	if (fd < 0)
		return false;
	error = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
	close(fd);
	/* EAGAIN: somebody listens and has much to do. */
	if (error != ECONNREFUSED) {
		errno = EADDRINUSE;
		return false;
	}
	return unlink(name) == 0 || errno == ENOENT;
}

static int
pool_bind_name_in(const char *name, mode_t mode)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t before;
	int bound;
	int fd;

	/* Relative, so that the directory that was opened is meant and no other. */
	memcpy(address.sun_path, name, strlen(name) + 1);
	if (!pool_bind_clear(name, &address))
		return -1;
	fd = pool_bind_socket(AF_UNIX);
	if (fd < 0)
		return -1;
	/* The mode comes from the umask: a chmod by name afterwards could be led astray. */
	before = umask(0777 & ~mode);
	bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	umask(before);
	if (bound < 0 || listen(fd, POOL_SPAWNER_BACKLOG) < 0)
		return pool_bind_fail(fd);
	return fd;
}

static int
pool_bind_unix(const struct sockaddr_un *address, socklen_t len, mode_t mode, int run,
	       const char *run_path)
{
	const char *name;
	struct stat st;
	uid_t uid;
	gid_t gid;
	int error;
	int fd;

	errno = EACCES;
	if (run < 0)
		return -1;
	name = pool_bind_name(address, len, run_path);
	if (name == NULL || fstat(run, &st) < 0 || fchdir(run) < 0)
		return -1;
	gid = (gid_t)setfsgid(st.st_gid);
	uid = (uid_t)setfsuid(st.st_uid);
	fd = pool_bind_name_in(name, mode);
	error = errno;
	setfsuid(uid);
	setfsgid(gid);
	errno = error;
	return fd;
}

int
pool_bind_listen(const struct sockaddr_storage *address, socklen_t len, mode_t mode, int run,
		 const char *run_path)
{
	switch (address->ss_family) {
	case AF_INET:
		if (len == sizeof(struct sockaddr_in))
			return pool_bind_tcp(address, len);
		break;
	case AF_INET6:
		if (len == sizeof(struct sockaddr_in6))
			return pool_bind_tcp(address, len);
		break;
	case AF_UNIX:
		if (len >= offsetof(struct sockaddr_un, sun_path) &&
		    len <= sizeof(struct sockaddr_un) && (mode & ~(mode_t)0777) == 0)
			return pool_bind_unix((const struct sockaddr_un *)address, len, mode, run,
					      run_path);
		break;
	default:
		break;
	}
	errno = EINVAL;
	return -1;
}
