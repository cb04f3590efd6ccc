#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * One message handed to the daemon by SMTP, over a blocking socket. All recipients or none: the
 * first refusal ends the transaction, so that the exit status speaks for the whole message.
 */
struct cli_sendmail_endpoint;
struct cli_sendmail_message;
struct why;

struct cli_sendmail_envelope {
	const char *hostname; /* for EHLO */
	const char *sender;   /* "" for nobody */
	const char *const *recipients;
	size_t recipient_count;
	const char *notify; /* DSN parameters, or NULL; not sent when not offered */
	const char *ret;
	const char *envid;
	bool verbose; /* replies go to standard output */
};

/* -1 when the daemon cannot be reached. */
int cli_sendmail_client_connect(const struct cli_sendmail_endpoint *endpoint, struct why *why);
/* Status of sysexits.h: EX_OK only after 250 to the message. Closes fd. */
int cli_sendmail_client_send(int fd, const struct cli_sendmail_envelope *envelope,
			     const struct cli_sendmail_message *message, struct why *why);
/* Standard input and output are the client's until the daemon closes. Closes fd. */
int cli_sendmail_client_relay(int fd, struct why *why);
