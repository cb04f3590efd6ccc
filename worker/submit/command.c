#include "worker/submit/command.h"

#include <stddef.h>
#include <string.h>

#include "common/mailbox.h"

static const struct {
	const char *word;
	enum submit_command_verb verb;
} submit_command_table[] = {
    {"EHLO", SUBMIT_COMMAND_EHLO}, {"HELO", SUBMIT_COMMAND_HELO}, {"MAIL", SUBMIT_COMMAND_MAIL},
    {"RCPT", SUBMIT_COMMAND_RCPT}, {"DATA", SUBMIT_COMMAND_DATA}, {"BDAT", SUBMIT_COMMAND_BDAT},
    {"RSET", SUBMIT_COMMAND_RSET}, {"NOOP", SUBMIT_COMMAND_NOOP}, {"VRFY", SUBMIT_COMMAND_VRFY},
    {"EXPN", SUBMIT_COMMAND_EXPN}, {"HELP", SUBMIT_COMMAND_HELP}, {"QUIT", SUBMIT_COMMAND_QUIT},
};

static const char submit_command_twice[] = "501 5.5.4 Parameter given twice";
static const char submit_command_unknown[] = "555 5.5.4 Parameter not recognized";
static const char submit_command_syntax[] = "501 5.5.4 Syntax error in arguments";

/* The next word of *rest, which then begins behind it; empty at the end. */
static struct slice
submit_command_word(struct slice *rest)
{
	struct slice text = slice_trim(*rest);
	const char *space = memchr(text.data, ' ', text.len);
	size_t len = space ? (size_t)(space - text.data) : text.len;

	*rest = (struct slice){text.data + len, text.len - len};
	return (struct slice){text.data, len};
}

static bool
submit_command_is_clean(struct slice line)
{
	for (size_t i = 0; i < line.len; i++)
		if (((unsigned char)line.data[i] < ' ' && line.data[i] != '\t') ||
		    line.data[i] == 0x7f)
			return false;
	return true;
}

enum submit_command_verb
submit_command_parse(struct slice line, struct slice *args)
{
	struct slice rest = line;
	struct slice word = submit_command_word(&rest);
	enum submit_command_verb verb = SUBMIT_COMMAND_UNKNOWN;
	size_t max = SUBMIT_COMMAND_LINE_SHORT;

	*args = slice_trim(rest);
	for (size_t i = 0; i < sizeof(submit_command_table) / sizeof(submit_command_table[0]); i++)
		if (slice_is_nocase(word, submit_command_table[i].word))
			verb = submit_command_table[i].verb;
	if (verb == SUBMIT_COMMAND_MAIL || verb == SUBMIT_COMMAND_RCPT)
		max = SUBMIT_COMMAND_LINE;
	if (line.len + 2 > max || !submit_command_is_clean(line))
		return SUBMIT_COMMAND_UNKNOWN;
	return verb;
}

const char *
submit_command_hello(struct slice args, struct slice *name)
{
	struct slice rest = args;

	*name = submit_command_word(&rest);
	if (name->len == 0 || name->len > 255)
		return "501 5.5.4 A host name is required";
	for (size_t i = 0; i < name->len; i++)
		if (name->data[i] <= ' ' || name->data[i] >= 0x7f)
			return "501 5.5.4 Not a host name";
	return NULL;
}

/* xtext of RFC 3461 section 4: printable ASCII without "+" and "=", or "+" and two hex digits. */
static bool
submit_command_is_xtext(struct slice text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] <= ' ' || text.data[i] >= 0x7f || text.data[i] == '=')
			return false;
		if (text.data[i] != '+')
			continue;
		if (text.len - i < 3 || memchr(hex, text.data[i + 1], 16) == NULL ||
		    memchr(hex, text.data[i + 2], 16) == NULL)
			return false;
		i += 2;
	}
	return text.len > 0;
}

/* Splits "KEY=VALUE"; without "=" the value is empty and has no data. */
static void
submit_command_split(struct slice word, struct slice *key, struct slice *value)
{
	const char *equals = memchr(word.data, '=', word.len);

	*key = word;
	*value = (struct slice){NULL, 0};
	if (equals == NULL)
		return;
	key->len = (size_t)(equals - word.data);
	*value = (struct slice){equals + 1, word.len - key->len - 1};
}

static const char *
submit_command_size(struct slice value, struct submit_command_mail *mail)
{
	unsigned long long number;

	/* RFC 1870 section 6: at most 20 digits. */
	if (value.len > 20 || !slice_number(value, &number))
		return submit_command_syntax;
	mail->size = number;
	return NULL;
}

static const char *
submit_command_body(struct slice value, struct submit_command_mail *mail)
{
	mail->eight_bit = slice_is_nocase(value, "8BITMIME");
	return mail->eight_bit || slice_is_nocase(value, "7BIT") ? NULL : submit_command_syntax;
}

static const char *
submit_command_smtputf8(struct slice value, struct submit_command_mail *mail)
{
	mail->smtputf8 = true;
	return value.data == NULL ? NULL : submit_command_syntax;
}

static const char *
submit_command_requiretls(struct slice value, struct submit_command_mail *mail)
{
	mail->requiretls = true;
	return value.data == NULL ? NULL : submit_command_syntax;
}

static const char *
submit_command_ret(struct slice value, struct submit_command_mail *mail)
{
	mail->ret = slice_is_nocase(value, "FULL") ? PROTO_RET_FULL : PROTO_RET_HDRS;
	return mail->ret == PROTO_RET_FULL || slice_is_nocase(value, "HDRS")
		   ? NULL
		   : submit_command_syntax;
}

static const char *
submit_command_envid(struct slice value, struct submit_command_mail *mail)
{
	mail->envid = value;
	return value.len <= SUBMIT_COMMAND_ENVID && submit_command_is_xtext(value)
		   ? NULL
		   : submit_command_syntax;
}

/* RFC 6710 section 4.1: -9 to 9, one digit. */
static const char *
submit_command_priority(struct slice value, struct submit_command_mail *mail)
{
	bool minus = value.len == 2 && value.data[0] == '-';
	char digit = value.len == (minus ? 2 : 1) ? value.data[value.len - 1] : 'x';

	if (digit < '0' || digit > '9' || (minus && digit == '0'))
		return submit_command_syntax;
	mail->priority = (int8_t)(minus ? -(digit - '0') : digit - '0');
	return NULL;
}

static const struct submit_command_param {
	const char *key;
	unsigned offer; /* must be offered; 0: always is */
	const char *(*take)(struct slice value, struct submit_command_mail *mail);
} submit_command_mail_params[] = {
    {"SIZE", 0, submit_command_size},
    {"BODY", 0, submit_command_body},
    {"SMTPUTF8", 0, submit_command_smtputf8},
    {"RET", SUBMIT_COMMAND_OFFER_DSN, submit_command_ret},
    {"ENVID", SUBMIT_COMMAND_OFFER_DSN, submit_command_envid},
    {"REQUIRETLS", SUBMIT_COMMAND_OFFER_REQUIRETLS, submit_command_requiretls},
    {"MT-PRIORITY", SUBMIT_COMMAND_OFFER_MT_PRIORITY, submit_command_priority},
};

static const char *
submit_command_mail_param(struct slice word, unsigned offered, unsigned *seen,
			  struct submit_command_mail *mail)
{
	struct slice key;
	struct slice value;

	submit_command_split(word, &key, &value);
	for (unsigned i = 0;
	     i < sizeof(submit_command_mail_params) / sizeof(submit_command_mail_params[0]); i++) {
		const struct submit_command_param *param = &submit_command_mail_params[i];

		if (!slice_is_nocase(key, param->key) ||
		    (param->offer != 0 && (offered & param->offer) == 0))
			continue;
		if ((*seen & 1u << i) != 0)
			return submit_command_twice;
		*seen |= 1u << i;
		return param->take(value, mail);
	}
	return submit_command_unknown;
}

/* Cuts "FROM:" or "TO:" off, and reads the path behind it. */
static const char *
submit_command_path(struct slice args, const char *word, struct slice *path, struct slice *rest)
{
	size_t len = strlen(word);

	if (!slice_starts_nocase(args, word))
		return submit_command_syntax;
	args = slice_trim((struct slice){args.data + len, args.len - len});
	if (!mailbox_parse_path(args, path, rest) || path->len > PROTO_SUBMIT_PATH)
		return word[0] == 'F' ? "501 5.1.7 Bad sender address syntax"
				      : "501 5.1.3 Bad recipient address syntax";
	if (rest->len > 0 && rest->data[0] != ' ')
		return submit_command_syntax;
	return NULL;
}

const char *
submit_command_mail(struct slice args, unsigned offered, struct submit_command_mail *mail)
{
	struct mailbox mailbox;
	struct slice rest;
	struct slice word;
	unsigned seen = 0;
	const char *reply;

	memset(mail, 0, sizeof(*mail));
	reply = submit_command_path(args, "FROM:", &mail->path, &rest);
	while (reply == NULL && (word = submit_command_word(&rest)).len > 0)
		reply = submit_command_mail_param(word, offered, &seen, mail);
	if (reply != NULL || mail->path.len == 0)
		return reply;
	if (!mailbox_parse(mail->path, &mailbox))
		return "501 5.1.7 Bad sender address syntax";
	if (mailbox.domain.len == 0)
		return "553 5.1.7 The sender address needs a domain";
	if (mailbox.utf8 && !mail->smtputf8)
		return "553 5.6.7 This address needs SMTPUTF8";
	return NULL;
}

/* RFC 3461 section 4.1: NEVER by itself, or a list of the others. */
static const char *
submit_command_notify(struct slice value, struct submit_command_rcpt *rcpt)
{
	static const struct {
		const char *word;
		uint8_t bit;
	} words[] = {{"NEVER", PROTO_NOTIFY_NEVER},
		     {"SUCCESS", PROTO_NOTIFY_SUCCESS},
		     {"FAILURE", PROTO_NOTIFY_FAILURE},
		     {"DELAY", PROTO_NOTIFY_DELAY}};

	for (;;) {
		const char *comma = value.len ? memchr(value.data, ',', value.len) : NULL;
		size_t len = comma ? (size_t)(comma - value.data) : value.len;
		uint8_t bit = 0;

		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (slice_is_nocase((struct slice){value.data, len}, words[i].word))
				bit = words[i].bit;
		if (bit == 0 || (rcpt->notify & bit) != 0)
			return submit_command_syntax;
		rcpt->notify |= bit;
		if (comma == NULL)
			break;
		value = (struct slice){comma + 1, value.len - len - 1};
	}
	if ((rcpt->notify & PROTO_NOTIFY_NEVER) != 0 && rcpt->notify != PROTO_NOTIFY_NEVER)
		return submit_command_syntax;
	return NULL;
}

/* RFC 3461 section 4.2: an address type, a semicolon, the address as xtext. */
static const char *
submit_command_orcpt(struct slice value, struct submit_command_rcpt *rcpt)
{
	const char *semicolon = value.len ? memchr(value.data, ';', value.len) : NULL;
	size_t len = semicolon ? (size_t)(semicolon - value.data) : 0;

	if (len == 0 || value.len > PROTO_SUBMIT_PARAM ||
	    !submit_command_is_xtext((struct slice){value.data, len}) ||
	    !submit_command_is_xtext((struct slice){semicolon + 1, value.len - len - 1}))
		return submit_command_syntax;
	rcpt->orcpt = value;
	return NULL;
}

static const char *
submit_command_rcpt_param(struct slice word, unsigned offered, struct submit_command_rcpt *rcpt)
{
	struct slice key;
	struct slice value;

	submit_command_split(word, &key, &value);
	if ((offered & SUBMIT_COMMAND_OFFER_DSN) == 0)
		return submit_command_unknown;
	if (slice_is_nocase(key, "NOTIFY"))
		return rcpt->notify != 0 ? submit_command_twice
					 : submit_command_notify(value, rcpt);
	if (slice_is_nocase(key, "ORCPT"))
		return rcpt->orcpt.len != 0 ? submit_command_twice
					    : submit_command_orcpt(value, rcpt);
	return submit_command_unknown;
}

const char *
submit_command_rcpt(struct slice args, unsigned offered, bool smtputf8,
		    struct submit_command_rcpt *rcpt)
{
	struct mailbox mailbox;
	struct slice rest;
	struct slice word;
	const char *reply;

	memset(rcpt, 0, sizeof(*rcpt));
	reply = submit_command_path(args, "TO:", &rcpt->path, &rest);
	while (reply == NULL && (word = submit_command_word(&rest)).len > 0)
		reply = submit_command_rcpt_param(word, offered, rcpt);
	if (reply != NULL)
		return reply;
	if (!mailbox_parse(rcpt->path, &mailbox))
		return "501 5.1.3 Bad recipient address syntax";
	if (mailbox.domain.len == 0)
		return "550 5.1.1 No mailboxes here: the address needs a domain";
	rcpt->utf8 = mailbox.utf8;
	if (mailbox.utf8 && !smtputf8)
		return "553 5.6.7 This address needs SMTPUTF8";
	return NULL;
}

const char *
submit_command_bdat(struct slice args, struct submit_command_bdat *bdat)
{
	struct slice rest = args;
	struct slice size = submit_command_word(&rest);
	struct slice last = submit_command_word(&rest);
	unsigned long long number;

	if (size.len > 19 || !slice_number(size, &number) || slice_trim(rest).len > 0)
		return submit_command_syntax;
	bdat->size = number;
	bdat->last = last.len > 0;
	if (bdat->last && !slice_is_nocase(last, "LAST"))
		return submit_command_syntax;
	return NULL;
}
