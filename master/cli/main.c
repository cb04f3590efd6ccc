#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/settings/settings.h"
#include "common/str.h"
#include "common/why.h"
#include "master/cli/ask.h"
#include "master/cli/config.h"
#include "master/cli/print.h"
#include "master/cli/text.h"
#include "master/cli/usage.h"

/*
 * postrider: the operator's program. Finds out which command is meant, asks the daemon or answers
 * itself, and prints.
 */
enum { MAIN_WIDTH = 80 };

struct main_options {
	const char *config;
	bool json;
	bool utc;
};

/* What getopt found: go on, or end with a status. */
enum main_parsed { MAIN_GO, MAIN_HELP, MAIN_VERSION, MAIN_WRONG };

static enum main_parsed
main_parse(int argc, char **argv, struct main_options *options)
{
	static const struct option longs[] = {
	    {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'},
	    {"json", no_argument, NULL, 'j'},         {"utc", no_argument, NULL, 'u'},
	    {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0},
	};
	int c;

	/* "+": what follows the command is the command's. */
	while ((c = getopt_long(argc, argv, "+c:h", longs, NULL)) != -1)
		switch (c) {
		case 'c':
			options->config = optarg;
			break;
		case 'j':
			options->json = true;
			break;
		case 'u':
			options->utc = true;
			break;
		case 'h':
			return MAIN_HELP;
		case 'V':
			return MAIN_VERSION;
		default:
			return MAIN_WRONG;
		}
	return MAIN_GO;
}

/* Options of the output are taken out of the words of a command, where they may be too. */
static size_t
main_words(int argc, char **argv, struct main_options *options, const char **words)
{
	size_t count = 0;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			options->json = true;
		else if (strcmp(argv[i], "--utc") == 0)
			options->utc = true;
		else
			words[count++] = argv[i];
	}
	return count;
}

/* 0 when nobody looks at it on a terminal. */
static unsigned
main_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return MAIN_WIDTH;
}

static void
main_error(const char *text)
{
	struct str line = {0};

	cli_text_line(&line, slice_of(text));
	fprintf(stderr, "postrider: %s\n", str_c(&line));
	str_free(&line);
}

static bool
main_row(const struct proto_row *row, void *arg)
{
	return cli_print_row(arg, row);
}

static int
main_ask(const struct main_options *options, struct cli_ask_question *question)
{
	const struct cli_print_options print_options = {
	    .out = stdout,
	    .command = question->words[0],
	    .json = options->json,
	    .utc = options->utc,
	    .width = main_width(),
	    .now = clock_wall_ms() / 1000,
	};
	struct cli_print *print = cli_print_new(&print_options);
	struct str text = {0};
	int status;

	question->row = main_row;
	question->arg = print;
	status = cli_ask(question, &text);
	if (status == EX_OK && text.len > 0)
		cli_print_text(print, str_c(&text));
	cli_print_free(&print);
	if (status != EX_OK) {
		/* Rows first, should both streams be one terminal. */
		fflush(stdout);
		main_error(text.len > 0 ? str_c(&text) : "the daemon gave no reason");
	}
	str_free(&text);
	return status;
}

static int
main_daemon(struct main_options *options, int argc, char **argv)
{
	const char **words = alloc_array((size_t)argc, sizeof(*words));
	struct cli_ask_question question = {.words = words};
	struct settings *settings;
	struct why why = {0};
	int status;

	question.count = main_words(argc, argv, options, words);
	settings = cli_config_load(options->config, &status, &why);
	if (settings != NULL) {
		question.path = settings_text(settings, SETTING_CONTROL_SOCKET);
		status = main_ask(options, &question);
	} else {
		main_error(why.text);
	}
	settings_free(&settings);
	free(words);
	return status;
}

static int
main_unknown(const char *word)
{
	const char *similar = cli_usage_similar(word);
	char *text = similar != NULL
			 ? alloc_printf("unknown command %s; is it %s?", word, similar)
			 : alloc_printf("unknown command %s; see: postrider help", word);

	main_error(text);
	free(text);
	return EX_USAGE;
}

static int
main_help(const char *command)
{
	const struct cli_usage *usage = NULL;

	if (command != NULL && (usage = cli_usage_find(command)) == NULL)
		return main_unknown(command);
	cli_usage_print(stdout, usage);
	return EX_OK;
}

static int
main_command(struct main_options *options, int argc, char **argv)
{
	const struct cli_usage *usage;

	if (strcmp(argv[0], "help") == 0)
		return main_help(argc > 1 ? argv[1] : NULL);
	usage = cli_usage_find(argv[0]);
	if (usage == NULL)
		return main_unknown(argv[0]);
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return main_help(argv[0]);
	if (usage->alone == NULL)
		return main_daemon(options, argc, argv);
	if (options->json || options->utc) {
		main_error("check and eval have neither --json nor --utc");
		return EX_USAGE;
	}
	return usage->alone(options->config, argc, argv);
}

static int
main_run(int argc, char **argv)
{
	struct main_options options = {.config = getenv("POSTRIDER_CONFIG")};

	if (options.config == NULL)
		options.config = SYSCONFDIR "/postrider/postrider.toml";
	switch (main_parse(argc, argv, &options)) {
	case MAIN_HELP:
		return main_help(NULL);
	case MAIN_VERSION:
		puts("postrider " PACKAGE_VERSION);
		return EX_OK;
	case MAIN_WRONG:
		fputs("see: postrider help\n", stderr);
		return EX_USAGE;
	case MAIN_GO:
		break;
	}
	if (optind < argc)
		return main_command(&options, argc - optind, argv + optind);
	cli_usage_print(stderr, NULL);
	return EX_USAGE;
}

/* A standard descriptor that is closed must not become the daemon's socket. */
static bool
main_keep_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			return false;
	return true;
}

int
main(int argc, char **argv)
{
	int status;

	if (!main_keep_descriptors())
		return EX_OSERR;
	signal(SIGPIPE, SIG_IGN);
	cli_text_locale();
	status = main_run(argc, argv);
	/* Who closed the pipe has read enough; anything else is an answer that got lost. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE) {
		fprintf(stderr, "postrider: cannot write the answer: %s\n", strerror(errno));
		return EX_IOERR;
	}
	return status;
}
