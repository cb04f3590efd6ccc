#include "common/mailbox.h"

#include <string.h>

#include "common/domain.h"

/* atext of RFC 5322 section 3.2.3, and UTF-8 (RFC 6531 section 3.3). */
static bool
mailbox_is_atext(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c >= 0x80 || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Length of a Dot-string at the start of text; 0 when there is none. */
static size_t
mailbox_dot_string(struct slice text)
{
	size_t len = 0;
	bool dot = true; /* a dot may not stand here */

	for (; len < text.len; len++) {
		unsigned char c = (unsigned char)text.data[len];

		if (c == '.' ? dot : !mailbox_is_atext(c))
			break;
		dot = c == '.';
	}
	return dot ? 0 : len;
}

/* Length of a Quoted-string at the start of text, quotes included; 0 when it is not closed. */
static size_t
mailbox_quoted_string(struct slice text)
{
	for (size_t i = 1; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c == '"')
			return i + 1;
		if (c == '\\' && ++i < text.len)
			c = (unsigned char)text.data[i];
		if (c < 0x20 || c == 0x7f)
			return 0;
	}
	return 0;
}

static bool
mailbox_has_utf8(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] >= 0x80)
			return true;
	return false;
}

bool
mailbox_parse(struct slice text, struct mailbox *mailbox)
{
	size_t len;

	if (text.len == 0 || text.len > MAILBOX_MAX + 2)
		return false;
	len = text.data[0] == '"' ? mailbox_quoted_string(text) : mailbox_dot_string(text);
	if (len == 0 || len > MAILBOX_LOCAL_MAX)
		return false;
	mailbox->local = (struct slice){text.data, len};
	mailbox->utf8 = mailbox_has_utf8(text);
	if (len == text.len) {
		/* The one mailbox that needs no domain (RFC 5321 section 4.5.1). */
		mailbox->domain = (struct slice){"", 0};
		return slice_is_nocase(text, "postmaster");
	}
	if (text.data[len] != '@')
		return false;
	mailbox->domain = (struct slice){text.data + len + 1, text.len - len - 1};
	return domain_is_valid_utf8(mailbox->domain) || domain_is_literal(mailbox->domain);
}

/* The end of the path that opens at text.data[0]: brackets may stand inside a quoted string. */
static const char *
mailbox_path_end(struct slice text)
{
	bool quoted = false;

	for (size_t i = 1; i < text.len; i++) {
		char c = text.data[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && c == '>')
			return text.data + i;
	}
	return NULL;
}

/* A source route, "@a,@b:", is accepted and thrown away. */
static struct slice
mailbox_skip_route(struct slice path)
{
	const char *colon;

	if (path.len == 0 || path.data[0] != '@')
		return path;
	colon = memchr(path.data, ':', path.len);
	if (colon == NULL)
		return path;
	return (struct slice){colon + 1, path.len - (size_t)(colon + 1 - path.data)};
}

bool
mailbox_parse_path(struct slice text, struct slice *path, struct slice *rest)
{
	struct mailbox mailbox;
	const char *end;

	if (text.len == 0 || text.data[0] != '<')
		return false;
	end = mailbox_path_end(text);
	if (end == NULL)
		return false;
	*path = mailbox_skip_route((struct slice){text.data + 1, (size_t)(end - text.data) - 1});
	*rest = (struct slice){end + 1, text.len - (size_t)(end + 1 - text.data)};
	return path->len == 0 || mailbox_parse(*path, &mailbox);
}
