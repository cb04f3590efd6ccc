#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/domain.h"
#include "common/mailbox.h"
#include "common/random.h"
#include "common/str.h"
#include "common/why.h"
#include "master/cli/sendmail_client.h"
#include "master/cli/sendmail_endpoint.h"
#include "master/cli/sendmail_message.h"
#include "master/cli/sendmail_options.h"

static int
cli_sendmail_fail(int status, const char *text)
{
	fprintf(stderr, "postrider-sendmail: %s\n", text);
	return status;
}

/* NUL-terminated; a machine without a usable name is "localhost". */
static void
cli_sendmail_hostname(char name[DOMAIN_TEXT])
{
	char text[DOMAIN_TEXT] = "";

	if (gethostname(text, sizeof(text) - 1) != 0 || !domain_is_valid(slice_of(text)) ||
	    !domain_normalize(slice_of(text), name))
		snprintf(name, DOMAIN_TEXT, "localhost");
}

/* The address without brackets, with a domain; NULL when it is none. The caller frees it. */
static char *
cli_sendmail_address(const char *text, const char *hostname)
{
	struct slice address = slice_trim(slice_of(text));
	struct mailbox mailbox;
	char *full;

	if (address.len >= 2 && address.data[0] == '<' && address.data[address.len - 1] == '>')
		address = (struct slice){address.data + 1, address.len - 2};
	if (memchr(address.data, '@', address.len) == NULL)
		full = alloc_printf("%.*s@%s", SLICE_ARG(address), hostname);
	else
		full = alloc_copy(address.data, address.len);
	if (mailbox_parse(slice_of(full), &mailbox))
		return full;
	free(full);
	return NULL;
}

static const char *
cli_sendmail_user(void)
{
	const struct passwd *user = getpwuid(getuid());

	return user ? user->pw_name : "nobody";
}

static char *
cli_sendmail_full_name(const struct cli_sendmail_options *options)
{
	const char *name = options->full_name;
	const struct passwd *user;

	if (name == NULL)
		name = getenv("NAME");
	if (name != NULL)
		return alloc_str(name);
	user = getpwuid(getuid());
	if (user == NULL || user->pw_gecos == NULL)
		return alloc_str("");
	return alloc_copy(user->pw_gecos, strcspn(user->pw_gecos, ","));
}

static int
cli_sendmail_offset_minutes(void)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;

	return localtime_r(&now, &tm) != NULL ? (int)(tm.tm_gmtoff / 60) : 0;
}

static void
cli_sendmail_complete(struct cli_sendmail_message *message,
		      const struct cli_sendmail_options *options, const char *sender,
		      const char *hostname)
{
	char *user = alloc_printf("%s@%s", cli_sendmail_user(), hostname);
	char *name = cli_sendmail_full_name(options);
	struct cli_sendmail_defaults defaults = {
	    .sender = sender[0] != '\0' ? sender : user,
	    .full_name = name,
	    .hostname = hostname,
	    .wall_ms = clock_wall_ms(),
	    .nonce = random_below(UINT32_MAX),
	    .offset_minutes = cli_sendmail_offset_minutes(),
	};

	cli_sendmail_message_complete(message, &defaults);
	free(user);
	free(name);
}

/* Recipients of the command line and, with -t, of the header; NULL when one is bad. */
static char **
cli_sendmail_recipients(const struct cli_sendmail_options *options,
			const struct cli_sendmail_message *message, const char *hostname,
			size_t *count)
{
	size_t total = options->recipient_count + message->address_count;
	char **list = alloc_array(total + 1, sizeof(list[0]));

	*count = 0;
	for (size_t i = 0; i < total; i++) {
		const char *text = i < options->recipient_count
				       ? options->recipients[i]
				       : message->addresses[i - options->recipient_count];

		list[*count] = cli_sendmail_address(text, hostname);
		if (list[*count] != NULL) {
			(*count)++;
			continue;
		}
		fprintf(stderr, "postrider-sendmail: %s: not an address\n", text);
		while (*count > 0)
			free(list[--*count]);
		free(list);
		return NULL;
	}
	return list;
}

static int
cli_sendmail_submit(const struct cli_sendmail_options *options,
		    const struct cli_sendmail_envelope *envelope,
		    const struct cli_sendmail_message *message)
{
	struct cli_sendmail_endpoint endpoint;
	struct why why = {0};
	int status = EX_TEMPFAIL;
	int fd;

	cli_sendmail_endpoint_find(options->config, &endpoint);
	fd = cli_sendmail_client_connect(&endpoint, &why);
	if (fd >= 0)
		status = cli_sendmail_client_send(fd, envelope, message, &why);
	return status == EX_OK ? status : cli_sendmail_fail(status, why.text);
}

static int
cli_sendmail_deliver(const struct cli_sendmail_options *options, const char *sender,
		     const char *hostname)
{
	struct cli_sendmail_envelope envelope = {.hostname = hostname,
						 .sender = sender,
						 .notify = options->notify,
						 .ret = options->ret,
						 .envid = options->envid,
						 .verbose = options->verbose};
	struct cli_sendmail_message message;
	char **recipients = NULL;
	size_t count = 0;
	int status = EX_DATAERR;

	if (!cli_sendmail_message_read(&message, stdin, options->ignore_dots))
		status = cli_sendmail_fail(EX_TEMPFAIL, "cannot read the message");
	else if (message.nul)
		cli_sendmail_fail(status, "the message has NUL bytes");
	else {
		if (options->from_header)
			cli_sendmail_message_recipients(&message);
		recipients = cli_sendmail_recipients(options, &message, hostname, &count);
	}
	if (recipients != NULL && count == 0) {
		status = cli_sendmail_fail(EX_USAGE, "no recipients");
	} else if (recipients != NULL) {
		cli_sendmail_complete(&message, options, sender, hostname);
		envelope.recipients = (const char *const *)recipients;
		envelope.recipient_count = count;
		status = cli_sendmail_submit(options, &envelope, &message);
	}
	while (count > 0)
		free(recipients[--count]);
	free(recipients);
	cli_sendmail_message_free(&message);
	return status;
}

static int
cli_sendmail_speak_smtp(const struct cli_sendmail_options *options)
{
	struct cli_sendmail_endpoint endpoint;
	struct why why = {0};
	int status = EX_TEMPFAIL;
	int fd;

	cli_sendmail_endpoint_find(options->config, &endpoint);
	fd = cli_sendmail_client_connect(&endpoint, &why);
	if (fd < 0)
		printf("421 4.3.2 Mail system not available\r\n");
	else
		status = cli_sendmail_client_relay(fd, &why);
	return why.text[0] == '\0' ? status : cli_sendmail_fail(status, why.text);
}

int
main(int argc, char **argv)
{
	struct cli_sendmail_options options;
	char hostname[DOMAIN_TEXT];
	struct why why = {0};
	char *sender;
	int status;

	signal(SIGPIPE, SIG_IGN);
	if (!cli_sendmail_options_parse(argc, argv, &options, &why))
		return cli_sendmail_fail(EX_USAGE, why.text);
	if (options.smtp)
		return cli_sendmail_speak_smtp(&options);
	if (options.recipient_count == 0 && !options.from_header)
		return cli_sendmail_fail(EX_USAGE, "no recipients");
	cli_sendmail_hostname(hostname);
	if (options.sender == NULL)
		options.sender = cli_sendmail_user();
	if (options.sender[0] == '\0' || strcmp(options.sender, "<>") == 0)
		sender = alloc_str("");
	else
		sender = cli_sendmail_address(options.sender, hostname);
	if (sender == NULL)
		return cli_sendmail_fail(EX_DATAERR, "the sender is not an address");
	status = cli_sendmail_deliver(&options, sender, hostname);
	free(sender);
	return status;
}
