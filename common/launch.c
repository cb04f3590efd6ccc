#include "common/launch.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/privilege.h"
#include "common/str.h"
#include "common/why.h"

struct launch_pen {
	struct launch_vector *vector;
	size_t used;
	int count;
	bool full;
};

static void launch_put(struct launch_pen *pen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
launch_put(struct launch_pen *pen, const char *format, ...)
{
	char *place = pen->vector->text + pen->used;
	size_t room = sizeof(pen->vector->text) - pen->used;
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(place, room, format, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= room) {
		pen->full = true;
		return;
	}
	pen->vector->argv[pen->count++] = place;
	pen->vector->argv[pen->count] = NULL;
	pen->used += (size_t)len + 1;
}

/* "25,443", or "-" for none: an empty argument would be lost in a listing of processes. */
static void
launch_put_ports(struct launch_pen *pen, const struct sandbox_rules *rules)
{
	char text[SANDBOX_PORTS * 6 + 2] = "-";
	size_t used = 0;

	for (size_t i = 0; i < rules->port_count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, i == 0 ? "%u" : ",%u",
					 rules->ports[i]);
	launch_put(pen, "%s", text);
}

bool
launch_write(const struct launch *launch, const char *program, struct launch_vector *vector)
{
	struct launch_pen pen = {.vector = vector};

	assert(launch->rules.port_count <= SANDBOX_PORTS);
	launch_put(&pen, "%s", program);
	launch_put(&pen, "%s", proto_hello_role_name(launch->rules.role));
	launch_put(&pen, "%u", launch->number);
	launch_put(&pen, "%u", launch->uid);
	launch_put(&pen, "%u", launch->gid);
	launch_put(&pen, "%u", (unsigned)launch->parent);
	launch_put(&pen, "%u", launch->listener_count);
	launch_put(&pen, "%u", launch->rules.unix_relay ? 1U : 0U);
	launch_put_ports(&pen, &launch->rules);
	launch_put(&pen, "%s", launch->root[0] == '\0' ? "-" : launch->root);
	return !pen.full;
}

static bool
launch_get_number(const char *text, unsigned limit, unsigned *number)
{
	unsigned long long value;

	if (!slice_number(slice_of(text), &value) || value > limit)
		return false;
	*number = (unsigned)value;
	return true;
}

static bool
launch_get_role(const char *text, enum proto_role *role)
{
	for (int i = 0; i < PROTO_ROLES; i++)
		if (strcmp(text, proto_hello_role_name((enum proto_role)i)) == 0) {
			*role = (enum proto_role)i;
			return true;
		}
	return false;
}

static bool
launch_get_ports(const char *text, struct sandbox_rules *rules)
{
	rules->port_count = 0;
	if (strcmp(text, "-") == 0)
		return true;
	for (;;) {
		size_t len = strcspn(text, ",");
		unsigned long long port;

		if (rules->port_count == SANDBOX_PORTS ||
		    !slice_number((struct slice){text, len}, &port) || port == 0 || port > 65535)
			return false;
		rules->ports[rules->port_count++] = (uint16_t)port;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
}

static bool
launch_get_root(const char *text, struct launch *launch)
{
	size_t len = strlen(text);

	launch->root[0] = '\0';
	if (strcmp(text, "-") == 0)
		return true;
	if (text[0] != '/' || len >= sizeof(launch->root))
		return false;
	memcpy(launch->root, text, len + 1);
	return true;
}

bool
launch_read(int argc, char *const argv[], struct launch *launch, struct why *why)
{
	unsigned parent;
	unsigned unix_relay;

	if (argc != LAUNCH_ARGS || !launch_get_role(argv[1], &launch->rules.role) ||
	    !launch_get_number(argv[2], UINT32_MAX, &launch->number) ||
	    !launch_get_number(argv[3], UINT32_MAX, &launch->uid) ||
	    !launch_get_number(argv[4], UINT32_MAX, &launch->gid) ||
	    !launch_get_number(argv[5], INT32_MAX, &parent) ||
	    !launch_get_number(argv[6], LAUNCH_LISTENERS, &launch->listener_count) ||
	    !launch_get_number(argv[7], 1, &unix_relay) ||
	    !launch_get_ports(argv[8], &launch->rules) || !launch_get_root(argv[9], launch)) {
		why_set(why, "started by hand: only postriderd starts this program");
		return false;
	}
	launch->parent = (pid_t)parent;
	launch->rules.unix_relay = unix_relay != 0;
	return true;
}

bool
launch_drop(const struct launch *launch, unsigned *on, struct why *why)
{
	bool inside = launch->root[0] != '\0' && !launch->rules.unix_relay;
	struct privilege_plan plan = {
	    .uid = launch->uid,
	    .gid = launch->gid,
	    .root = inside ? launch->root : NULL,
	    .parent = launch->parent,
	};

	return privilege_drop(&plan, on, why) && sandbox_enter(&launch->rules, on, why);
}
