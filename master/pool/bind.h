#pragma once

#include <sys/socket.h>
#include <sys/types.h>

/*
 * Making listening sockets for the master, by the spawner. A socket file is made in one directory
 * only and with the rights of that directory's owner, never root's, so that nothing the owner can
 * put there leads outside.
 */

/*
 * A listening, non-blocking, close-on-exec stream socket, or -1 and errno. run is an open
 * directory, whose path is run_path, or -1. EINVAL: an address that is not well-formed. EACCES: a
 * socket file elsewhere. A socket file nobody listens on is replaced; any other file is EEXIST.
 * Changes the working directory.
 */
int pool_bind_listen(const struct sockaddr_storage *address, socklen_t len, mode_t mode, int run,
		     const char *run_path);
