#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/proto/hello.h"

/*
 * What a worker may still ask of the kernel: an allow-list of system calls (common/tbl/syscall.def)
 * and Landlock. No file can be opened, no program started, no process made, no memory made
 * executable; a deliver worker connects to the given ports only, a submit worker connects nowhere.
 * A forbidden call ends the process with SIGSYS, except open and ioctl, which answer EACCES because
 * libraries try them and live without.
 *
 * To be called once, single-threaded, after privilege_drop() (which sets no_new_privs) and before
 * the first byte from outside is read. There is no way back. With --enable-sanitizers it does
 * nothing and sets no bit.
 */
struct why;

enum { SANDBOX_PORTS = 32 };

struct sandbox_rules {
	enum proto_role role;
	bool unix_relay;               /* deliver: may open AF_UNIX stream sockets */
	uint16_t ports[SANDBOX_PORTS]; /* deliver: TCP ports it may connect to */
	size_t port_count;
};

/*
 * Adds the bits of enum privilege_bit that are on now. A kernel without Landlock, or with one that
 * knows no TCP, is not an error; a filter that cannot be loaded is.
 */
bool sandbox_enter(const struct sandbox_rules *rules, unsigned *on, struct why *why);
