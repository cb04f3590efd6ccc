#include "worker/smtp/command.h"

#include <string.h>

#include "worker/smtp/caps.h"
#include "worker/smtp/message.h"

static void
smtp_command_slice(struct str *out, struct slice text)
{
	str_bytes(out, text.data, text.len);
}

static void
smtp_command_end(struct str *out)
{
	str_bytes(out, "\r\n", 2);
}

void
smtp_command_plain(struct str *out, const char *verb)
{
	str_text(out, verb);
	smtp_command_end(out);
}

void
smtp_command_hello(struct str *out, const char *verb, const char *name)
{
	str_text(out, verb);
	str_char(out, ' ');
	str_text(out, name);
	smtp_command_end(out);
}

void
smtp_command_xtext(struct str *out, struct slice text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c >= '!' && c <= '~' && c != '+' && c != '=') {
			str_char(out, (char)c);
		} else {
			str_char(out, '+');
			str_char(out, hex[c >> 4]);
			str_char(out, hex[c & 15]);
		}
	}
}

void
smtp_command_mail(struct str *out, const struct smtp_message *message, const struct smtp_caps *caps)
{
	str_text(out, "MAIL FROM:<");
	smtp_command_slice(out, message->sender);
	str_char(out, '>');
	if (caps->size) {
		str_text(out, " SIZE=");
		str_number(out, message->size);
	}
	if (caps->eight_bit_mime && message->eight_bit)
		str_text(out, " BODY=8BITMIME");
	if (caps->smtputf8 && message->smtputf8)
		str_text(out, " SMTPUTF8");
	if (caps->dsn && message->ret != SMTP_RET_NONE)
		str_text(out, message->ret == SMTP_RET_FULL ? " RET=FULL" : " RET=HDRS");
	if (caps->dsn && message->envid.len > 0) {
		str_text(out, " ENVID=");
		smtp_command_xtext(out, message->envid);
	}
	if (caps->requiretls && message->requiretls)
		str_text(out, " REQUIRETLS");
	if (caps->mt_priority && message->has_priority)
		str_printf(out, " MT-PRIORITY=%d", message->priority);
	smtp_command_end(out);
}

static void
smtp_command_notify(struct str *out, unsigned notify)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = {{SMTP_NOTIFY_SUCCESS, "SUCCESS"},
		     {SMTP_NOTIFY_FAILURE, "FAILURE"},
		     {SMTP_NOTIFY_DELAY, "DELAY"}};
	const char *comma = "";

	str_text(out, " NOTIFY=");
	/* NEVER must stand alone (RFC 3461 section 4.1). */
	if (notify & SMTP_NOTIFY_NEVER) {
		str_text(out, "NEVER");
		return;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (notify & words[i].bit) {
			str_text(out, comma);
			str_text(out, words[i].word);
			comma = ",";
		}
	}
}

/* RFC 6533 section 3: an address of type utf-8 keeps its characters, where SMTPUTF8 is spoken. */
static void
smtp_command_unitext(struct str *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c >= 0x80 || (c >= '!' && c <= '~' && c != '+' && c != '=' && c != '\\'))
			str_char(out, (char)c);
		else
			str_printf(out, "\\x{%02X}", c);
	}
}

static void
smtp_command_orcpt(struct str *out, struct slice orcpt, bool utf8)
{
	const char *semicolon = orcpt.len ? memchr(orcpt.data, ';', orcpt.len) : NULL;
	struct slice type;
	struct slice address;

	if (semicolon == NULL)
		return;
	type = (struct slice){orcpt.data, (size_t)(semicolon - orcpt.data)};
	address = (struct slice){semicolon + 1, orcpt.len - type.len - 1};
	if (slice_is_nocase(type, "utf-8") && !utf8)
		return;
	str_text(out, " ORCPT=");
	smtp_command_xtext(out, type);
	str_char(out, ';');
	if (slice_is_nocase(type, "utf-8"))
		smtp_command_unitext(out, address);
	else
		smtp_command_xtext(out, address);
}

void
smtp_command_rcpt(struct str *out, const struct smtp_recipient *recipient,
		  const struct smtp_message *message, const struct smtp_caps *caps)
{
	str_text(out, "RCPT TO:<");
	smtp_command_slice(out, recipient->address);
	str_char(out, '>');
	if (caps->dsn && recipient->notify != 0)
		smtp_command_notify(out, recipient->notify);
	if (caps->dsn && recipient->orcpt.len > 0)
		smtp_command_orcpt(out, recipient->orcpt, caps->smtputf8 && message->smtputf8);
	smtp_command_end(out);
}

void
smtp_command_bdat(struct str *out, uint64_t size)
{
	str_printf(out, "BDAT %llu LAST\r\n", (unsigned long long)size);
}

bool
smtp_command_address_fits(struct slice address)
{
	bool quoted = false;

	for (size_t i = 0; i < address.len; i++) {
		unsigned char c = (unsigned char)address.data[i];

		if (c < ' ' || c == 0x7f)
			return false;
		if (quoted && c == '\\') {
			/* What is quoted is looked at too, for its control characters. */
			if (++i == address.len || (unsigned char)address.data[i] < ' ' ||
			    address.data[i] == 0x7f)
				return false;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted && (c == ' ' || c == '<' || c == '>')) {
			return false;
		}
	}
	return !quoted;
}
