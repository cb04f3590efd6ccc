#include "worker/smtp/reply.h"

#include <string.h>

void
smtp_reply_reset(struct smtp_reply *reply)
{
	str_clear(&reply->text);
	str_clear(&reply->line);
	reply->code = 0;
	reply->lines = 0;
	reply->enhanced = (struct outcome_enhanced){0, 0, 0};
	reply->size = 0;
}

void
smtp_reply_free(struct smtp_reply *reply)
{
	str_free(&reply->text);
	str_free(&reply->line);
	smtp_reply_reset(reply);
}

bool
smtp_reply_is_partial(const struct smtp_reply *reply)
{
	return reply->size > 0;
}

unsigned
smtp_reply_class(const struct smtp_reply *reply)
{
	unsigned digit = reply->code / 100;

	return digit >= 2 && digit <= 5 ? digit : 0;
}

/* The enhanced code that a text begins with, up to a space or the end; length 0: there is none. */
static size_t
smtp_reply_enhanced(struct slice text, struct outcome_enhanced *enhanced)
{
	const char *space = text.len ? memchr(text.data, ' ', text.len) : NULL;
	size_t len = space ? (size_t)(space - text.data) : text.len;

	return outcome_enhanced_parse((struct slice){text.data, len}, enhanced) ? len : 0;
}

static bool
smtp_reply_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One line without its end: 3DIGIT, then nothing, or SP or "-" and text (RFC 5321 section 4.2). */
static enum smtp_reply_status
smtp_reply_line(struct smtp_reply *reply, struct slice line)
{
	const char *at = line.data;
	uint16_t code;
	struct slice text;

	if (line.len < 3 || !smtp_reply_is_digit(at[0]) || !smtp_reply_is_digit(at[1]) ||
	    !smtp_reply_is_digit(at[2]))
		return SMTP_REPLY_GARBAGE;
	if (line.len > 3 && at[3] != ' ' && at[3] != '-')
		return SMTP_REPLY_GARBAGE;
	code = (uint16_t)((at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0'));
	if (reply->lines > 0 && code != reply->code)
		return SMTP_REPLY_GARBAGE;
	text = line.len > 4 ? (struct slice){at + 4, line.len - 4} : (struct slice){"", 0};
	reply->code = code;
	if (reply->lines == 0 && smtp_reply_enhanced(text, &reply->enhanced) > 0 &&
	    reply->enhanced.class != code / 100)
		reply->enhanced = (struct outcome_enhanced){0, 0, 0};
	if (reply->lines > 0)
		str_char(&reply->text, '\n');
	str_bytes(&reply->text, text.data, text.len);
	reply->lines++;
	if (line.len > 3 && at[3] == '-')
		return reply->lines == SMTP_REPLY_LINES_MAX ? SMTP_REPLY_TOO_LONG : SMTP_REPLY_MORE;
	return SMTP_REPLY_DONE;
}

/* data up to and with the LF at its end completes a line, perhaps one that began earlier. */
static enum smtp_reply_status
smtp_reply_end_line(struct smtp_reply *reply, const char *data, size_t len)
{
	enum smtp_reply_status status;
	struct slice line = {data, len - 1};

	if (reply->line.len > 0) {
		str_bytes(&reply->line, data, len - 1);
		line = (struct slice){reply->line.data, reply->line.len};
	}
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	status = smtp_reply_line(reply, line);
	str_clear(&reply->line);
	return status;
}

enum smtp_reply_status
smtp_reply_feed(struct smtp_reply *reply, const char *data, size_t len, size_t *used)
{
	enum smtp_reply_status status = SMTP_REPLY_MORE;

	*used = 0;
	while (*used < len && status == SMTP_REPLY_MORE) {
		const char *at = data + *used;
		const char *end = memchr(at, '\n', len - *used);
		size_t piece = end ? (size_t)(end - at) + 1 : len - *used;

		*used += piece;
		reply->size += piece;
		if (reply->size > SMTP_REPLY_SIZE_MAX ||
		    reply->line.len + piece > SMTP_REPLY_LINE_MAX)
			status = SMTP_REPLY_TOO_LONG;
		else if (end != NULL)
			status = smtp_reply_end_line(reply, at, piece);
		else
			str_bytes(&reply->line, at, piece);
	}
	return status;
}

/* Whole escapes and whole characters only. */
static void
smtp_reply_cut(struct str *out, size_t limit)
{
	size_t at = 0;

	if (out->len <= limit)
		return;
	while (at < limit) {
		unsigned char c = (unsigned char)out->data[at];
		size_t unit = 1;

		if (c == '\\')
			unit = out->data[at + 1] == 'x' ? 4 : 2;
		else if (c >= 0xc0)
			unit = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
		if (at + unit > limit)
			break;
		at += unit;
	}
	out->len = at;
	out->data[at] = '\0';
}

void
smtp_reply_words(const struct smtp_reply *reply, bool with_enhanced, struct str *out)
{
	struct slice rest = {reply->text.data, reply->text.len};
	bool first = true;

	str_clear(out);
	while (rest.len > 0) {
		const char *end = memchr(rest.data, '\n', rest.len);
		struct slice line = {rest.data, end ? (size_t)(end - rest.data) : rest.len};
		struct outcome_enhanced enhanced;
		size_t skip = smtp_reply_enhanced(line, &enhanced);

		rest.data += line.len + (end != NULL);
		rest.len -= line.len + (end != NULL);
		/* Said once, not on each line. */
		if (skip > 0 && enhanced.class == reply->enhanced.class &&
		    !(first && with_enhanced)) {
			line.data += skip;
			line.len -= skip;
		}
		line = slice_trim(line);
		if (line.len == 0)
			continue;
		if (out->len > 0)
			str_char(out, ' ');
		str_printable(out, line.data, line.len);
		first = false;
	}
	smtp_reply_cut(out, OUTCOME_REPLY_MAX);
}
