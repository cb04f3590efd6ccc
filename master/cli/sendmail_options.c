#include "master/cli/sendmail_options.h"

#include <string.h>
#include <strings.h>

#include "common/why.h"

/* Words of one argument: what is behind the letter, or the next word. NULL when there is none. */
struct cli_sendmail_cursor {
	int argc;
	char **argv;
	int at;
};

static const char *
cli_sendmail_options_value(struct cli_sendmail_cursor *cursor, const char *letter)
{
	if (letter[1] != '\0')
		return letter + 1;
	return cursor->at + 1 < cursor->argc ? cursor->argv[++cursor->at] : NULL;
}

static const char **
cli_sendmail_options_text(struct cli_sendmail_options *options, char letter)
{
	switch (letter) {
	case 'f':
	case 'r':
		return &options->sender;
	case 'F':
		return &options->full_name;
	case 'N':
		return &options->notify;
	case 'R':
		return &options->ret;
	case 'V':
		return &options->envid;
	case 'C':
		return &options->config;
	default:
		return NULL;
	}
}

/* -bX: m is what is done anyway; the others are daemons, queues and alias files. */
static bool
cli_sendmail_options_mode(const char *mode, struct cli_sendmail_options *options, struct why *why)
{
	if (strcmp(mode, "m") == 0)
		return true;
	if (strcmp(mode, "s") == 0) {
		options->smtp = true;
		return true;
	}
	if (strcmp(mode, "p") == 0)
		why_set(why, "-bp is not available: see \"postrider list\"");
	else
		why_set(why, "-b%s is not available", mode);
	return false;
}

/* -oX, -o X, -O NAME=VALUE: only "i" means something here. */
static void
cli_sendmail_options_set(const char *value, struct cli_sendmail_options *options)
{
	if (strcmp(value, "i") == 0 || strcasecmp(value, "IgnoreDots=true") == 0 ||
	    strcasecmp(value, "IgnoreDots") == 0)
		options->ignore_dots = true;
}

/* One letter; *more: further letters may follow in this argument. */
static bool
cli_sendmail_options_letter(struct cli_sendmail_cursor *cursor, const char *letter, bool *more,
			    struct cli_sendmail_options *options, struct why *why)
{
	const char **text = cli_sendmail_options_text(options, *letter);
	const char *value;

	*more = true;
	if (*letter == 'i')
		options->ignore_dots = true;
	else if (*letter == 't')
		options->from_header = true;
	else if (*letter == 'v')
		options->verbose = true;
	if (strchr("itvnUGms", *letter) != NULL)
		return true;
	*more = false;
	/* These have their argument in the same word or not at all. */
	if (strchr("Aeqd", *letter) != NULL)
		return true;
	if (text == NULL && strchr("bBhLoOpX", *letter) == NULL) {
		why_set(why, "unknown flag -%c", *letter);
		return false;
	}
	value = cli_sendmail_options_value(cursor, letter);
	if (value == NULL) {
		why_set(why, "flag -%c needs an argument", *letter);
		return false;
	}
	if (text != NULL)
		*text = value;
	else if (*letter == 'b')
		return cli_sendmail_options_mode(value, options, why);
	else if (*letter == 'o' || *letter == 'O')
		cli_sendmail_options_set(value, options);
	return true;
}

bool
cli_sendmail_options_parse(int argc, char **argv, struct cli_sendmail_options *options,
			   struct why *why)
{
	struct cli_sendmail_cursor cursor = {argc, argv, 1};

	memset(options, 0, sizeof(*options));
	for (; cursor.at < argc; cursor.at++) {
		const char *word = argv[cursor.at];
		bool more = true;

		if (word[0] != '-' || word[1] == '\0')
			break;
		if (strcmp(word, "--") == 0) {
			cursor.at++;
			break;
		}
		for (const char *letter = word + 1; more && *letter != '\0'; letter++)
			if (!cli_sendmail_options_letter(&cursor, letter, &more, options, why))
				return false;
	}
	options->recipients = argv + cursor.at;
	options->recipient_count = (size_t)(argc - cursor.at);
	return true;
}
