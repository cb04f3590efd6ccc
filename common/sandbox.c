#include "common/sandbox.h"

#include <assert.h>

#include "common/privilege.h"
#include "common/why.h"

#ifdef SANITIZERS

bool
sandbox_enter(const struct sandbox_rules *rules, unsigned *on, struct why *why)
{
	return true;
}

#else

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The kernel's interface to Landlock as of ABI 6, written out because the headers a distribution
 * builds with are often older than the kernel it runs on.
 */
enum {
	SANDBOX_LANDLOCK_TCP_ABI = 4,
	SANDBOX_LANDLOCK_SCOPE_ABI = 6,
	SANDBOX_LANDLOCK_RULE_PORT = 2,
	SANDBOX_LANDLOCK_BIND = 1,
	SANDBOX_LANDLOCK_CONNECT = 2,
	SANDBOX_LANDLOCK_SCOPES = 3
};

struct sandbox_landlock {
	uint64_t files;
	uint64_t net;
	uint64_t scoped;
};

struct sandbox_landlock_port {
	uint64_t allowed;
	uint64_t port;
};

/* All rights over files each ABI knows; handling them without a rule forbids them. */
static const uint64_t sandbox_landlock_files[] = {
    [1] = (1U << 13) - 1, [2] = (1U << 14) - 1, [3] = (1U << 15) - 1,
    [4] = (1U << 15) - 1, [5] = (1U << 16) - 1,
};

/* glibc has no wrappers, and only the numbers of the machine the code is built on. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

static bool
sandbox_landlock_add_port(int ruleset, uint64_t allowed, uint64_t port)
{
	struct sandbox_landlock_port rule = {.allowed = allowed, .port = port};

	return syscall(SYS_landlock_add_rule, ruleset, SANDBOX_LANDLOCK_RULE_PORT, &rule, 0) == 0;
}

static bool
sandbox_landlock_add_ports(int ruleset, const struct sandbox_rules *rules)
{
	if (rules->role != PROTO_ROLE_DELIVER)
		return true;
	/* Port 0 is a source address with a port of the kernel's choice, never a known service. */
	if (!sandbox_landlock_add_port(ruleset, SANDBOX_LANDLOCK_BIND, 0))
		return false;
	for (size_t i = 0; i < rules->port_count; i++)
		if (!sandbox_landlock_add_port(ruleset, SANDBOX_LANDLOCK_CONNECT, rules->ports[i]))
			return false;
	return true;
}

static bool
sandbox_landlock(const struct sandbox_rules *rules, unsigned *on, struct why *why)
{
	const long known = sizeof(sandbox_landlock_files) / sizeof(sandbox_landlock_files[0]) - 1;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	struct sandbox_landlock attr = {0};
	size_t size = sizeof(attr.files);
	unsigned bits = PRIVILEGE_LANDLOCK_FILES;
	int ruleset;

	if (abi < 1)
		return true;
	attr.files = sandbox_landlock_files[abi < known ? abi : known];
	if (abi >= SANDBOX_LANDLOCK_TCP_ABI) {
		attr.net = SANDBOX_LANDLOCK_BIND | SANDBOX_LANDLOCK_CONNECT;
		size += sizeof(attr.net);
		bits |= PRIVILEGE_LANDLOCK_TCP;
	}
	if (abi >= SANDBOX_LANDLOCK_SCOPE_ABI) {
		attr.scoped = SANDBOX_LANDLOCK_SCOPES;
		size += sizeof(attr.scoped);
		bits |= PRIVILEGE_LANDLOCK_SCOPE;
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset < 0 || (attr.net != 0 && !sandbox_landlock_add_ports(ruleset, rules)) ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0) < 0) {
		why_errno(why, "cannot apply Landlock");
		if (ruleset >= 0)
			close(ruleset);
		return false;
	}
	close(ruleset);
	*on |= bits;
	return true;
}

/* Masks of the roles a row of the table is for. */
enum {
	SANDBOX_MASK_DELIVER = 1,
	SANDBOX_MASK_SUBMIT = 2,
	SANDBOX_MASK_BOTH = 3,
	SANDBOX_MASK_UNIX = 4
};

/* An argument's place in the call, and what it has to be; for the table. */
#define SYSCALL_IS(place, value)             \
	{                                    \
		place, SCMP_CMP_EQ, value, 0 \
	}
#define SYSCALL_CLEAR(place, mask)                 \
	{                                          \
		place, SCMP_CMP_MASKED_EQ, mask, 0 \
	}
/* The type of a socket, whatever its flags. */
#define SYSCALL_STREAM                                  \
	{                                               \
		1, SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM \
	}
#define SYSCALL_DGRAM                                  \
	{                                              \
		1, SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM \
	}

struct sandbox_row {
	unsigned mask;
	int number; /* negative where this machine does not have the call */
	uint32_t action;
	unsigned count;
	struct scmp_arg_cmp args[3];
};

static int
sandbox_add_rows(scmp_filter_ctx ctx, unsigned mask)
{
	const uint64_t self = (uint64_t)getpid();
#define SYSCALL(roles, name) {SANDBOX_MASK_##roles, SCMP_SYS(name), SCMP_ACT_ALLOW, 0, {{0}}},
#define SYSCALL_DENY(roles, name) \
	{SANDBOX_MASK_##roles, SCMP_SYS(name), SCMP_ACT_ERRNO(EACCES), 0, {{0}}},
#define SYSCALL_IF(roles, name, ...)                                                 \
	{SANDBOX_MASK_##roles,                                                       \
	 SCMP_SYS(name),                                                             \
	 SCMP_ACT_ALLOW,                                                             \
	 sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / sizeof(struct scmp_arg_cmp), \
	 {__VA_ARGS__}},
	const struct sandbox_row rows[] = {
#include "common/tbl/syscall.def"
	};
#undef SYSCALL
#undef SYSCALL_DENY
#undef SYSCALL_IF
	int error;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sandbox_row *row = &rows[i];

		if ((row->mask & mask) == 0)
			continue;
		error =
		    seccomp_rule_add_array(ctx, row->action, row->number, row->count, row->args);
		if (error < 0)
			return error;
	}
	return 0;
}

static bool
sandbox_seccomp(const struct sandbox_rules *rules, unsigned *on, struct why *why)
{
	unsigned mask =
	    rules->role == PROTO_ROLE_DELIVER ? SANDBOX_MASK_DELIVER : SANDBOX_MASK_SUBMIT;
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int error = -ENOMEM;

	if (rules->role == PROTO_ROLE_DELIVER && rules->unix_relay)
		mask |= SANDBOX_MASK_UNIX;
	if (ctx != NULL) {
		error = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
		/* A binary tree: hundreds of rules, and send() must not wait for all of them. */
		if (error == 0)
			error = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
		if (error == 0)
			error = sandbox_add_rows(ctx, mask);
		if (error == 0)
			error = seccomp_load(ctx);
		seccomp_release(ctx);
	}
	if (error != 0) {
		errno = -error;
		why_errno(why, "cannot load the filter of system calls");
		return false;
	}
	*on |= PRIVILEGE_SECCOMP;
	return true;
}

bool
sandbox_enter(const struct sandbox_rules *rules, unsigned *on, struct why *why)
{
	assert(rules->port_count <= SANDBOX_PORTS);
	return sandbox_landlock(rules, on, why) && sandbox_seccomp(rules, on, why);
}

#endif
