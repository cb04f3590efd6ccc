#include "master/cli/layout.h"

#define CLI_LAYOUT_COLUMNS(columns) (columns), sizeof(columns) / sizeof((columns)[0])

/* Together with the gaps these need 100 columns, of which the last has what is left. */
static const struct cli_layout_column cli_layout_list[] = {
    {.name = "message_id", .heading = "MESSAGE"},
    {.name = "delivery_id", .heading = "DELIVERY"},
    {.name = "state", .heading = "STATE"},
    {.name = "sender", .heading = "SENDER", .format = CLI_FORMAT_PATH, .least = 16},
    {.name = "domain", .heading = "DOMAIN", .least = 12},
    {.name = "retry_num", .heading = "RETRIES"},
    {.name = "next_attempt_at", .heading = "NEXT", .format = CLI_FORMAT_TIME},
    {.name = "last_reply", .heading = "LAST REPLY", .least = 10},
};

static const struct cli_layout_column cli_layout_message[] = {
    {.name = "message_id", .heading = "message"},
    {.name = "sender", .heading = "sender", .format = CLI_FORMAT_PATH},
    {.name = "created_at", .heading = "created", .format = CLI_FORMAT_TIME},
    {.name = "size", .heading = "size", .format = CLI_FORMAT_SIZE},
    {.name = "arrived_from", .heading = "came from"},
    {.name = "origin", .heading = "origin"},
    {.name = "tag", .heading = "tag"},
    {.name = "priority", .heading = "priority"},
    {.name = "envid", .heading = "ENVID"},
    {.name = "ret", .heading = "RET", .format = CLI_FORMAT_RET},
    {.name = "eight_bit", .heading = "8-bit", .format = CLI_FORMAT_FLAG},
    {.name = "smtputf8", .heading = "SMTPUTF8", .format = CLI_FORMAT_FLAG},
    {.name = "requiretls", .heading = "REQUIRETLS", .format = CLI_FORMAT_FLAG},
};

static const struct cli_layout_column cli_layout_delivery[] = {
    {.name = "delivery_id", .heading = "delivery"},
    {.name = "domain", .heading = "domain"},
    {.name = "state", .heading = "state"},
    {.name = "now", .heading = "now"},
    {.name = "suspended_until", .heading = "suspended until", .format = CLI_FORMAT_TIME},
    {.name = "suspended_why", .heading = "suspended why"},
    {.name = "next_attempt_at", .heading = "next attempt", .format = CLI_FORMAT_TIME},
    {.name = "next_notify_at", .heading = "delay notice", .format = CLI_FORMAT_TIME},
    {.name = "expires_at", .heading = "given up", .format = CLI_FORMAT_TIME},
    {.name = "retry_num", .heading = "retries"},
    {.name = "last_attempt_at", .heading = "last attempt", .format = CLI_FORMAT_TIME},
    {.name = "last_host", .heading = "host"},
    {.name = "last_ip"},
    {.name = "last_class", .heading = "failure"},
    {.name = "last_step", .heading = "step"},
    {.name = "last_code", .heading = "reply"},
    {.name = "last_enhanced"},
    {.name = "last_reply"},
    {.name = "last_tls_error", .heading = "TLS"},
};

static const struct cli_layout_column cli_layout_recipient[] = {
    {.name = "delivery_id", .heading = "DELIVERY"},
    {.name = "address", .heading = "ADDRESS", .least = 20},
    {.name = "state", .heading = "STATE"},
    {.name = "code", .heading = "CODE"},
    {.name = "enhanced", .heading = "ENHANCED"},
    {.name = "reply", .heading = "REPLY", .least = 10},
};

static const struct cli_layout_column cli_layout_attempt[] = {
    {.name = "delivery_id", .heading = "DELIVERY"},
    {.name = "retry_num", .heading = "RETRY"},
    {.name = "at", .heading = "WHEN", .format = CLI_FORMAT_TIME},
    {.name = "class", .heading = "FAILURE"},
    {.name = "step", .heading = "STEP"},
    {.name = "code", .heading = "CODE"},
    {.name = "enhanced", .heading = "ENHANCED"},
    {.name = "reply", .heading = "REPLY", .least = 10},
    {.name = "hosts", .heading = "HOSTS", .least = 10},
};

static const struct cli_layout cli_layouts[] = {
    {"list", "delivery", false, CLI_LAYOUT_COLUMNS(cli_layout_list)},
    {"show", "message", true, CLI_LAYOUT_COLUMNS(cli_layout_message)},
    {"show", "delivery", true, CLI_LAYOUT_COLUMNS(cli_layout_delivery)},
    {"show", "recipient", false, CLI_LAYOUT_COLUMNS(cli_layout_recipient)},
    {"show", "attempt", false, CLI_LAYOUT_COLUMNS(cli_layout_attempt)},
    {"status", "queue", true, NULL, 0},
    {"status", "worker", false, NULL, 0},
};

enum { CLI_LAYOUT_COUNT = sizeof(cli_layouts) / sizeof(cli_layouts[0]) };

const struct cli_layout *
cli_layout_find(struct slice command, struct slice table)
{
	for (size_t i = 0; i < CLI_LAYOUT_COUNT; i++)
		if (slice_is(command, cli_layouts[i].command) &&
		    slice_is(table, cli_layouts[i].table))
			return &cli_layouts[i];
	return NULL;
}

bool
cli_layout_is_several(struct slice command)
{
	size_t count = 0;

	for (size_t i = 0; i < CLI_LAYOUT_COUNT; i++)
		count += slice_is(command, cli_layouts[i].command);
	return count > 1;
}
