#include "master/cli/sendmail_endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/settings/file.h"
#include "common/str.h"
#include "common/toml/parse.h"
#include "common/toml/tree.h"
#include "common/why.h"

enum { CLI_SENDMAIL_PORT = 2525 };

static bool
cli_sendmail_endpoint_take(struct slice text, struct cli_sendmail_endpoint *endpoint)
{
	struct cli_sendmail_endpoint found = {.path = ""};

	if (slice_starts_nocase(text, "unix:")) {
		if (text.len - 5 >= sizeof(found.path) || text.len == 5)
			return false;
		memcpy(found.path, text.data + 5, text.len - 5);
	} else if (!netaddr_parse_port(text, CLI_SENDMAIL_PORT, &found.address, NULL)) {
		return false;
	}
	*endpoint = found;
	return true;
}

static const struct toml_node *
cli_sendmail_endpoint_key(const struct toml_node *table, const char *key)
{
	const struct toml_entry *entry = NULL;

	if (table != NULL && table->type == TOML_TABLE)
		entry = toml_tree_entry(table, slice_of(key));
	return entry ? entry->value : NULL;
}

static bool
cli_sendmail_endpoint_list(const struct toml_node *listen, struct cli_sendmail_endpoint *endpoint)
{
	bool found = false;

	if (listen == NULL)
		return false;
	if (listen->type == TOML_STRING)
		return cli_sendmail_endpoint_take(listen->text, endpoint);
	for (size_t i = 0; listen->type == TOML_ARRAY && i < listen->count; i++) {
		const struct toml_node *item = listen->items[i];

		if (item->type != TOML_STRING)
			continue;
		if (slice_starts_nocase(item->text, "unix:"))
			return cli_sendmail_endpoint_take(item->text, endpoint);
		if (!found)
			found = cli_sendmail_endpoint_take(item->text, endpoint);
	}
	return found;
}

static bool
cli_sendmail_endpoint_read(const char *path, struct cli_sendmail_endpoint *endpoint)
{
	struct arena *arena = arena_new();
	struct str text = {0};
	struct toml_node *root = NULL;
	struct why why;
	bool found;

	if (settings_file_read(path, &text, &why))
		root = toml_parse(arena, (struct slice){str_c(&text), text.len}, TOML_LENIENT, NULL,
				  NULL, &why);
	found = cli_sendmail_endpoint_list(
	    cli_sendmail_endpoint_key(cli_sendmail_endpoint_key(root, "submit"), "listen"),
	    endpoint);
	str_free(&text);
	arena_free(&arena);
	return found;
}

void
cli_sendmail_endpoint_find(const char *config_path, struct cli_sendmail_endpoint *endpoint)
{
	if (config_path == NULL)
		config_path = getenv("POSTRIDER_CONFIG");
	if (config_path == NULL || config_path[0] == '\0')
		config_path = SYSCONFDIR "/postrider/postrider.toml";
	memset(endpoint, 0, sizeof(*endpoint));
	if (!cli_sendmail_endpoint_read(config_path, endpoint))
		snprintf(endpoint->path, sizeof(endpoint->path), "%s",
			 RUNSTATEDIR "/postrider/submit.sock");
}
