#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The command line of sendmail, as far as programs that send mail use it. Flags that only concern
 * another mailer's insides are taken and ignored, with their argument.
 */
struct why;

struct cli_sendmail_options {
	const char *sender;    /* -f, -r; NULL: the user; "" or "<>": nobody */
	const char *full_name; /* -F, or NULL */
	bool from_header;      /* -t: recipients are in the message */
	bool ignore_dots;      /* -i, -oi */
	bool smtp;             /* -bs: speak SMTP on standard input and output */
	bool verbose;          /* -v */
	const char *notify;    /* -N, or NULL */
	const char *ret;       /* -R, or NULL */
	const char *envid;     /* -V, or NULL */
	const char *config;    /* -C, or NULL */
	char **recipients;     /* points into argv */
	size_t recipient_count;
};

/* False: a flag that cannot be honoured or lacks its argument. argv must stay. */
bool cli_sendmail_options_parse(int argc, char **argv, struct cli_sendmail_options *options,
				struct why *why);
