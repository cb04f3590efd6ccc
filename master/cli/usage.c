#include "master/cli/usage.h"

#include <string.h>

#include "common/settings/similar.h"

static const struct cli_usage cli_usages[] = {
    {"check", "check [-v]", "complaints about the configuration; -v: every value", cli_alone_check},
    {"eval", "eval [--for KEY] EXPR [NAME=VALUE...]", "the value of an expression", cli_alone_eval},
#define COMMAND(name, reading, usage, meaning) {#name, usage, meaning, NULL},
#include "common/tbl/command.def"
#undef COMMAND
};

enum { CLI_USAGE_COUNT = sizeof(cli_usages) / sizeof(cli_usages[0]) };

const struct cli_usage *
cli_usage_find(const char *name)
{
	for (size_t i = 0; i < CLI_USAGE_COUNT; i++)
		if (strcmp(cli_usages[i].name, name) == 0)
			return &cli_usages[i];
	return NULL;
}

const char *
cli_usage_similar(const char *word)
{
	const char *names[CLI_USAGE_COUNT + 1];

	for (size_t i = 0; i < CLI_USAGE_COUNT; i++)
		names[i] = cli_usages[i].name;
	names[CLI_USAGE_COUNT] = NULL;
	return settings_similar_word(slice_of(word), names);
}

static void
cli_usage_print_all(FILE *out)
{
	fputs("usage: postrider [-c FILE] [--json] [--utc] COMMAND ...\n\n", out);
	for (size_t i = 0; i < CLI_USAGE_COUNT; i++)
		fprintf(out, "  %-38s %s\n", cli_usages[i].usage, cli_usages[i].meaning);
	fputs("\nSELECTOR: a message id, or any of --domain D, --sender S, --rcpt R,\n"
	      "  --state queued|deferred|held, --older-than 2h, --all; all of them must hold\n"
	      "-c FILE    the configuration; else $POSTRIDER_CONFIG, else\n"
	      "           " SYSCONFDIR "/postrider/postrider.toml\n"
	      "--json     one JSON object on each line\n"
	      "--utc      dates instead of \"in 2m\" and \"3h ago\"\n"
	      "--help, --version\n",
	      out);
}

void
cli_usage_print(FILE *out, const struct cli_usage *only)
{
	if (only == NULL)
		cli_usage_print_all(out);
	else
		fprintf(out, "usage: postrider [-c FILE] %s\n  %s\n", only->usage, only->meaning);
}
